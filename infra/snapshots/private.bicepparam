using '../main.bicep'

param environmentName = 'test'
param location = 'swedencentral'
param alertEmail = 'operators@contoso.com'
