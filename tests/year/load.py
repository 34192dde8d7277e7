"""Requests at a steady rate to the address that clients use, while a scenario runs.

Half are heartbeats, half requests of the health page; half of each on new connections, half on kept
ones. None is sent again (`benchmarks.deploy.load`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.deploy import measure
from tests.stack.stacks.php.strangers_laravel import StrangersLaravel

BEFORE_SECONDS = 3.0
# Requests can still fail shortly after a command.
AFTER_SECONDS = 5.0


@dataclass(frozen=True)
class Published:
    """The published port of a stack on 127.0.0.1, with the tokens of its devices."""

    address: tuple[str, int]
    tokens: list[str]
    enter: list[str] = field(default_factory=list)


@contextmanager
def load(stack: StrangersLaravel, rate: float, out: Path) -> Iterator[None]:
    """Send `rate` requests per second during the block, and write them to a file.

    Waits some seconds before and after it. Raises `RuntimeError` if the load fails.
    """
    parts = urlsplit(stack.url())
    target = Published((str(parts.hostname), int(parts.port or 80)), stack.kiosks)
    with measure.load(target, rate, out):
        time.sleep(BEFORE_SECONDS)
        yield
        time.sleep(AFTER_SECONDS)
