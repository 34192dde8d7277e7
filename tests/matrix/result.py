"""The result of one row of the matrix: a stack on an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from cosmicdeploy.errors import CosmicError

# Enough to tell the reason in a line.
REASON_CHARACTERS = 600


@dataclass
class Row:
    """What happened; `failed` has a reason for each step that failed, in order.

    `sent` and `failures` count the requests during the deploy and the rollback.
    """

    engine: str
    stack: str
    origin: str
    made_by: str = ""
    version: str = ""
    api: str = ""
    store: str = ""
    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    failures: int = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Record whether the block passed; its errors end here."""
        try:
            yield
        except (CosmicError, AssertionError, OSError, ValueError, LookupError) as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            reason = " / ".join(lines[:3]) or type(error).__name__
            self.failed[name] = reason[:REASON_CHARACTERS]
        else:
            self.passed.append(name)

    def run(self, name: str, action: Callable[[], None]) -> bool:
        """Run a step; return whether it passed."""
        with self.step(name):
            action()
        return name in self.passed

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
