"""`cosmicdeploy` and `python -m cosmicdeploy`."""

from __future__ import annotations

import os
import signal

from cosmicdeploy.errors import ExitCode

# On a busy host the processor belongs to those that serve.
NICENESS = 10


def main() -> None:
    """Run the command line."""
    os.nice(NICENESS)
    # While the rest is still being loaded there is nothing to undo, and nothing to tell.
    signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.INTERRUPTED))
    from cosmicdeploy.cli.app import app

    signal.signal(signal.SIGINT, signal.default_int_handler)

    app(prog_name="cosmicdeploy")  # also as `python -m cosmicdeploy`


if __name__ == "__main__":
    main()
