"""Timers that the clock runs."""

import logging

import azure.functions as func

app = func.FunctionApp()


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def every_second(timer: func.TimerRequest) -> None:
    """Run every second."""
    logging.getLogger("app").info("ticked, past due: %s", timer.past_due)


@app.timer_trigger(arg_name="timer", schedule="0 0 2 29 2 *", run_on_startup=True)
async def at_start(timer: func.TimerRequest) -> None:
    """Run at the start, and next in a leap year."""
    logging.getLogger("app").info("started, past due: %s", timer.past_due)
