"""What happens while a playbook runs, as data. Reports are made from these, and only from these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StepStarted:
    """A step is being looked at."""

    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Something a waiting person wants to see: a build line, a replica that is healthy."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something that must be told wherever it is read, also before the first step."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Warned:
    """Something went otherwise than asked for: told once a command, and in its report."""

    text: str


@dataclass(frozen=True, kw_only=True)
class StepEnded:
    """`outcome` is one of changed, unchanged, failed, skipped, undone; `seconds` is wall time."""

    name: str
    kind: str
    outcome: str
    reason: str
    seconds: float


Event = StepStarted | Progress | Notice | Warned | StepEnded
Emit = Callable[[Event], None]
