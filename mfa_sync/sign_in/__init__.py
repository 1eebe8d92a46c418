"""Signing in to Graph: once for many calls, in four modes, and never so often that an account is locked."""
