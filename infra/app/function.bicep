// The function app: Flex Consumption, Python 3.13, no key and no publish profile.
import { settingsOf, tagsOf } from 'types.bicep'

@description('Name of the app.')
param name string

@description('Name of its plan.')
param planName string

@description('Region.')
param location string

@description('Tags.')
param tags tagsOf

@description('TENANT_ID of the app.')
param tenantId string

@description('CLIENT_ID of the app; unused with managed-identity.')
param clientId string

@description('GRAPH_AUTH of the app.')
param graphAuth string

@description('Settings of the app that are the organisation\'s choice.')
param appSettings settingsOf

@description('Whether App Service authentication is on (auth.bicep).')
param easyAuth bool

@description('Application id that tokens for the app are issued to; with easyAuth.')
param easyAuthClientId string

@description('Application ids of callers that are let in; with easyAuth.')
param easyAuthCallers string[]

@description('The app\'s identity.')
param identityName string

@description('Storage account.')
param storageName string

@description('Container that holds the package.')
param packageContainer string

@description('Vault.')
param vaultName string

@description('Application Insights component.')
param insightsName string

@description('Network whose subnet app the app calls out from; empty: none, so by addresses of the platform.')
param networkName string

@description('Addresses (CIDR) of callers.')
param hrAddresses string[]

@description('Addresses (CIDR) of operators and of what deploys.')
param operatorAddresses string[]

@description('Memory of an instance, in MB.')
param instanceMemoryMB int

@description('Most instances.')
param maximumInstanceCount int

@description('How a new version takes over.')
param updateStrategy string

@description('Whether instances are spread over the region\'s zones.')
param zoneRedundant bool

@description('Object id of the service principal that publishes the app; empty: none.')
param deployerPrincipalId string

var deployRole = {
  name: 'Website Contributor'
  id: 'de139f84-1756-47ae-9be6-808fbbe84772'
  why: 'publishes the app, without a publish profile'
}
var hrRules = [
  for (address, i) in hrAddresses: {
    name: 'hr-${i}'
    action: 'Allow'
    priority: 100 + i
    ipAddress: address
  }
]
var operatorRules = [
  for (address, i) in operatorAddresses: {
    name: 'operators-${i}'
    action: 'Allow'
    priority: 500 + i
    ipAddress: address
  }
]
var telemetry = appSettings.TELEMETRY
var storageSuffix = environment().suffixes.storage
// What follows from the resources comes last and wins: above all EASY_AUTH, which makes the app believe a header.
var wiring = {
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  AZURE_CLIENT_ID: identity.properties.clientId
  AzureWebJobsStorage__blobServiceUri: 'https://${storageName}.blob.${storageSuffix}/'
  AzureWebJobsStorage__clientId: identity.properties.clientId
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__queueServiceUri: 'https://${storageName}.queue.${storageSuffix}/'
  AzureWebJobsStorage__tableServiceUri: 'https://${storageName}.table.${storageSuffix}/'
  // With TELEMETRY=on the app exports its own lines, and the host must leave them to it (docs/telemetry.md).
  PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'false'
  PYTHON_ENABLE_OPENTELEMETRY: (telemetry == 'on') ? 'true' : 'false'
  CLIENT_ID: (graphAuth == 'managed-identity') ? identity.properties.clientId : clientId
  EASY_AUTH: easyAuth ? 'true' : 'false'
  KEY_VAULT_URL: 'https://${vaultName}${environment().suffixes.keyvaultDns}/'
  TENANT_ID: tenantId
}
// Lets App Service authentication prove itself by the identity in place of a client secret.
var easyAuthWiring = easyAuth
  ? {
      OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identity.properties.clientId
    }
  : {}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource network 'Microsoft.Network/virtualNetworks@2025-01-01' existing = if (!empty(networkName)) {
  name: networkName

  resource subnet 'subnets' existing = {
    name: 'app'
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'mfa-sync' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(networkName) ? null : network::subnet.id
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: 'https://${storageName}.blob.${storageSuffix}/${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
      // The platform knows it ("Site update strategies in Flex Consumption"); its types do not, up to 2025-03-01.
      #disable-next-line BCP037
      siteUpdateStrategy: {
        type: updateStrategy
      }
    }
    siteConfig: {
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ipSecurityRestrictions: concat(hrRules, operatorRules)
      ipSecurityRestrictionsDefaultAction: 'Deny'
      scmIpSecurityRestrictions: operatorRules
      scmIpSecurityRestrictionsDefaultAction: 'Deny'
      scmIpSecurityRestrictionsUseMain: false
    }
  }
}

// Before the settings: with EASY_AUTH=true the app believes a header that until then anybody may send.
module auth 'auth.bicep' = if (easyAuth) {
  params: {
    appName: app.name
    tenantId: tenantId
    clientId: easyAuthClientId
    callers: easyAuthCallers
  }
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(appSettings, wiring, easyAuthWiring)
  dependsOn: [
    auth
  ]
}

resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource deployer 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerPrincipalId)) {
  name: guid(app.id, deployerPrincipalId, deployRole.id)
  scope: app
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', deployRole.id)
    principalId: deployerPrincipalId
    principalType: 'ServicePrincipal'
    description: '${deployRole.name}: ${deployRole.why}'
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
