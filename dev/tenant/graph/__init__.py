"""Microsoft Graph v1.0: the directory and the authentication methods, with their rules and refusals."""
