"""Run the command line by a clock that is so many seconds ahead.

Run as `python -m tests.stack.support.ahead N …`.
What a look back at minutes finds once they have passed is to be seen without waiting for them.
"""

from __future__ import annotations

import sys
import time


def set_ahead(seconds: float) -> None:
    """Let what asks for the time from now on get a later one."""
    real = time.time
    time.time = lambda: real() + seconds


if __name__ == "__main__":
    set_ahead(float(sys.argv[1]))
    from cosmicdeploy.cli.app import app  # after the clock, which some of it takes for a default

    app(args=sys.argv[2:], prog_name="cosmicdeploy")
