// App Service authentication: a call without a valid Entra token ends before the app. It tells who calls; what the
// caller may do, the app decides (app role Sync.Approve).

@description('Name of the app.')
param appName string

@description('Tenant whose tokens count.')
param tenantId string

@description('Application id that tokens are issued to.')
param clientId string

@description('Application ids of the callers that are let in. Empty: the application itself alone.')
param callers string[]

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource auth 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      // Liveness calls nothing and tells nothing.
      excludedPaths: [
        '/api/health'
      ]
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          // No secret: the name of a setting that holds the client id of the identity which the application trusts.
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            clientId
            'api://${clientId}'
          ]
          defaultAuthorizationPolicy: {
            // An empty list would let every application in.
            allowedApplications: empty(callers)
              ? [
                  clientId
                ]
              : callers
          }
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
}
