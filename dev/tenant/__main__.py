"""`python -m dev.tenant`: the emulated tenant stays up until it is told to end."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from dev.tenant.server import REMOVED_VARIABLES, EmulatedTenant
from dev.tenant.signals import signals_to_end


def main() -> None:
    """Start, print one JSON line that says where everything is, wait for SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m dev.tenant", description=__doc__)
    parser.add_argument("--port-file", type=Path, help="write the JSON line here too, once all is ready")
    parser.add_argument("--proxy-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--empty", action="store_true", help="without the sample people")
    options = parser.parse_args()
    ended = signals_to_end()
    with EmulatedTenant(sample=not options.empty, proxy_port=options.proxy_port) as tenant:
        line = json.dumps(
            {
                "proxyPort": tenant.proxy_port,
                "controlUrl": tenant.control_url,
                "environment": tenant.environment(),
                "remove": list(REMOVED_VARIABLES),
            }
        )
        print(line, flush=True)
        if options.port_file is not None:
            draft = options.port_file.with_suffix(".draft")
            draft.write_text(line + "\n", encoding="utf-8")
            draft.replace(options.port_file)  # whoever waits for the file never reads half of it
        ended.get()


if __name__ == "__main__":
    main()
