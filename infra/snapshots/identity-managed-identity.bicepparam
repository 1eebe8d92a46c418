using '../identity/main.bicep'

param mode = 'managed-identity'
param managedIdentityPrincipalId = '55555555-5555-4555-8555-555555555555'
