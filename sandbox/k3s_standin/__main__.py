"""The program behind `k3s`, but for what its wrapper answers by itself."""

import os
import sys
from pathlib import Path

from sandbox.k3s_standin import server

PROGRAMS = Path(__file__).parents[2] / "bin"
KNOWN = "this stand-in for K3s knows `server`, `kubectl get --raw PATH` and `--version`"


def main() -> int:
    command, *arguments = sys.argv[1:] or ["help"]
    if command == "server":
        return server.run(arguments, os.environ, PROGRAMS)
    if command in {"--version", "-v"}:
        version = (PROGRAMS / "VERSION").read_text().strip()
        print(f"k3s version {version}+k3s1 (stand-in)")  # noqa: T201
        return 0
    print(f"no command {command} here: {KNOWN}", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
