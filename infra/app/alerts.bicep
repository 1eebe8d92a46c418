// What somebody must hear of, by mail. The queries find lines by the events of docs/codes.md.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Workspace that holds the logs.')
param workspaceId string

@description('Who is told.')
param alertEmail string

@description('SWEEP_MODE of the app: where sweeps are off, none is missed.')
param sweepMode string

// Severity 1: act now. 2: act today. `per`: each value of that column is told of by itself.
var alerts = [
  {
    name: 'run-held'
    title: 'A run waits for a decision'
    help: 'Read it (GET /api/runs/{id}), then approve or discard it: docs/runs.md.'
    severity: 2
    enabled: true
    query: loadTextContent('../queries/run-held.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    lookBack: 'PT15M'
    per: 'Run'
  }
  {
    name: 'run-failed'
    title: 'A run failed'
    help: 'Its detail says why, and what to do. The next sweep begins by itself.'
    severity: 1
    enabled: true
    query: loadTextContent('../queries/run-failed.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    lookBack: 'PT15M'
    per: 'Run'
  }
  {
    name: 'sweep-missing'
    title: 'No sweep has finished for 26 hours'
    help: 'Once after installation this is expected. Otherwise: is one held (run-held), failed (run-failed), or did none begin?'
    severity: 2
    enabled: sweepMode != 'off'
    query: loadTextContent('../queries/sweep-missing.kql')
    threshold: 0
    every: 'PT1H'
    window: 'PT1H'
    lookBack: 'P2D'
    per: ''
  }
  {
    name: 'sign-in-refused'
    title: 'Entra refuses the app\'s sign-in'
    help: 'The AADSTS number and the remedy stand in the line. After a new secret version it heals by itself.'
    severity: 1
    enabled: true
    query: loadTextContent('../queries/sign-in-refused.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    lookBack: 'PT15M'
    per: 'Aadsts'
  }
  {
    name: 'secret-expires'
    title: 'A secret expires within 21 days'
    help: 'Set a new version with a later expiry date; the app takes it up by itself.'
    severity: 2
    enabled: true
    query: loadTextContent('../queries/secret-expires.kql')
    threshold: 0
    every: 'PT1H'
    window: 'P1D'
    lookBack: 'P1D'
    per: 'Secret'
  }
  {
    name: 'changed-outside'
    title: 'Somebody else changed a phone that the app had written'
    help: 'A security event: ask who changed it, in Entra\'s audit log, by the object id.'
    severity: 1
    enabled: true
    query: loadTextContent('../queries/changed-outside.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    lookBack: 'PT15M'
    per: 'User'
  }
  {
    name: 'mobile-mismatch'
    title: 'Many wrong numbers were sent for one user'
    help: 'A right guess is answered otherwise than a wrong one, so somebody may be guessing this user\'s number. Which caller: docs/operations.md.'
    severity: 1
    enabled: true
    query: loadTextContent('../queries/mobile-mismatch.kql')
    threshold: 20
    every: 'PT15M'
    window: 'PT1H'
    lookBack: 'PT1H'
    per: 'User'
  }
  {
    name: 'poison'
    title: 'A message of the queue was given up'
    help: 'The watchdog goes on with the run. If it comes again, read the errors of run_step.'
    severity: 2
    enabled: true
    query: loadTextContent('../queries/poison.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    lookBack: 'PT15M'
    per: ''
  }
  {
    name: 'handshake-refused'
    title: 'Many calls came without the right handshake'
    help: 'A caller missed a rotation, or somebody guesses.'
    severity: 1
    enabled: true
    query: loadTextContent('../queries/handshake-refused.kql')
    threshold: 10
    every: 'PT5M'
    window: 'PT15M'
    lookBack: 'PT15M'
    per: 'Secret'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-mfa-sync'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'mfa-sync'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in alerts: {
    name: 'mfa-sync-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'MFA phone sync: ${alert.title}'
      description: alert.help
      severity: alert.severity
      enabled: alert.enabled
      scopes: [
        workspaceId
      ]
      evaluationFrequency: alert.every
      windowSize: alert.window
      overrideQueryTimeRange: alert.lookBack
      // An event is told once: that no more of them come does not mean that somebody has acted.
      autoMitigate: false
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: alert.threshold
            dimensions: empty(alert.per) ? [] : [
              {
                name: alert.per
                operator: 'Include'
                values: [
                  '*'
                ]
              }
            ]
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: [
          people.id
        ]
      }
    }
  }
]
