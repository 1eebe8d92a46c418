// Everything that MFA phone sync runs on, in one resource group. Entra objects are a deployment of their own,
// since they need other privileges: see identity/.
import { networkKind, settingsOf, tagsOf } from 'app/types.bicep'

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
param settings settingsOf = {}

@description('private: storage and vault answer within a network of their own, which the app leaves by fixed addresses. public: no network, for a test tenant or a small organisation; there Conditional Access cannot tie the account of ropc to a place, and roles alone keep others from storage and vault.')
param network networkKind = 'private'

@description('Addresses (CIDR) from which HR and IAM systems call. Nobody else reaches the app but operators.')
param hrAddresses string[] = []

@description('Addresses (CIDR) from which operators call the app, and from which it is deployed.')
param operatorAddresses string[] = []

@description('Addresses (CIDR) that reach the vault from outside, while its secrets are set. Empty: none but the app.')
param vaultAddresses string[] = []

@description('With network=public: addresses (CIDR) that the app calls out from, if you know all of them. The vault then answers to them and to vaultAddresses alone. Empty: to any address, with a role.')
param appAddresses string[] = []

@description('Whether App Service authentication stands before the app. Every caller then needs an Entra token.')
param easyAuth bool = false

@description('Application id that tokens for the app are issued to; with easyAuth.')
param easyAuthClientId string = ''

@description('Application ids of callers that are let in; with easyAuth. Empty: easyAuthClientId alone.')
param easyAuthCallers string[] = []

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

@description('Whether instances are spread over the zones of the region. At least two are then always ready, and paid for, for each function that scales by itself (docs/azure.md).')
param zoneRedundant bool = false

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
param tags tagsOf = {}

// Names are made here and handed to whoever needs them: what comes from another module's outputs is known to Azure
// alone, and what-if then shows neither the roles nor the settings that rest on it.
var unique = toLower(uniqueString(subscription().id, environmentName, location))
var identityName = 'id-mfa-sync-${unique}'
var networkName = 'vnet-mfa-sync-${unique}'
var workspaceName = 'log-mfa-sync-${unique}'
var insightsName = 'appi-mfa-sync-${unique}'
var storageName = 'st${unique}'
var packageContainer = 'app-package'
var vaultName = 'kv-${unique}'
var isPrivate = network == 'private'
var allTags = union(tags, { 'azd-env-name': environmentName })
var chosen = {
  GRAPH_AUTH: graphAuth
  ROPC_CREDENTIAL: ropcCredential
  SWEEP_MODE: sweepMode
  PUSH_MODE: pushMode
}
var appSettings = union(loadJsonContent('settings.json'), chosen, settings)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: allTags
}

module managedIdentity 'app/managed-identity.bicep' = {
  scope: group
  params: {
    name: identityName
    location: location
    tags: allTags
  }
}

module privateNetwork 'app/network.bicep' = if (isPrivate) {
  scope: group
  params: {
    name: networkName
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
  scope: group
  params: {
    workspaceName: workspaceName
    insightsName: insightsName
    location: location
    tags: allTags
    retentionDays: logRetentionDays
  }
}

module storage 'app/storage.bicep' = {
  scope: group
  params: {
    name: storageName
    location: location
    tags: allTags
    sku: storageSku
    stateTable: appSettings.STATE_TABLE
    stateContainer: appSettings.STATE_CONTAINER
    packageContainer: packageContainer
    network: network
    workspaceName: workspaceName
  }
  dependsOn: [
    monitoring
  ]
}

module vault 'app/keyvault.bicep' = {
  scope: group
  params: {
    name: vaultName
    location: location
    tags: allTags
    tenantId: tenantId
    network: network
    vaultAddresses: vaultAddresses
    appAddresses: appAddresses
    workspaceName: workspaceName
  }
  dependsOn: [
    monitoring
  ]
}

module endpoints 'app/private-endpoints.bicep' = if (isPrivate) {
  scope: group
  params: {
    unique: unique
    location: location
    tags: allTags
    networkName: networkName
    storageName: storageName
    vaultName: vaultName
  }
  dependsOn: [
    privateNetwork
    storage
    vault
  ]
}

module roles 'app/rbac.bicep' = {
  scope: group
  params: {
    identityName: identityName
    storageName: storageName
    vaultName: vaultName
    insightsName: insightsName
  }
  dependsOn: [
    managedIdentity
    monitoring
    storage
    vault
  ]
}

// The app comes last: its host starts, and its package is stored, only where network, names and roles are in place.
module app 'app/function.bicep' = {
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
    identityName: identityName
    storageName: storageName
    packageContainer: packageContainer
    vaultName: vaultName
    insightsName: insightsName
    networkName: isPrivate ? networkName : ''
    hrAddresses: hrAddresses
    operatorAddresses: operatorAddresses
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    updateStrategy: updateStrategy
    zoneRedundant: zoneRedundant
    deployerPrincipalId: deployerPrincipalId
  }
  dependsOn: [
    endpoints
    roles
  ]
}

module alerts 'app/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceName: workspaceName
    alertEmail: alertEmail
    sweepMode: appSettings.SWEEP_MODE
  }
  dependsOn: [
    monitoring
  ]
}

module workbook 'app/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceName: workspaceName
  }
  dependsOn: [
    monitoring
  ]
}

@description('The addresses that Entra sees the app come from: they belong into the named location. Empty with network=public: there are none that stay.')
output egressPrefix string = privateNetwork.?outputs.egressPrefix ?? ''

@description('Client id of the managed identity.')
output identityClientId string = managedIdentity.outputs.clientId

@description('Object id of the managed identity: the subject of its federated credential, and the holder of Graph permissions.')
output identityPrincipalId string = managedIdentity.outputs.principalId

@description('Name of the function app.')
output functionAppName string = app.outputs.name

@description('Address of the function app.')
output functionAppUrl string = app.outputs.url

@description('Name of the vault that the operator puts the secrets into.')
output keyVaultName string = vaultName

@description('Name of the resource group.')
output resourceGroupName string = group.name
