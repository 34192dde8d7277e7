"""Compare present figures with those of the baseline; needs no access to the stack."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cosmicdeploy.settings import Settings

# The result of a collector, as JSON; {"why": …, "todo": …} if it failed.
Figures = Mapping[str, Any]

DAY = 86_400.0
MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class Span:
    """The period that evidence is collected from: `since` to `until`, in Unix time.

    `lines` and `rows` limit how many of the last lines and rows of each log and table are read.
    Without `lines`, a whole log is read.
    """

    since: float
    lines: int | None = None
    rows: int = 50_000
    until: float = field(default_factory=time.time)


def baseline_span() -> Span:
    """Return the last day, with limits that keep the recording fast enough for a deploy."""
    now = time.time()
    return Span(since=now - DAY, lines=2_000, rows=2_000, until=now)


class Verdict(StrEnum):
    """The result of comparing a point with the baseline."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point of the checklist.

    `found` describes the present in words and `was` the baseline; `now` and `before` hold their
    figures, None if there are none. `why` says why the verdict is unknown, `todo` what to do.
    """

    point: str
    verdict: Verdict
    found: str
    was: str = ""
    why: str = ""
    todo: str = ""
    now: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The figures of all collectors, now and in the baseline, by the collector's name."""

    settings: Settings
    now: Mapping[str, Figures]
    before: Mapping[str, Figures] = field(default_factory=dict)

    def in_baseline(self, collector: str) -> Figures | None:
        """Return a collector's figures in the baseline; None if there are none, or it failed."""
        figures = self.before.get(collector)
        return None if figures is None or "why" in figures else figures


@dataclass(frozen=True)
class Rate:
    """A count of errors, and its base: the number of requests, hours or minutes."""

    count: int
    base: float


def compare_rates(now: Rate, before: Rate | None, ratio: float, tolerance: float) -> Verdict:
    """Compare rates, of which the lower one is better.

    The expected count is what the rate before predicts for the present base. A count is worse if it
    exceeds `ratio` times the expected count plus `tolerance`, and better the other way round.
    Without a rate before, a count up to `tolerance` is the same, and a higher one unknown.
    """
    if before is None or not before.base:
        return Verdict.SAME if now.count <= tolerance else Verdict.UNKNOWN
    expected = before.count / before.base * now.base
    if now.count > expected * ratio + tolerance:
        return Verdict.WORSE
    return Verdict.BETTER if expected > now.count * ratio + tolerance else Verdict.SAME


def compare_levels(now: float, before: float | None, ratio: float, tolerance: float) -> Verdict:
    """Compare values, of which the lower one is better.

    A value is worse if it exceeds both `tolerance` and `ratio` times the value before, and better
    the other way round. Without a value before, a value up to `tolerance` is the same, and a higher
    one unknown.
    """
    if before is None:
        return Verdict.SAME if now <= tolerance else Verdict.UNKNOWN
    if now > max(tolerance, before * ratio):
        return Verdict.WORSE
    return Verdict.BETTER if before > max(tolerance, now * ratio) else Verdict.SAME


def compare_shares(now: float, before: float | None, tolerance: float) -> Verdict:
    """Compare shares, of which the higher one is better; ignore differences up to `tolerance`."""
    if before is None:
        return Verdict.UNKNOWN
    if now < before - tolerance:
        return Verdict.WORSE
    return Verdict.BETTER if now > before + tolerance else Verdict.SAME


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of a point with several figures; unknown if it has none.

    It is the first of worse, unknown, better and same that any figure has.
    """
    present = set(verdicts)
    for verdict in (Verdict.WORSE, Verdict.UNKNOWN, Verdict.BETTER, Verdict.SAME):
        if verdict in present:
            return verdict
    return Verdict.UNKNOWN


def names_with(verdicts: Mapping[str, Verdict], verdict: Verdict) -> str:
    """Return the names of the figures that have this verdict, for the operator."""
    return ", ".join(name for name, each in verdicts.items() if each is verdict)


def why_unknown(verdicts: Mapping[str, Verdict]) -> str:
    """Return why a point with these figures is unknown; "" if it is not."""
    if worst(verdicts.values()) is not Verdict.UNKNOWN:
        return ""
    return f"the baseline has nothing to compare with: {names_with(verdicts, Verdict.UNKNOWN)}"


def unknown_point(point: str, figures: Figures, todo: str = "") -> Point | None:
    """Return the point as unknown if its collector failed; None if the collector has figures."""
    if "why" not in figures:
        return None
    why, todo = str(figures["why"]), str(figures.get("todo") or todo)
    return Point(point=point, verdict=Verdict.UNKNOWN, found=why, why=why, todo=todo)
