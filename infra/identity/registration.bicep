// The app registration and its service principal: a confidential client of this tenant alone, with no redirect.
extension microsoftGraphV1

@description('Display name and unique name; the unique name makes a second deployment find the first one\'s.')
param name string

@description('Object id of the managed identity that stands for a client secret; empty: none does.')
param federatedSubject string

// Who asks Entra for such a token asks it of the cloud that it is in; the issuer follows too.
// Microsoft: "Configure an app to trust a managed identity".
var exchanges = {
  AzureCloud: 'api://AzureADTokenExchange'
  AzureUSGovernment: 'api://AzureADTokenExchangeUSGov'
  AzureChinaCloud: 'api://AzureADTokenExchangeChina'
}

resource application 'Microsoft.Graph/applications@v1.0' = {
  displayName: name
  uniqueName: name
  signInAudience: 'AzureADMyOrg'
  isFallbackPublicClient: false
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
}

// The identity's own token is the app's credential: a stolen password is then of no use off the app.
resource credential 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = if (!empty(federatedSubject)) {
  name: '${application.uniqueName}/managed-identity'
  description: 'The function app signs in with its managed identity.'
  issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: federatedSubject
  audiences: [exchanges[environment().name]]
}

output clientId string = application.appId
output servicePrincipalId string = principal.id
