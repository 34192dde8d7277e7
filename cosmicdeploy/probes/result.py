"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One point of a checklist: what was expected, what was found, and what to do.

    A deploy fails on it where it is `blocking`, and else only tells of it; `warnings` are worth a
    look and fail nothing.
    """

    point: str
    ok: bool
    expected: str
    found: str
    todo: str = ""
    warnings: tuple[str, ...] = ()
    blocking: bool = True
