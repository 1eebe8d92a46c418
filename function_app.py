"""The map of the app: which functions there are. What each does stands in mfa_sync/triggers."""

import azure.functions as func

from mfa_sync.log import quieten_libraries
from mfa_sync.triggers import (
    explain_http,
    health_http,
    openapi_http,
    run_queue,
    runs_http,
    sweep_timer,
    sync_http,
)

quieten_libraries()

app = func.FunctionApp()
app.register_functions(sync_http.blueprint)
app.register_functions(explain_http.blueprint)
app.register_functions(runs_http.blueprint)
app.register_functions(health_http.blueprint)
app.register_functions(openapi_http.blueprint)
app.register_functions(run_queue.blueprint)
app.register_functions(sweep_timer.blueprint)
