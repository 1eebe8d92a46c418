"""Runs an app's functions on this machine, in the worker library that Azure uses."""

from dev.functions_host.launcher import FunctionsHost, HostDidNotStartError, HostOptions, NotWrittenError

__all__ = ["FunctionsHost", "HostDidNotStartError", "HostOptions", "NotWrittenError"]
