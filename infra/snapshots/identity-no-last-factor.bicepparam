using '../identity/main.bicep'

param mode = 'ropc'
param managedIdentityPrincipalId = '55555555-5555-4555-8555-555555555555'
param serviceAccountObjectId = '66666666-6666-4666-8666-666666666666'
param lastFactorGuard = false
param federatedCredential = false
