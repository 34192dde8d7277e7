"""Figures of now beside those of before. Pure: no stack is asked here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cosmicdeploy.operations.checklist.span import Figures
from cosmicdeploy.settings import Settings


class Verdict(StrEnum):
    """A point now, beside the time before the deploy."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point of the checklist.

    `found` and `was` tell now and before for people, `now` and `before` have the figures; None
    where there are none. `why` says what makes it unknown, `todo` what to do.
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
    """What the collectors found now and, for the baseline, before; by the collector's name."""

    settings: Settings
    now: Mapping[str, Figures]
    before: Mapping[str, Figures] = field(default_factory=dict)

    def then(self, collector: str) -> Figures | None:
        """What a collector found before; None where it found nothing."""
        found = self.before.get(collector)
        return None if found is None or "why" in found else found


@dataclass(frozen=True)
class Counted:
    """So many of something among `of` (requests, hours, …)."""

    count: int
    of: float


def by_count(now: Counted, before: Counted | None, ratio: float, borne: float) -> Verdict:
    """Fewer is better. `borne` is how many more than expected are still the same."""
    if before is None or not before.of:
        return Verdict.SAME if now.count <= borne else Verdict.UNKNOWN
    expected = before.count / before.of * now.of
    if now.count > expected * ratio + borne:
        return Verdict.WORSE
    return Verdict.BETTER if expected > now.count * ratio + borne else Verdict.SAME


def by_level(now: float, before: float | None, ratio: float, borne: float) -> Verdict:
    """Lower is better; up to `borne` all is well, whatever it was before."""
    if before is None:
        return Verdict.SAME if now <= borne else Verdict.UNKNOWN
    if now > max(borne, before * ratio):
        return Verdict.WORSE
    return Verdict.BETTER if before > max(borne, now * ratio) else Verdict.SAME


def by_share(now: float, before: float | None, borne: float) -> Verdict:
    """Higher is better; a difference of `borne` is none. Shares of one."""
    if before is None:
        return Verdict.UNKNOWN
    if now < before - borne:
        return Verdict.WORSE
    return Verdict.BETTER if now > before + borne else Verdict.SAME


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Several figures of one point: the worst counts, and none that is unknown is passed over."""
    found = set(verdicts)
    for verdict in (Verdict.WORSE, Verdict.UNKNOWN, Verdict.BETTER, Verdict.SAME):
        if verdict in found:
            return verdict
    return Verdict.UNKNOWN


def named(verdicts: Mapping[str, Verdict], wanted: Verdict) -> str:
    """The figures of a verdict, for people."""
    return ", ".join(name for name, verdict in verdicts.items() if verdict is wanted)


def incomparable(verdicts: Mapping[str, Verdict]) -> str:
    """Why a point of these figures is unknown; "" where it is not."""
    if together(verdicts.values()) is not Verdict.UNKNOWN:
        return ""
    return f"there is nothing to compare with: {named(verdicts, Verdict.UNKNOWN)}"


def unseen(point: str, figures: Figures, todo: str = "") -> Point | None:
    """The point, where its collector found nothing; None where it found something."""
    if "why" not in figures:
        return None
    why, todo = str(figures["why"]), str(figures.get("todo") or todo)
    return Point(point=point, verdict=Verdict.UNKNOWN, found=why, why=why, todo=todo)
