"""`cosmicdeploy` and `python -m cosmicdeploy`."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from io import TextIOWrapper

from cosmicdeploy.errors import ExitCode

# On a busy host the processor belongs to those that serve.
NICENESS = 10
# pydantic looks through everything that is installed for plugins, and none has a say here.
NO_PLUGINS = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
# Loading makes many objects and no garbage: looking for it every 700 of them, as Python does by
# itself, is 3 to 10 % of what the start costs.
OBJECTS_BEFORE_COLLECTING = 50_000


def main() -> None:
    """Run the command line."""
    os.nice(NICENESS)
    os.environ.update(NO_PLUGINS)
    gc.set_threshold(OBJECTS_BEFORE_COLLECTING)
    # The memory goes back whole: to look for garbage in it first takes a tenth of a second.
    atexit.register(gc.freeze)
    # While the rest is still being loaded there is nothing to undo, and nothing to tell.
    signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.INTERRUPTED))
    from cosmicdeploy.cli.app import app

    signal.signal(signal.SIGINT, signal.default_int_handler)
    if isinstance(sys.stdout, TextIOWrapper):  # what its encoding lacks must not end a run
        sys.stdout.reconfigure(errors="backslashreplace")

    app(prog_name="cosmicdeploy")  # also as `python -m cosmicdeploy`


if __name__ == "__main__":
    main()
