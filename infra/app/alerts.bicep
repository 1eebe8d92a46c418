// What somebody must hear of, by mail. The queries find lines by the events of docs/telemetry.md.
import { tagsOf } from 'types.bicep'

@description('Region.')
param location string

@description('Tags.')
param tags tagsOf

@description('Workspace that holds the logs.')
param workspaceName string

@description('Who is told.')
param alertEmail string

@description('SWEEP_MODE of the app: where sweeps are off, none is missed.')
param sweepMode string

type alertOf = {
  name: string
  title: string
  help: string

  @description('1: act now. 2: act today. 3: know of it.')
  severity: 1 | 2 | 3

  query: string

  @description('More rows than this.')
  threshold: int

  every: 'PT5M' | 'PT15M' | 'PT1H'
  window: 'PT15M' | 'PT1H' | 'P1D'

  @description('How far the query looks back, where that is further than the window.')
  lookBack: 'P2D'?

  @description('How long it is silent once it has fired. An event: the window, in which it is seen again. A state: a day.')
  mute: 'PT15M' | 'PT1H' | 'P1D'

  @description('Each value of this column is told of by itself; none: all rows together.')
  per: string?
}

var alerts alertOf[] = [
  {
    name: 'run-held'
    title: 'A run waits for a decision'
    help: 'Read it (GET /api/runs/{id}), then approve or discard it: docs/runs.md.'
    severity: 2
    query: loadTextContent('../queries/run-held.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    mute: 'PT15M'
    per: 'Run'
  }
  {
    name: 'run-failed'
    title: 'A run failed'
    help: 'Its detail says why, and what to do. The next sweep begins by itself.'
    severity: 1
    query: loadTextContent('../queries/run-failed.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    mute: 'PT15M'
    per: 'Run'
  }
  {
    name: 'sweep-missing'
    title: 'No sweep has finished for 26 hours'
    help: 'Once after installation this is expected. Otherwise: is one held (run-held), failed (run-failed), or did none begin?'
    severity: 2
    query: loadTextContent('../queries/sweep-missing.kql')
    threshold: 0
    every: 'PT1H'
    window: 'PT1H'
    lookBack: 'P2D'
    mute: 'P1D'
  }
  {
    name: 'sign-in-refused'
    title: 'Entra refuses the app\'s sign-in'
    help: 'The AADSTS number and the remedy stand in the line. After a new secret version it heals by itself.'
    severity: 1
    query: loadTextContent('../queries/sign-in-refused.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    mute: 'P1D'
    per: 'Aadsts'
  }
  {
    name: 'secret-expires'
    title: 'A secret expires within 21 days'
    help: 'Set a new version with a later expiry date; the app takes it up by itself.'
    severity: 2
    query: loadTextContent('../queries/secret-expires.kql')
    threshold: 0
    every: 'PT1H'
    window: 'P1D'
    mute: 'P1D'
    per: 'Secret'
  }
  {
    name: 'changed-outside'
    title: 'Somebody else changed a phone that the app had written'
    help: 'A security event: ask who changed it, in Entra\'s audit log, by the object id.'
    severity: 1
    query: loadTextContent('../queries/changed-outside.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    mute: 'PT15M'
    per: 'User'
  }
  {
    name: 'mobile-mismatch'
    title: 'Many wrong numbers were sent for one user'
    help: 'A right guess is answered otherwise than a wrong one, so somebody may be guessing this user\'s number. Which caller: docs/operations.md.'
    severity: 1
    query: loadTextContent('../queries/mobile-mismatch.kql')
    threshold: 20
    every: 'PT15M'
    window: 'PT1H'
    mute: 'PT1H'
    per: 'User'
  }
  {
    name: 'poison'
    title: 'A message of the queue was given up'
    help: 'The watchdog goes on with the run. If it comes again, read the errors of run_step.'
    severity: 2
    query: loadTextContent('../queries/poison.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    mute: 'PT15M'
  }
  {
    name: 'handshake-refused'
    title: 'Many calls came without the right handshake'
    help: 'A caller missed a rotation, or somebody guesses.'
    severity: 1
    query: loadTextContent('../queries/handshake-refused.kql')
    threshold: 10
    every: 'PT5M'
    window: 'PT15M'
    mute: 'PT15M'
    per: 'Secret'
  }
  {
    name: 'run-approved'
    title: 'A person let a held plan go on'
    help: 'Who, and why, stands in the run (GET /api/runs/{id}). If nobody of you did: stop the run, and renew the approver\'s secret.'
    severity: 3
    query: loadTextContent('../queries/run-approved.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    mute: 'PT15M'
    per: 'Run'
  }
  {
    name: 'apply-by-hand'
    title: 'A person began a sweep that writes without being held'
    help: 'Its limits still hold it. If nobody of you did: stop the run, and renew the approver\'s secret.'
    severity: 3
    query: loadTextContent('../queries/apply-by-hand.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    mute: 'PT15M'
    per: 'Run'
  }
  {
    name: 'privileged-unreadable'
    title: 'Who is privileged cannot be read'
    help: 'Unless Entra itself limits the app, nothing is written meanwhile (privilegedUnknown). The part that is missing stands in the line: grant its right.'
    severity: 1
    query: loadTextContent('../queries/privileged-unreadable.kql')
    threshold: 0
    every: 'PT5M'
    window: 'PT15M'
    mute: 'P1D'
    per: 'Part'
  }
  {
    name: 'watchdog-missing'
    title: 'The watchdog has not come for an hour'
    help: 'Timers may not come back after a deployment: restart the app. Before the first publish this is expected. Without the watchdog a run that lost its message stands still.'
    severity: 1
    query: loadTextContent('../queries/watchdog-missing.kql')
    threshold: 0
    every: 'PT15M'
    window: 'PT1H'
    mute: 'PT1H'
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

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in alerts: {
    name: 'mfa-sync-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'MFA phone sync: ${alert.title}'
      description: alert.help
      severity: alert.severity
      enabled: alert.name != 'sweep-missing' || sweepMode != 'off'
      scopes: [
        workspace.id
      ]
      evaluationFrequency: alert.every
      windowSize: alert.window
      overrideQueryTimeRange: alert.?lookBack ?? alert.window
      // An event is told once: that no more of them come does not mean that somebody has acted.
      autoMitigate: false
      // But such an alert fires at each evaluation that still sees the rows (Microsoft: "What are Azure Monitor alerts?").
      muteActionsDuration: alert.mute
      // Tables come with their first line, so on a new workspace Azure would refuse the queries.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: alert.threshold
            dimensions: contains(alert, 'per')
              ? [
                  {
                    name: alert.per!
                    operator: 'Include'
                    values: [
                      '*'
                    ]
                  }
                ]
              : []
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
