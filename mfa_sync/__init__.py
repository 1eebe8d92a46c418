"""Everything of the product that touches the world: HTTP, Key Vault, Entra, Microsoft Graph."""
