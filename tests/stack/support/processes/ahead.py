"""Run the command line with a clock that is some seconds ahead.

Run as `python -m tests.stack.support.processes.ahead SECONDS COMMAND …`. It tests
commands that look back over some minutes, without the wait.
"""

from __future__ import annotations

import sys
import time


def set_ahead(seconds: float) -> None:
    """Let `time.time` return a time this many seconds ahead."""
    real = time.time
    time.time = lambda: real() + seconds


if __name__ == "__main__":
    set_ahead(float(sys.argv[1]))
    from cosmicdeploy.cli.app import (
        app,  # after the clock is set, since some modules use it in a default
    )

    app(args=sys.argv[2:], prog_name="cosmicdeploy")
