"""`python -m ops.cli`, where the console script `mfa-sync` is not installed."""

from __future__ import annotations

import sys

from ops.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
