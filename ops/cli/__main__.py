"""`mfa-sync`: the operators' command line. The app never imports it."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from ops.cli.main import main

if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a console that lacks a letter shows ? and does not fail
            stream.reconfigure(errors="replace")
    sys.exit(main())
