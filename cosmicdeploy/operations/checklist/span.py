"""The time that evidence is looked for in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What a collector found, as JSON; {"why": …} where it found nothing.
Figures = Mapping[str, Any]

DAY = 86_400.0
MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class Span:
    """From `since` to `until`, in Unix time. `lines` and `rows` bound what is read of each log and
    table, newest first; without `lines` all of a log is read."""

    since: float
    lines: int | None = None
    rows: int = 50_000
    until: float = field(default_factory=time.time)


def before_a_deploy() -> Span:
    """The day until now, as far as it costs next to nothing to look back."""
    now = time.time()
    return Span(since=now - DAY, lines=2_000, rows=2_000, until=now)
