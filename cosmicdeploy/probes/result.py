"""The result of one point of the verification."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One point of the verification: what was expected, what was found, and what to do.

    A deploy fails on a `blocking` point and only reports the others; `warnings` fail nothing. A
    `skipped` point had nothing to check, and `found` says why. An `unproven` one got an answer that
    shows neither that it holds nor that it does not (a rate limit's 429, a maintenance page): it is
    not `ok`. `seconds` is wall time.
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
    """Return the result of a point that has nothing to check; `why` says for what reason."""
    return CheckResult(point=point, ok=True, expected="nothing", found=why, skipped=True)
