"""The app, whose work is ended by what ENDED names as soon as it asks for its worker."""

import asyncio
import os
import sys
from pathlib import Path
from typing import NoReturn

sys.path.insert(1, str(Path(__file__).parents[3]))

from mfa_sync import composition
from mfa_sync.triggers import reads_http, run_queue, runs_http, sync_http, timers

import azure.functions as func  # isort: skip

app = func.FunctionApp()
for part in (sync_http, runs_http, reads_http, run_queue, timers):
    app.register_functions(part.blueprint)

_ENDS = (asyncio.CancelledError, SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError)


def _ended() -> NoReturn:
    end = {one.__name__: one for one in _ENDS}[os.environ["ENDED"]]
    raise end("a secret that an exception's text may hold")


composition.worker = _ended  # type: ignore[assignment]
