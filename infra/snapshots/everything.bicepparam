// All that can be switched on.
using '../main.bicep'

param environmentName = 'test'
param location = 'swedencentral'
param alertEmail = 'operators@contoso.com'
param tenantId = 'contoso.com'
param clientId = '22222222-2222-4222-8222-222222222222'
param ropcCredential = 'managed-identity'
param pushMode = 'apply'
// EASY_AUTH is among those that follow from the resources, and win.
param settings = {
  MAX_DELETES: '5'
  EASY_AUTH: 'false'
  STATE_TABLE: 'other'
  STATE_CONTAINER: 'others'
}
param hrAddresses = [
  '192.0.2.0/28'
]
param operatorAddresses = [
  '198.51.100.7/32'
]
param vaultAddresses = [
  '198.51.100.7/32'
]
param easyAuth = true
param easyAuthClientId = '22222222-2222-4222-8222-222222222222'
param easyAuthCallers = [
  '33333333-3333-4333-8333-333333333333'
]
param deployerPrincipalId = '44444444-4444-4444-8444-444444444444'
param zoneRedundant = true
param tags = {
  owner: 'identity'
}
