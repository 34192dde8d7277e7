"""The entry point of `cosmicdeploy` and `python -m cosmicdeploy`."""

from __future__ import annotations

import os
import signal
import sys

from cosmicdeploy.errors import ExitCode
from cosmicdeploy.process.startup import tune_interpreter

# The deployer runs at a lower priority, so that it does not slow down the containers it deploys.
NICENESS = 10


def main() -> None:
    """Run the command line."""
    os.nice(NICENESS)
    tune_interpreter()
    # Until the modules are loaded, Ctrl-C exits immediately: there is nothing to undo or report
    # yet.
    signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.INTERRUPTED))
    from cosmicdeploy.cli.app import app
    from cosmicdeploy.cli.edge.full_streams import OutputStreams

    signal.signal(signal.SIGINT, signal.default_int_handler)
    streams = OutputStreams()
    try:
        app(prog_name="cosmicdeploy")
    except SystemExit as end:
        sys.exit(streams.exit_code(int(end.code or 0)))


if __name__ == "__main__":
    main()
