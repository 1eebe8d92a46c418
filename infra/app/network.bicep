// One network: the app's subnet, whose calls leave by addresses of ours alone, and a subnet of private endpoints.

@description('What makes the names unique.')
param unique string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Address space of the network.')
param networkPrefix string

@description('Addresses of the app. A subnet of its own: Flex Consumption takes it whole.')
param appSubnetPrefix string

@description('Addresses of the private endpoints.')
param endpointSubnetPrefix string

@description('Length of the outbound prefix.')
param egressPrefixLength int

// The named location of the service account holds this prefix and nothing else.
resource egress 'Microsoft.Network/publicIPPrefixes@2024-05-01' = {
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

resource nat 'Microsoft.Network/natGateways@2024-05-01' = {
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

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: 'vnet-mfa-sync-${unique}'
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
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

output networkId string = network.id
output appSubnetId string = '${network.id}/subnets/app'
output endpointSubnetId string = '${network.id}/subnets/endpoints'
output egressPrefix string = egress.properties.ipPrefix
