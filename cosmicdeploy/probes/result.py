"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One point of a checklist: what was expected, what was found, and what to do.

    A deploy fails on it where it is `blocking`, and else only tells of it.
    """

    point: str
    ok: bool
    expected: str
    found: str
    todo: str = ""
    blocking: bool = True
