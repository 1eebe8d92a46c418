"""The emulated storage account, for as long as a `with` block runs."""

from dev.azurite.server import Azurite, AzuriteDidNotStartError

__all__ = ["Azurite", "AzuriteDidNotStartError"]
