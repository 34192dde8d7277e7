"""The events of a run, as data. Reports are made from these, and only from these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StepStarted:
    """A step begins with its check."""

    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Progress for the operator who waits, such as a line of a build or a healthy replica."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something that every form of output shows, even before the first step."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Warned:
    """A warning: shown once per command, and part of its report."""

    text: str


@dataclass(frozen=True, kw_only=True)
class StepEnded:
    """A step ended. `outcome` is changed, unchanged, failed, skipped or undone; `seconds` is wall
    time."""

    name: str
    kind: str
    outcome: str
    reason: str
    seconds: float


Event = StepStarted | Progress | Notice | Warned | StepEnded
Emit = Callable[[Event], None]
