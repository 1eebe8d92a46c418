// The host's storage and the app's own state. No key opens it: only identities with roles (rbac.bicep).
import { networkKind, tagsOf } from 'types.bicep'

@description('Name of the account.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagsOf

@description('Redundancy.')
param sku string

@description('STATE_TABLE of the app.')
param stateTable string

@description('STATE_CONTAINER of the app.')
param stateContainer string

@description('Container of the package.')
param packageContainer string

@description('Whether it answers at private endpoints alone, or to whoever has a role.')
param network networkKind

@description('Workspace that keeps who read and changed what.')
param workspaceName string

var containerNames = [
  packageContainer
  stateContainer
]
// Both are there before the first message: the host then needs no right to make queues.
var queueNames = [
  'mfa-sync-runs'
  'mfa-sync-runs-poison'
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: network == 'private' ? 'Disabled' : 'Enabled'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'None'
      // Public: rules for addresses would shut out the app. They do not apply to calls from the account's own region
      // (Microsoft: "Azure Storage firewall guidelines and limitations"), where an app without a network is.
      defaultAction: network == 'private' ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [
  for containerName in containerNames: {
    parent: blobs
    name: containerName
    properties: {
      publicAccess: 'None'
    }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [
  for queueName in queueNames: {
    parent: queueService
    name: queueName
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-01-01' = {
  parent: tableService
  name: stateTable
}

// Who read, wrote and removed what: runs and their pages, the package, rows of state, and messages: also how one in the
// poison queue is noticed even if the app cannot tell of it. A line for each request, about a kilobyte: the host's own
// polling and leases among them, so this is most of what the workspace takes in (docs/costs.md).
var requests = [
  for category in ['StorageRead', 'StorageWrite', 'StorageDelete']: {
    category: category
    enabled: true
  }
]

// There is no version without "preview" that storage takes.
#disable-next-line use-recent-api-versions
resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: blobs
  properties: {
    workspaceId: workspace.id
    logs: requests
  }
}

#disable-next-line use-recent-api-versions
resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: queueService
  properties: {
    workspaceId: workspace.id
    logs: requests
  }
}

#disable-next-line use-recent-api-versions
resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: tableService
  properties: {
    workspaceId: workspace.id
    logs: requests
  }
}
