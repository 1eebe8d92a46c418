"""Log lines in the order Azure shows them: time, level, category, invocation, message."""

import logging
import sys
from datetime import UTC, datetime

from dev.functions_host.worker import current_invocation

# The names that Azure shows for Python's levels.
_LEVELS = {
    "DEBUG": "Debug",
    "INFO": "Information",
    "WARNING": "Warning",
    "ERROR": "Error",
    "CRITICAL": "Critical",
}

# The loggers of the host and the library; everything else during an invocation is the function's own.
_SYSTEM = ("Host.", "Function.", "azure.functions", "uvicorn")


class AzureFormatter(logging.Formatter):
    """One record, with its traceback on the lines below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        invocation = current_invocation()
        category, identifier = record.name, "-"
        if invocation is not None:
            identifier = invocation.identifier
            if not record.name.startswith(_SYSTEM):
                # The record's own logger is lost in Azure, and with it whatever `extra` it has.
                category = f"Function.{invocation.function_name}.User"
        level = _LEVELS.get(record.levelname, record.levelname)
        line = f"{moment} [{level}] {category} {identifier}: {record.getMessage()}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def write_to_stderr(*, debug: bool) -> None:
    """Send every record to standard error from the level the worker uses: information, or debug."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AzureFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    # Its greetings and its own access log would show queries, and in them keys.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # Debug would repeat every event loop wake-up.
    logging.getLogger("asyncio").setLevel(logging.WARNING)
