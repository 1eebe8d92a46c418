"""What Bicep's own compiler says of infra/, and what it makes of it."""
