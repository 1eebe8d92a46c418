// What the app's identity may do in Azure: this, and nothing else. What it may do in Entra stands in identity/.

@description('The app\'s identity.')
param identityName string

@description('Storage account.')
param storageName string

@description('Vault.')
param vaultName string

@description('Application Insights component.')
param insightsName string

var storageRoles = [
  {
    name: 'Storage Blob Data Owner'
    id: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
    why: 'the host: keys, leases of timers, the package; and the pages of runs'
  }
  {
    name: 'Storage Queue Data Contributor'
    id: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
    why: 'the queue that moves runs: trigger, output, poison'
  }
  {
    name: 'Storage Table Data Contributor'
    id: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
    why: 'the state of all workers; the host\'s diagnostic events'
  }
]
var metricsRole = {
  name: 'Monitoring Metrics Publisher'
  id: '3913510d-42f4-4e42-8a64-420c390055eb'
  why: 'telemetry, since the component takes no key'
}
var secretsRole = {
  name: 'Key Vault Secrets User'
  id: '4633458b-17de-408a-b874-0445c86b69e6'
  why: 'reads the secrets; the vault holds the app\'s own alone'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

// Named after the identity and not its object id, which only Azure knows: so what-if sees them.
resource onStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in storageRoles: {
    name: guid(account.id, identity.id, role.id)
    scope: account
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.id)
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      description: '${role.name}: ${role.why}'
    }
  }
]

resource onInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identity.id, metricsRole.id)
  scope: insights
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsRole.id)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    description: '${metricsRole.name}: ${metricsRole.why}'
  }
}

resource onVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, secretsRole.id)
  scope: vault
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsRole.id)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    description: '${secretsRole.name}: ${secretsRole.why}'
  }
}
