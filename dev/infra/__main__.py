"""`python -m dev.infra check`: Bicep's compiler judges infra/. `write`: it evaluates the snapshots anew."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from dev.infra import snapshots
from dev.infra.compiler import Copy, NoCompilerError, RefusedError, find

_INFRA = Path(__file__).parents[2] / "infra"


def main(arguments: list[str]) -> int:
    """Return the exit status: 1 where the compiler refuses, or is missing and needed."""
    if arguments not in (["check"], ["write"]):
        print("Say check or write.", file=sys.stderr)
        return 2
    try:
        compiler = find()
    except NoCompilerError as error:
        print(f"infra/ is not built or evaluated: {error}", file=sys.stderr)
        return 1 if arguments == ["write"] or os.environ.get("BICEP") else 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(compiler, _INFRA, Path(folder))
        try:
            if arguments == ["write"]:
                for made in snapshots.write(copy, _INFRA):
                    print(f"wrote {made.relative_to(_INFRA.parent)}")
            else:
                for said in snapshots.check(copy, _INFRA):
                    print(said)
                print(f"infra/ builds, is formatted and evaluates to its snapshots ({compiler.name}).")
        except RefusedError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
