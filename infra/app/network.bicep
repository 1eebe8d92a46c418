// One network: the app's subnet, whose calls leave by addresses of ours alone, and a subnet of private endpoints.
import { tagsOf } from 'types.bicep'

@description('Name of the network.')
param name string

@description('What makes the names of its parts unique.')
param unique string

@description('Region.')
param location string

@description('Tags.')
param tags tagsOf

@description('Address space of the network.')
param networkPrefix string

@description('Addresses of the app. A subnet of its own: Flex Consumption takes it whole.')
param appSubnetPrefix string

@description('Addresses of the private endpoints.')
param endpointSubnetPrefix string

@description('Length of the outbound prefix.')
param egressPrefixLength int

// The named location of the service account holds this prefix and nothing else.
resource egress 'Microsoft.Network/publicIPPrefixes@2025-01-01' = {
  name: 'ippre-mfa-sync-${unique}'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
    tier: 'Regional'
  }
  properties: {
    prefixLength: egressPrefixLength
    publicIPAddressVersion: 'IPv4'
  }
}

resource nat 'Microsoft.Network/natGateways@2025-01-01' = {
  name: 'nat-mfa-sync-${unique}'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    idleTimeoutInMinutes: 4
    publicIpPrefixes: [
      {
        id: egress.id
      }
    ]
  }
}

// No rule of ours: nobody calls into an integrated subnet (inbound rules do not apply to it, says Microsoft's "Azure
// Functions networking options"), and no page lists what Flex Consumption itself must reach. So nothing outbound is
// denied: a rule too narrow stops the app with somebody else's error. An organisation adds its own here.
resource appRules 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: 'nsg-mfa-sync-app-${unique}'
  location: location
  tags: tags
  properties: {
    securityRules: []
  }
}

// The services behind the endpoints speak https alone, and to the app alone.
resource endpointRules 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: 'nsg-mfa-sync-endpoints-${unique}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'https-from-the-app'
        properties: {
          access: 'Allow'
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourceAddressPrefix: appSubnetPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: endpointSubnetPrefix
          destinationPortRange: '443'
        }
      }
      {
        name: 'nothing-else'
        properties: {
          access: 'Deny'
          direction: 'Inbound'
          priority: 4096
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        networkPrefix
      ]
    }
    // Within the network: a subnet that is a resource of its own is removed and made again by each deployment.
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: appSubnetPrefix
          defaultOutboundAccess: false
          natGateway: {
            id: nat.id
          }
          networkSecurityGroup: {
            id: appRules.id
          }
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: endpointSubnetPrefix
          defaultOutboundAccess: false
          networkSecurityGroup: {
            id: endpointRules.id
          }
          // With 'Disabled', the default, rules pass private endpoints by.
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
        }
      }
    ]
  }
}

output egressPrefix string = egress.properties.ipPrefix
