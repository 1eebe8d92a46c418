// One page for the operator: what happened, to how many, and why not. Never a number, never a name.
import { tagsOf } from 'types.bicep'

@description('Region.')
param location string

@description('Tags.')
param tags tagsOf

@description('Workspace that holds the logs.')
param workspaceName string

var panels = [
  {
    title: 'Runs'
    query: loadTextContent('../queries/workbook-runs.kql')
    visualization: 'table'
  }
  {
    title: 'Pushes by what became of their rows'
    query: loadTextContent('../queries/workbook-pushes.kql')
    visualization: 'barchart'
  }
  {
    title: 'Rows that were not settled, by code'
    query: loadTextContent('../queries/workbook-rows.kql')
    visualization: 'table'
  }
  {
    title: 'Calls answered with a problem, by code'
    query: loadTextContent('../queries/workbook-problems.kql')
    visualization: 'table'
  }
  {
    title: 'Events to look into'
    query: loadTextContent('../queries/workbook-events.kql')
    visualization: 'barchart'
  }
]
var items = [
  for (panel, i) in panels: {
    type: 3
    name: 'panel-${i}'
    content: {
      version: 'KqlItem/1.0'
      title: panel.title
      query: panel.query
      size: 0
      timeContext: {
        durationMs: 604800000
      }
      queryType: 0
      resourceType: 'microsoft.operationalinsights/workspaces'
      crossComponentResources: [
        workspace.id
      ]
      visualization: panel.visualization
    }
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'mfa-sync-workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'MFA phone sync'
    category: 'workbook'
    version: '1.0'
    sourceId: workspace.id
    serializedData: string({
      version: 'Notebook/1.0'
      items: items
    })
  }
}
