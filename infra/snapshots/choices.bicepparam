// What is chosen otherwise than by default, where it is not something more.
using '../main.bicep'

param environmentName = 'test'
param location = 'swedencentral'
param alertEmail = 'operators@contoso.com'
param network = 'public'
param graphAuth = 'managed-identity'
param sweepMode = 'off'
// A forged header would be believed.
param settings = {
  TELEMETRY: 'off'
  EASY_AUTH: 'true'
}
param appAddresses = [
  '203.0.113.0/28'
]
param vaultAddresses = [
  '198.51.100.7/32'
]
param updateStrategy = 'Recreate'
param storageSku = 'Standard_LRS'
