"""The map of the app: which functions there are. What each does stands in mfa_sync/triggers."""

import azure.functions as func

from mfa_sync.telemetry.events import quieten_libraries
from mfa_sync.triggers import reads_http, run_queue, runs_http, sync_http, timers

quieten_libraries()

app = func.FunctionApp()
app.register_functions(sync_http.blueprint)
app.register_functions(runs_http.blueprint)
app.register_functions(reads_http.blueprint)
app.register_functions(run_queue.blueprint)
app.register_functions(timers.blueprint)
