// The Entra objects of the app: a deployment of its own, run by another operator than the Azure resources.
// Who deploys it can grant any permission to any app: by hand or from a protected environment (docs/identity.md).

@description('How the app signs in: the setting GRAPH_AUTH.')
@allowed(['ropc', 'client-secret', 'managed-identity'])
param mode string

@description('Object id of the app\'s user-assigned managed identity (of its service principal).')
param managedIdentityPrincipalId string

@description('Object id of the service account; needed by the mode ropc alone.')
param serviceAccountObjectId string = ''

@description('Name of the app registration. Its second use: deploying again finds the registration by it.')
param applicationName string = 'mfa-phone-sync'

@description('Whether the app may write phones and no other method. Without it, an app alone could write every method of everybody: a Temporary Access Pass too. Not tried in a live tenant: docs/graph.md.')
param phonesOnly bool = true

@description('Whether LAST_FACTOR_GUARD is on, so that all methods are listed before a delete.')
param lastFactorGuard bool = true

@description('Whether SYNC_SCOPE_GROUP_ID or EXCLUDE_GROUP_ID is used.')
param scopeGroup bool = true

@description('Whether PRIVILEGED_TARGETS=refuse is used. Without it, nothing is written under that setting, unless the account holds the role Authentication Administrator over the tenant.')
param privilegedGuard bool = true

@description('Whether sweeps of changes read the audit log. Without it, every sweep looks at everybody.')
param auditLog bool = true

@description('Whether the app registration trusts the managed identity in place of a client secret.')
param federatedCredential bool = true

// docs/graph.md: which feature needs what. Delegated and application permissions have the same names.
var always = ['User.Read.All']
var toWrite = phonesOnly ? ['UserAuthMethod-Phone.ReadWrite.All'] : ['UserAuthenticationMethod.ReadWrite.All']
var forFactors = (phonesOnly && lastFactorGuard) ? ['UserAuthenticationMethod.Read.All'] : []
var forGroups = (scopeGroup || privilegedGuard) ? ['GroupMember.Read.All'] : []
var forRoles = privilegedGuard ? ['RoleManagement.Read.Directory'] : []
var forEligible = privilegedGuard
  ? ['RoleEligibilitySchedule.Read.Directory', 'PrivilegedEligibilitySchedule.Read.AzureADGroup']
  : []
var forAudit = auditLog ? ['AuditLog.Read.All'] : []
var permissions = concat(always, toWrite, forFactors, forGroups, forRoles, forEligible, forAudit)

module registration 'registration.bicep' = if (mode != 'managed-identity') {
  params: {
    name: applicationName
    federatedSubject: federatedCredential ? managedIdentityPrincipalId : ''
  }
}

module delegated 'delegated-grant.bicep' = if (mode == 'ropc') {
  params: {
    clientServicePrincipalId: registration!.outputs.servicePrincipalId
    serviceAccountObjectId: serviceAccountObjectId
    permissions: permissions
  }
}

module ofApplication 'app-roles.bicep' = if (mode == 'client-secret') {
  params: {
    principalId: registration!.outputs.servicePrincipalId
    permissions: permissions
  }
}

module ofManagedIdentity 'app-roles.bicep' = if (mode == 'managed-identity') {
  params: {
    principalId: managedIdentityPrincipalId
    permissions: permissions
  }
}

@description('The setting CLIENT_ID; empty where no registration is needed.')
output clientId string = registration.?outputs.clientId ?? ''

@description('What was granted.')
output permissions string[] = permissions
