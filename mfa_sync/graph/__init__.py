"""Microsoft Graph v1.0 over plain httpx: the handful of calls that this program makes."""
