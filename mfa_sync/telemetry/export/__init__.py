"""OpenTelemetry, imported only where TELEMETRY=on: what is measured goes to Application Insights."""
