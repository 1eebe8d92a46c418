// Everything that MFA phone sync runs on, in one resource group. Entra objects are a deployment of their own,
// since they need other privileges: see identity/.
targetScope = 'subscription'

@description('Name of the environment; it stands in the names of the resources.')
@minLength(1)
@maxLength(20)
param environmentName string

@description('Azure region. Flex Consumption, and storage of the kind `storageSku`, must be offered there.')
@minLength(1)
param location string

@description('Who gets the alerts. There is no default: an alert that nobody reads is none.')
@minLength(6)
param alertEmail string

@description('The tenant whose users are synced, and whose identities may read the vault.')
param tenantId string = tenant().tenantId

@description('Application id that signs in to Graph. Empty with managed-identity, where the identity itself does.')
param clientId string = ''

@description('How the app signs in to Graph: see GRAPH_AUTH in docs/settings.md.')
@allowed([
  'ropc'
  'client-secret'
  'managed-identity'
])
param graphAuth string = 'ropc'

@description('By what the application proves itself in the sign-in with a password: a stored secret, or the managed identity.')
@allowed([
  'secret'
  'managed-identity'
])
param ropcCredential string = 'secret'

@description('What sweeps may do. plan is the way to start: every plan is held, and nothing is written unseen.')
@allowed([
  'plan'
  'apply'
  'off'
])
param sweepMode string = 'plan'

@description('What pushes may do. plan is the way to start: whoever calls too early writes nothing, and is answered planOnly.')
@allowed([
  'plan'
  'apply'
])
param pushMode string = 'plan'

@description('Further settings of the app, by name (docs/settings.md). They win over settings.json. Never a secret.')
param settings object = {}

@description('Addresses (CIDR) from which HR and IAM systems call. Nobody else reaches the app but operators.')
param hrAddresses array = []

@description('Addresses (CIDR) from which operators call the app, and from which it is deployed.')
param operatorAddresses array = []

@description('Addresses (CIDR) that reach the vault from outside, while its secrets are set. Empty: the private endpoint alone.')
param vaultAddresses array = []

@description('Whether App Service authentication stands before the app. Every caller then needs an Entra token.')
param easyAuth bool = false

@description('Application id that tokens for the app are issued to; with easyAuth.')
param easyAuthClientId string = ''

@description('Application ids of callers that are let in; with easyAuth. Empty: easyAuthClientId alone.')
param easyAuthCallers array = []

@description('Object id of the service principal that publishes the app. Empty: nobody is given that role here.')
param deployerPrincipalId string = ''

@description('Redundancy of the storage account. Where a region has no zones: Standard_LRS.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
param storageSku string = 'Standard_ZRS'

@description('Memory of an instance, in MB.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@description('Most instances. Graph is the bottleneck, so the least that the plan allows is enough.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('How a new version takes over. RollingUpdate lets work that is under way end; it is a preview.')
@allowed([
  'RollingUpdate'
  'Recreate'
])
param updateStrategy string = 'RollingUpdate'

@description('Length of the prefix that all outbound calls come from. 30: four addresses.')
@minValue(28)
@maxValue(31)
param egressPrefixLength int = 30

@description('Address space of the virtual network. It need not be routed anywhere.')
param networkPrefix string = '10.84.0.0/23'

@description('Part of it for the app.')
param appSubnetPrefix string = '10.84.0.0/24'

@description('Part of it for private endpoints.')
param endpointSubnetPrefix string = '10.84.1.0/27'

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Tags on every resource.')
param tags object = {}

var unique = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })
var chosen = {
  GRAPH_AUTH: graphAuth
  ROPC_CREDENTIAL: ropcCredential
  SWEEP_MODE: sweepMode
  PUSH_MODE: pushMode
}
var appSettings = union(loadJsonContent('settings.json'), chosen, settings)

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: allTags
}

module managedIdentity 'app/managed-identity.bicep' = {
  name: 'managed-identity'
  scope: group
  params: {
    name: 'id-mfa-sync-${unique}'
    location: location
    tags: allTags
  }
}

module network 'app/network.bicep' = {
  name: 'network'
  scope: group
  params: {
    unique: unique
    location: location
    tags: allTags
    networkPrefix: networkPrefix
    appSubnetPrefix: appSubnetPrefix
    endpointSubnetPrefix: endpointSubnetPrefix
    egressPrefixLength: egressPrefixLength
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    unique: unique
    location: location
    tags: allTags
    retentionDays: logRetentionDays
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${unique}'
    location: location
    tags: allTags
    sku: storageSku
    stateTable: appSettings.STATE_TABLE
    stateContainer: appSettings.STATE_CONTAINER
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'app/keyvault.bicep' = {
  name: 'keyvault'
  scope: group
  params: {
    name: 'kv-${unique}'
    location: location
    tags: allTags
    tenantId: tenantId
    vaultAddresses: vaultAddresses
    workspaceId: monitoring.outputs.workspaceId
  }
}

module endpoints 'app/private-endpoints.bicep' = {
  name: 'private-endpoints'
  scope: group
  params: {
    unique: unique
    location: location
    tags: allTags
    networkId: network.outputs.networkId
    subnetId: network.outputs.endpointSubnetId
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module roles 'app/rbac.bicep' = {
  name: 'rbac'
  scope: group
  params: {
    principalId: managedIdentity.outputs.principalId
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

// The app comes last: its host starts, and its package is stored, only where network, names and roles are in place.
module app 'app/function.bicep' = {
  name: 'function'
  scope: group
  params: {
    name: 'func-mfa-sync-${unique}'
    planName: 'plan-mfa-sync-${unique}'
    location: location
    tags: allTags
    tenantId: tenantId
    clientId: clientId
    graphAuth: graphAuth
    appSettings: appSettings
    easyAuth: easyAuth
    easyAuthClientId: easyAuthClientId
    easyAuthCallers: easyAuthCallers
    identityId: managedIdentity.outputs.id
    identityClientId: managedIdentity.outputs.clientId
    storageName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    vaultUrl: vault.outputs.url
    insightsName: monitoring.outputs.insightsName
    subnetId: network.outputs.appSubnetId
    hrAddresses: hrAddresses
    operatorAddresses: operatorAddresses
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    updateStrategy: updateStrategy
    deployerPrincipalId: deployerPrincipalId
  }
  dependsOn: [
    endpoints
    roles
  ]
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    alertEmail: alertEmail
    sweepMode: appSettings.SWEEP_MODE
  }
}

module workbook 'app/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
  }
}

@description('The addresses that Entra sees the app come from: they belong into the named location.')
output egressPrefix string = network.outputs.egressPrefix

@description('Client id of the managed identity.')
output identityClientId string = managedIdentity.outputs.clientId

@description('Object id of the managed identity: the subject of its federated credential, and the holder of Graph permissions.')
output identityPrincipalId string = managedIdentity.outputs.principalId

@description('Name of the function app.')
output functionAppName string = app.outputs.name

@description('Address of the function app.')
output functionAppUrl string = app.outputs.url

@description('Name of the vault that the operator puts the secrets into.')
output keyVaultName string = vault.outputs.name

@description('Name of the resource group.')
output resourceGroupName string = group.name
