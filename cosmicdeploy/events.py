"""The events of a run, as data; the live output and the report's warnings are made from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StepStarted:
    """A step of the run started."""

    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Progress for the waiting operator, such as a line of a build's output."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A message that is always shown on a line of its own, even before the first step."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Warned:
    """A warning: shown once per command, and also part of the command's report."""

    text: str


@dataclass(frozen=True, kw_only=True)
class StepEnded:
    """A step ended: `outcome` is changed, unchanged, failed, or passed (the step only checks).

    `reason` says why. `seconds` is wall time.
    """

    name: str
    kind: str
    outcome: str
    reason: str
    seconds: float


Event = StepStarted | Progress | Notice | Warned | StepEnded
Emit = Callable[[Event], None]
