"""How long work tells of its progress: with the number of raw bytes done so far."""

from __future__ import annotations

from collections.abc import Callable

OnBytes = Callable[[int], None]


def unheard(_: int) -> None:
    """For callers that do not want to know."""
