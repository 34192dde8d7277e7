"""Figures of cosmicdeploy alone: a deploy with nothing to do, and how quickly it starts."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping

from benchmarks.deploy.stack import COSMICDEPLOY, Stack

ROUNDS = 10
NO_OPS = 3


def seconds_of(argv: list[str], stack: Stack) -> tuple[float, str]:
    """Seconds, and what it printed. Raises `CalledProcessError`."""
    started = time.monotonic()
    done = subprocess.run(
        argv, cwd=stack.folder, env=stack.environ, capture_output=True, text=True, check=True
    )
    return time.monotonic() - started, done.stdout


def no_op_seconds(stack: Stack) -> float:
    """The median of deploys with nothing to do. Raises where one does something."""
    seconds_of([COSMICDEPLOY, "deploy", "--json"], stack)  # whatever was left is done now
    seconds = []
    for _ in range(NO_OPS):
        took, out = seconds_of([COSMICDEPLOY, "deploy", "--json"], stack)
        if (outcome := json.loads(out)["outcome"]) != "unchanged":
            raise RuntimeError(f"a deploy with nothing to do is {outcome}")
        seconds.append(took)
    return statistics.median(seconds)


def start_seconds(stack: Stack) -> Mapping[str, float]:
    """Medians, alternating: `cosmicdeploy --help`, and Python with `import typer`."""
    argv = {
        "help": [COSMICDEPLOY, "--help"],
        "typer": [sys.executable, "-c", "import typer"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in argv}
    for _ in range(ROUNDS):
        for name, words in argv.items():
            seconds[name].append(seconds_of(words, stack)[0])
    return {name: statistics.median(values) for name, values in seconds.items()}
