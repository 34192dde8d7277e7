"""Measure cosmicdeploy without load: a deploy with nothing to do, and the start of the program."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping

from benchmarks.deploy.stack import PROGRAM, Stack

ROUNDS = 10
NO_OPS = 3


def timed_run(argv: list[str], stack: Stack) -> tuple[float, str]:
    """Run a command; return its seconds and its output. Raises `CalledProcessError`."""
    started = time.monotonic()
    done = subprocess.run(
        argv, cwd=stack.folder, env=stack.environ, capture_output=True, text=True, check=True
    )
    return time.monotonic() - started, done.stdout


def no_op_seconds(stack: Stack) -> float:
    """Return the median time of a deploy with nothing to do.

    Raises `RuntimeError` if a deploy changes something.
    """
    timed_run([PROGRAM, "deploy", "--json"], stack)  # applies pending changes
    seconds = []
    for _ in range(NO_OPS):
        took, out = timed_run([PROGRAM, "deploy", "--json"], stack)
        if (outcome := json.loads(out)["outcome"]) != "unchanged":
            raise RuntimeError(f"the outcome of a deploy with nothing to do is {outcome}")
        seconds.append(took)
    return statistics.median(seconds)


def start_seconds(stack: Stack) -> Mapping[str, float]:
    """Return the median times of `cosmicdeploy --help` and of `import typer`, run alternately."""
    argv = {
        "help": [PROGRAM, "--help"],
        "typer": [sys.executable, "-c", "import typer"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in argv}
    for _ in range(ROUNDS):
        for name, words in argv.items():
            seconds[name].append(timed_run(words, stack)[0])
    return {name: statistics.median(values) for name, values in seconds.items()}
