"""Make commands start and end sooner.

Gains were measured on the development machine (two shared cores): processor time, the minimum of 8
alternating runs of `cosmicdeploy playbook show deploy`, which takes 793 ms with all of them.
"""

from __future__ import annotations

import atexit
import gc
import os
import threading
from collections.abc import Callable
from importlib import import_module

# Loading makes many objects and no garbage; Python would look for some after every 700 of them.
OBJECTS_BEFORE_COLLECTING = 50_000


def tune_interpreter() -> None:
    """Set the interpreter up for a short process; call it before the heavy imports."""
    # pydantic searches all installed packages for plugins, and none is needed: about 30 ms.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    # About 40 ms.
    gc.set_threshold(OBJECTS_BEFORE_COLLECTING)
    # No search for garbage before the process ends and gives all memory back: about 150 ms.
    atexit.register(gc.freeze)


def import_http_client_early() -> None:
    """Import httpx in the background while the caller waits for the engine: about 190 ms."""
    run_early(lambda: import_module("httpx"), "httpx")


def run_early(work: Callable[[], object], name: str) -> None:
    """Run work in the background whose result is needed later; the process does not wait for it."""
    threading.Thread(target=work, name=name, daemon=True).start()
