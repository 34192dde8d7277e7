"""What a run records about itself for its summary in the journal."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any, TypeVar

from cosmicdeploy.events import Emit, Event, Progress, StepEnded, StepStarted, Warned
from cosmicdeploy.text.shorten import cut

# The first phases and warnings of a run are kept, at most this many; the later ones are counted.
MAX_PHASES = 1000
MAX_WARNINGS = 50
# How many of a step's last lines of progress are kept.
OUTPUT_LINES = 20
# A line of progress, or a warning, has at most this many characters in memory.
LONGEST = 20_000
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of a service's container, in seconds since the run began."""

    service: str
    phase: str
    began: float
    ended: float


class RunNotes:
    """The times of steps and phases, the warnings, and the output of the present step.

    `steps` maps the name of each step to when it began and ended, in seconds since the run began;
    for a step that has not ended, both times are its beginning. `points` are the results of the
    verification, as the report has them, by point. `more` counts the phases and warnings that are
    not kept.

    `began` is when the run began (monotonic clock), `began_at` the same in Unix time. Several
    threads may add phases.
    """

    def __init__(self) -> None:
        self.steps: dict[str, tuple[float, float]] = {}
        self.phases: list[Phase] = []
        self.warnings: list[str] = []
        self.points: dict[str, dict[str, Any]] = {}
        self.output: deque[str] = deque(maxlen=OUTPUT_LINES)
        self.more: Counter[str] = Counter()
        self._step = ""
        self.begin()

    def begin(self) -> None:
        """Record that the run begins now: `passed` counts the seconds from now on."""
        self.began, self.began_at = time.monotonic(), time.time()

    def passed(self, at: float | None = None) -> float:
        """Return the seconds from the run's beginning to a time of the monotonic clock, or now."""
        return max(0.0, (time.monotonic() if at is None else at) - self.began)

    def listening(self, emit: Emit) -> Emit:
        """Return an event handler that records each event, then passes it to `emit`."""

        def handle(event: Event) -> None:
            self._note(event)
            emit(event)

        return handle

    def _note(self, event: Event) -> None:
        match event:
            case StepStarted():
                self._step = event.name
                self.steps[event.name] = (self.passed(), self.passed())
                self.output.clear()
            case StepEnded():
                began, _ = self.steps.get(event.name, (self.passed(), 0.0))
                self.steps[event.name] = (began, self.passed())
                self._step = ""
            case Progress() if self._step:
                self.output.append(cut(event.text, LONGEST))
            case Warned():
                self._add("warnings", self.warnings, cut(event.text, LONGEST), MAX_WARNINGS)

    def add_phase(self, service: str, phase: str, began: float, ended: float) -> None:
        """Record a phase between two times of the monotonic clock."""
        noted = Phase(service, phase, self.passed(began), self.passed(ended))
        self._add("phases", self.phases, noted, MAX_PHASES)

    def _add(self, name: str, items: list[Item], item: Item, most: int) -> None:
        if len(items) < most:
            items.append(item)
        else:
            self.more[name] += 1
