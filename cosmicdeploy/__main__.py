"""`cosmicdeploy` and `python -m cosmicdeploy`."""

from __future__ import annotations

import os
import signal
import sys
from io import TextIOWrapper

from cosmicdeploy.errors import ExitCode
from cosmicdeploy.startup import tune_interpreter

# On a busy host the containers that serve get the processor first.
NICENESS = 10


def main() -> None:
    """Run the command line."""
    os.nice(NICENESS)
    tune_interpreter()
    # While modules are still being loaded there is nothing to undo, and nothing to report.
    signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.INTERRUPTED))
    from cosmicdeploy.cli.app import app

    signal.signal(signal.SIGINT, signal.default_int_handler)
    if isinstance(sys.stdout, TextIOWrapper):  # an unencodable character must not end a run
        sys.stdout.reconfigure(errors="backslashreplace")

    app(prog_name="cosmicdeploy")  # also as `python -m cosmicdeploy`


if __name__ == "__main__":
    main()
