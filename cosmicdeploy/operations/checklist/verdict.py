"""Verdicts: present figures compared with those of the baseline, without access to the stack."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cosmicdeploy.settings import Settings

# What a collector found, as JSON; {"why": …} where it found nothing.
Figures = Mapping[str, Any]

DAY = 86_400.0
MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class Span:
    """The time that evidence is collected from: `since` to `until`, in Unix time.

    `lines` and `rows` limit what is read of each log and table, newest first; without `lines` a
    whole log is read.
    """

    since: float
    lines: int | None = None
    rows: int = 50_000
    until: float = field(default_factory=time.time)


def span_before_deploy() -> Span:
    """Return the last day, with limits that keep the cost for a deploy next to nothing."""
    now = time.time()
    return Span(since=now - DAY, lines=2_000, rows=2_000, until=now)


class Verdict(StrEnum):
    """A point compared with the time before the deploy."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point of the checklist.

    `found` and `was` describe now and before in words, `now` and `before` hold the figures, None
    where there are none. `why` says why the verdict is unknown, `todo` what to do.
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

    def then(self, collector: str) -> Figures | None:
        """Return a collector's figures in the baseline; None where it has none."""
        figures = self.before.get(collector)
        return None if figures is None or "why" in figures else figures


@dataclass(frozen=True)
class Rate:
    """A count among `of` (requests, hours, …)."""

    count: int
    of: float


def by_rate(now: Rate, before: Rate | None, ratio: float, tolerance: float) -> Verdict:
    """Compare rates of which the lower one is better.

    The expected count is that of the rate before. Worse is more than `ratio` times the expected
    count plus `tolerance`.
    """
    if before is None or not before.of:
        return Verdict.SAME if now.count <= tolerance else Verdict.UNKNOWN
    expected = before.count / before.of * now.of
    if now.count > expected * ratio + tolerance:
        return Verdict.WORSE
    return Verdict.BETTER if expected > now.count * ratio + tolerance else Verdict.SAME


def by_level(now: float, before: float | None, ratio: float, tolerance: float) -> Verdict:
    """Compare values of which the lower one is better; up to `tolerance` all values are good."""
    if before is None:
        return Verdict.SAME if now <= tolerance else Verdict.UNKNOWN
    if now > max(tolerance, before * ratio):
        return Verdict.WORSE
    return Verdict.BETTER if before > max(tolerance, now * ratio) else Verdict.SAME


def by_share(now: float, before: float | None, tolerance: float) -> Verdict:
    """Compare shares of which the higher is better; a difference of `tolerance` is ignored."""
    if before is None:
        return Verdict.UNKNOWN
    if now < before - tolerance:
        return Verdict.WORSE
    return Verdict.BETTER if now > before + tolerance else Verdict.SAME


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of a point with several figures: the first that occurs of worse, unknown,
    better and same; unknown for no figure."""
    each = set(verdicts)
    for verdict in (Verdict.WORSE, Verdict.UNKNOWN, Verdict.BETTER, Verdict.SAME):
        if verdict in each:
            return verdict
    return Verdict.UNKNOWN


def names_with(verdicts: Mapping[str, Verdict], verdict: Verdict) -> str:
    """Return the names of the figures that have a verdict, for the operator."""
    return ", ".join(name for name, each in verdicts.items() if each is verdict)


def incomparable(verdicts: Mapping[str, Verdict]) -> str:
    """Return why a point with these figures is unknown; "" where it is not."""
    if worst(verdicts.values()) is not Verdict.UNKNOWN:
        return ""
    return f"there is nothing to compare with: {names_with(verdicts, Verdict.UNKNOWN)}"


def unknown_point(point: str, figures: Figures, todo: str = "") -> Point | None:
    """Return the point as unknown if its collector found nothing; None if it has figures."""
    if "why" not in figures:
        return None
    why, todo = str(figures["why"]), str(figures.get("todo") or todo)
    return Point(point=point, verdict=Verdict.UNKNOWN, found=why, why=why, todo=todo)
