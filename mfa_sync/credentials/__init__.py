"""Secrets from Key Vault, and what is signed in with them."""
