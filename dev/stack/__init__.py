"""Tenant, storage and Functions host, as one."""
