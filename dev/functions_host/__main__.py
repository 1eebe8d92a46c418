"""The command that serves an app folder: `python -m dev.functions_host --app DIR`."""

import argparse
import asyncio
import faulthandler
import json
import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType

import uvicorn

from dev.functions_host.app_folder import AppFolderError, function_timeout, local_settings, route_prefix
from dev.functions_host.http_front import HttpFront
from dev.functions_host.keys import AccessKeys, KeysError, is_inline
from dev.functions_host.log_lines import write_to_stderr
from dev.functions_host.queue_settings import QueueSettings
from dev.functions_host.routes import TemplateError
from dev.functions_host.triggers import TriggerOptions, Triggers
from dev.functions_host.worker import IndexingError, Worker

_ROOT = Path(__file__).parents[2]
_GRACE_SECONDS = 5
# Beyond the time of grace, for giving messages back.
_STOP_WITHIN_SECONDS = 5

_log = logging.getLogger("Host.Startup")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.functions_host", description=__doc__)
    parser.add_argument("--app", type=Path, required=True, help="the folder of function_app.py and host.json")
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free one")
    parser.add_argument(
        "--keys",
        required=True,
        help='a file, or inline JSON: {"host": "...", "functions": {"name": "..."}}; '
        "keys that are missing are made, and added to the file",
    )
    parser.add_argument("--port-file", type=Path, help="where to write the port once it is served")
    parser.add_argument("--settings", type=Path, help="a local.settings.json for settings that are not set")
    parser.add_argument("--no-timers", action="store_true", help="timers run on demand only")
    parser.add_argument(
        "--lease-seconds",
        type=int,
        help="how long a message is hidden from others, renewed at half of it; 600 unless given",
    )
    parser.add_argument(
        "--max-polling-seconds", type=float, help="the longest wait between two looks into a queue"
    )
    parser.add_argument(
        "--visibility-seconds", type=int, help="how long a failed message is hidden before it comes again"
    )
    parser.add_argument(
        "--function-timeout-seconds",
        type=float,
        help="how long a function may take; as host.json says unless given",
    )
    parser.add_argument(
        "--grace-seconds", type=int, default=_GRACE_SECONDS, help="what runs may take so long after a stop"
    )
    parser.add_argument(
        "--until-input-ends", action="store_true", help="stop when standard input ends, as with its parent"
    )
    return parser.parse_args()


class _Server(uvicorn.Server):
    """Starts and stops the triggers too; says on standard output, in one line of JSON, that it is ready."""

    def __init__(
        self, config: uvicorn.Config, triggers: Triggers, ready_output: int, ready_line: str
    ) -> None:
        super().__init__(config)
        self._triggers = triggers
        self._ready_output = ready_output
        self._ready_line = ready_line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, then say so."""
        await super().startup(sockets)
        await self._triggers.start()
        with os.fdopen(self._ready_output, "w") as output:
            output.write(self._ready_line + "\n")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; a host that hangs, with a function that blocks its loop perhaps, says where and is ended."""
        grace_seconds = self.config.timeout_graceful_shutdown or 0
        faulthandler.dump_traceback_later(grace_seconds + _STOP_WITHIN_SECONDS, exit=True)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what runs finish, within the time of grace."""
        grace_seconds = self.config.timeout_graceful_shutdown or 0
        await asyncio.gather(super().shutdown(sockets), self._triggers.stop(grace_seconds))


def _queue_settings(arguments: argparse.Namespace, app_folder: Path) -> QueueSettings:
    told = {
        "lease_seconds": arguments.lease_seconds,
        "max_polling_interval": arguments.max_polling_seconds,
        "visibility_timeout": arguments.visibility_seconds,
    }
    given = {name: value for name, value in told.items() if value is not None}
    return replace(QueueSettings.read(app_folder), **given)


def _stop_when_input_ends() -> None:
    def wait_for_the_end() -> None:
        # Not through sys.stdin: its lock, held here for ever, would crash the interpreter's end.
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_the_end, daemon=True).start()


def _listener(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        sys.exit(f"Port {port} cannot be served: {error.strerror}")
    return listener


async def _serve(arguments: argparse.Namespace, ready_output: int) -> None:
    app_folder = arguments.app.resolve()
    prefix = route_prefix(app_folder)
    worker = Worker()
    functions = await worker.start(app_folder)
    keys = AccessKeys.read(arguments.keys, [function.name for function in functions])
    options = TriggerOptions(
        _queue_settings(arguments, app_folder),
        arguments.function_timeout_seconds or function_timeout(app_folder),
        clocked=not arguments.no_timers,
    )
    triggers = Triggers(worker, functions, options)
    front = HttpFront(triggers, keys, route_prefix=prefix)
    listener = _listener(arguments.port)
    port = listener.getsockname()[1]
    if arguments.port_file is not None:
        arguments.port_file.write_text(f"{port}\n")
    config = uvicorn.Config(
        front,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=arguments.grace_seconds,
    )
    names = [function.name for function in functions]
    ready = json.dumps({"url": f"http://127.0.0.1:{port}", "functions": names})
    try:
        await _Server(config, triggers, ready_output, ready).serve(sockets=[listener])
    finally:
        worker.stop()


def main() -> None:
    """Serve the app until the process is told to stop."""
    arguments = _arguments()
    # Standard output is for the one line that says ready. What functions print goes to the log, as in Azure.
    ready_output = os.dup(1)
    os.dup2(2, 1)
    # Python would hold back what it writes to a file, and lose it when the process is ended.
    sys.stdout = sys.stderr
    # Paths on the command line count from here, and the worker changes directory.
    if not is_inline(arguments.keys):
        arguments.keys = str(Path(arguments.keys).resolve())
    if arguments.port_file is not None:
        arguments.port_file = arguments.port_file.resolve()
    # An app finds its own modules and the installed ones, not what lies beside this host.
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != _ROOT]
    try:
        if arguments.settings is not None:
            # As with Core Tools, what the environment already says wins.
            for name, value in local_settings(arguments.settings).items():
                os.environ.setdefault(name, value)
        if arguments.until_input_ends:
            _stop_when_input_ends()
        write_to_stderr(debug=os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING", "").lower() in {"1", "true"})
        asyncio.run(_serve(arguments, ready_output))
    except (IndexingError, AppFolderError, KeysError, TemplateError) as error:
        sys.exit(f"The app was not started. {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
