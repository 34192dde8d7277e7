"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One point of a checklist: what was expected, what was found, and what to do.

    A deploy fails on it where it is `blocking`, and else only tells of it; `warnings` are worth a
    look and fail nothing. Where it is `skipped` there was nothing to look at, and `found` says why;
    where it is `unproven` nobody answered what was asked (a rate limit, a maintenance page), which
    is not `ok`. `seconds` is the wall time that it took.
    """

    point: str
    ok: bool
    expected: str
    found: str
    todo: str = ""
    warnings: tuple[str, ...] = ()
    blocking: bool = True
    skipped: bool = False
    unproven: bool = False
    seconds: float = 0.0


def skipped(point: str, why: str) -> CheckResult:
    """A point with nothing to look at."""
    return CheckResult(point=point, ok=True, expected="nothing", found=why, skipped=True)
