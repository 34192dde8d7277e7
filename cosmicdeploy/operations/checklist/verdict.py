"""Compare present figures with those of the baseline, without any access to the stack."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cosmicdeploy.settings import Settings

# What a collector (see `collect.py`) found, as JSON; {"why": …, "todo": …} if the collector failed.
Figures = Mapping[str, Any]

DAY = 86_400.0
MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class Span:
    """The period that evidence is collected from: `since` to `until`, in Unix time.

    At most the last `lines` of each log and the last `rows` of each table are read. If `lines` is
    None, a log's lines are not limited.
    """

    since: float
    lines: int | None = None
    rows: int = 50_000
    until: float = field(default_factory=time.time)


def baseline_span() -> Span:
    """Return the last day as a span, with limits that keep a deploy's recording fast."""
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

    `found` describes the present state in words, and `now` holds its figures. `was` describes the
    baseline, and `before` holds its figures. `now` and `before` are None without figures. `why`
    says why the verdict is unknown; `todo` says what the operator can do.
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
        """Return a collector's figures in the baseline; None if it has none or failed there."""
        figures = self.before.get(collector)
        return None if figures is None or "why" in figures else figures


@dataclass(frozen=True)
class Rate:
    """A count, and its base: the number of requests, transitions, hours, minutes or seconds."""

    count: int
    base: float


def compare_rates(now: Rate, before: Rate | None, ratio: float, tolerance: float) -> Verdict:
    """Compare a rate with the rate in the baseline; a lower rate is better.

    The rate in the baseline predicts an expected count for the present base. The verdict is worse
    if the count exceeds `ratio` times the expected count plus `tolerance`. It is better if the
    expected count exceeds `ratio` times the count plus `tolerance`. If the baseline has no rate,
    the verdict is same for a count up to `tolerance`, and unknown for a higher count.
    """
    if before is None or not before.base:
        return Verdict.SAME if now.count <= tolerance else Verdict.UNKNOWN
    expected = before.count / before.base * now.base
    if now.count > expected * ratio + tolerance:
        return Verdict.WORSE
    return Verdict.BETTER if expected > now.count * ratio + tolerance else Verdict.SAME


def compare_levels(now: float, before: float | None, ratio: float, tolerance: float) -> Verdict:
    """Compare a value with the value in the baseline; a lower value is better.

    The verdict is worse if the present value exceeds both `tolerance` and `ratio` times the value
    in the baseline. It is better if the value in the baseline exceeds both `tolerance` and `ratio`
    times the present value. If the baseline has no value, the verdict is same for a value up to
    `tolerance`, and unknown for a higher value.
    """
    if before is None:
        return Verdict.SAME if now <= tolerance else Verdict.UNKNOWN
    if now > max(tolerance, before * ratio):
        return Verdict.WORSE
    return Verdict.BETTER if before > max(tolerance, now * ratio) else Verdict.SAME


def compare_shares(now: float, before: float | None, tolerance: float) -> Verdict:
    """Compare a share with the share in the baseline; a higher share is better.

    Ignores differences up to `tolerance`. If the baseline has no share, the verdict is unknown.
    """
    if before is None:
        return Verdict.UNKNOWN
    if now < before - tolerance:
        return Verdict.WORSE
    return Verdict.BETTER if now > before + tolerance else Verdict.SAME


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of a point from the verdicts of its figures; unknown if there are none.

    The result is the first of these that any figure has: worse, unknown, better, same.
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
    """Return why a point is unknown, from the verdicts of its figures; "" if it is known."""
    if worst(verdicts.values()) is not Verdict.UNKNOWN:
        return ""
    return f"the baseline has nothing to compare with: {names_with(verdicts, Verdict.UNKNOWN)}"


def unknown_point(point: str, figures: Figures, todo: str = "") -> Point | None:
    """Return the point as unknown if its collector failed; None if the collector has figures.

    `todo` is what the operator can do if the collector does not say so itself.
    """
    if "why" not in figures:
        return None
    why, todo = str(figures["why"]), str(figures.get("todo") or todo)
    return Point(point=point, verdict=Verdict.UNKNOWN, found=why, why=why, todo=todo)
