// Permissions of the app alone, without a person: for whoever signs in as this principal, over the whole tenant.
extension microsoftGraphV1

@description('Object id of the service principal: the app\'s, or the managed identity\'s.')
param principalId string

@description('Application permissions of Microsoft Graph, by name.')
param permissions string[]

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

// Looked up by name, so that no id is copied by hand; a name that is not found ends the deployment.
var known = map(graph.appRoles, permission => permission.value)
var unknown = filter(permissions, name => !contains(known, name))
var message = 'Graph has no application permission ${join(unknown, ', ')}'

resource assignments 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for name in permissions: {
    appRoleId: empty(unknown) ? filter(graph.appRoles, permission => permission.value == name)[0].id : fail(message)
    principalId: principalId
    resourceId: graph.id
  }
]
