"""Secrets from Key Vault, and the managed identity that opens it."""
