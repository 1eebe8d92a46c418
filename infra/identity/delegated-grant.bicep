// Consent for one person: the app may act for the service account, and for nobody else.
extension microsoftGraphV1

@description('Object id of the app\'s service principal.')
param clientServicePrincipalId string

@description('Object id of the service account.')
@minLength(36)
@maxLength(36)
param serviceAccountObjectId string

@description('Delegated permissions of Microsoft Graph, by name.')
param permissions string[]

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

// A grant takes any text: a misspelt name would be granted to nobody's use, and found out by the first 403.
var known = map(graph.oauth2PermissionScopes, permission => permission.value)
var unknown = filter(permissions, name => !contains(known, name))
var granted = empty(unknown) ? permissions : fail('Graph has no delegated permission ${join(unknown, ', ')}')

// What the sign-in library asks for beside them; without a person at the screen, consent must be there already.
var signIn = ['openid', 'profile', 'offline_access']

resource grant 'Microsoft.Graph/oauth2PermissionGrants@v1.0' = {
  clientId: clientServicePrincipalId
  consentType: 'Principal'
  principalId: serviceAccountObjectId
  resourceId: graph.id
  scope: join(concat(signIn, granted), ' ')
}
