// The app's secrets, and no others: so the app's role over the vault is a role over its own secrets.
import { networkKind, tagsOf } from 'types.bicep'

@description('Name of the vault.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagsOf

@description('Tenant whose identities may read it.')
param tenantId string

@description('Whether it answers at a private endpoint alone, or to whoever has a role.')
param network networkKind

@description('Addresses (CIDR) that reach it from outside while secrets are set; empty: none.')
param vaultAddresses string[]

@description('Addresses (CIDR) that the app calls out from, with network=public; empty: not known, so any may call.')
param appAddresses string[]

@description('Workspace that keeps who read and changed what.')
param workspaceName string

var admitted = network == 'private' ? vaultAddresses : empty(appAddresses) ? [] : concat(appAddresses, vaultAddresses)
var isOpenToAll = network == 'public' && empty(appAddresses)

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: network == 'private' && empty(vaultAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: isOpenToAll ? 'Allow' : 'Deny'
      ipRules: [
        for address in admitted: {
          value: address
        }
      ]
    }
  }
}

// There is none without "preview" that knows groups of categories.
#disable-next-line use-recent-api-versions
resource vaultLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspace.id
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}
