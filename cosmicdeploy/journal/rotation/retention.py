"""Choose the lines of the journal that stay when the others move to the archive.

A run stays or moves as a unit, with all its records: if only some of its records stayed, the run
would look interrupted. A record outside of any run is a unit of its own.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cosmicdeploy.journal.lines import text_of
from cosmicdeploy.journal.records.shape import PLAUSIBLE_YEARS
from cosmicdeploy.journal.rotation.needed import Needed, NeededUnits, texts

# This many of the newest units stay.
KEPT_UNITS = 1000
# Kinds of records that a rotation writes, and that the next rotation leaves out.
OF_ROTATIONS = ("rotating", "rotated")
# This many ids of runs are in memory at a time. Fewer runs than this lie between two records of one
# run.
MAX_RUNS = 5000


class Owners:
    """Finds the unit to which each line belongs, from the first line on.

    `open_runs` are the ids of the runs that are not over. `last` is the run that began last.
    """

    def __init__(self, open_runs: Set[str]) -> None:
        self._open = open_runs
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.last = ""

    def unit(self, number: int, data: Any) -> str:
        """Return the unit of a line: a run's id, or "@NUMBER" for a record outside of any run.

        `number` is the line's number, and `data` its parsed JSON. A line that names no known run
        belongs to the run that began last, if that run is not over: the line may be a damaged
        record of that run. Returns "" if the line is no record and belongs to no run.
        """
        run, kind = text_of(data, "run"), text_of(data, "kind")
        is_known = run in self._seen
        if kind == "rotated":
            self.last = text_of(data, "last")
        if kind == "run" or (kind == "intent" and not is_known):
            self.last, is_known = run, bool(run)
        if is_known:
            self._seen[run] = None
            self._seen.move_to_end(run)
            if len(self._seen) > MAX_RUNS:
                self._seen.popitem(last=False)
            return run
        if self.last in self._open:
            return self.last
        return f"@{number}" if kind else ""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The lines that stay: those from the line `boundary` on, and those of the units in `kept`."""

    boundary: int
    kept: Set[str]


@dataclass(kw_only=True)
class Survey:
    """Goes through the journal once, line by line, and then says which lines stay.

    The runs that are not over (`open_runs`) stay, and so does what is `needed`. Of the other units,
    the newest stay, unless they are older than `cutoff` (Unix time).
    """

    open_runs: Set[str]
    needed: Needed
    cutoff: float
    _owners: Owners = field(init=False)
    _needed: NeededUnits = field(init=False)
    # The units that stay whatever their age: open runs, and records that their undo needs.
    _kept: set[str] = field(init=False)
    # Run → its first and its last line, for the most recent runs.
    _spans: OrderedDict[str, tuple[int, int]] = field(default_factory=OrderedDict)
    # The first lines of the newest units, without those of open runs.
    _newest: deque[int] = field(default_factory=lambda: deque(maxlen=KEPT_UNITS))
    # Run → the units that have a record which ended the run.
    _resolved_by: dict[str, set[str]] = field(default_factory=dict)
    # The line of the first record that is not older than the cutoff.
    _young_from: int = 0
    # The line of the last rotation's record. That rotation kept the lines before it as needed.
    _rotated: int = 0
    _lines: int = 0

    def __post_init__(self) -> None:
        self._owners = Owners(self.open_runs)
        self._needed = NeededUnits(needed=self.needed)
        self._kept = set(self.open_runs)

    def line(self, number: int, data: Any) -> None:
        """Take the next line into account; `data` is its parsed JSON, None if it is not JSON."""
        self._lines = number
        unit, kind = self._owners.unit(number, data), text_of(data, "kind")
        is_new = self._is_new(unit, number)
        if kind == "rotated":
            self._rotated = number
        if not isinstance(data, dict) or not kind or kind in OF_ROTATIONS:
            return
        if not self._young_from and timestamp(text_of(data, "at")) >= self.cutoff:
            self._young_from = number
        if is_new and unit not in self.open_runs:
            self._newest.append(number)
        if kind == "resolved" and any(run in self._spans for run in self.open_runs):
            self._kept.add(unit)  # this record changes what the undo of an open run does
        for run in texts(data.get("resolves")):
            self._resolved_by.setdefault(run, set()).add(unit)
        self._needed.add(unit, data)

    def _is_new(self, unit: str, number: int) -> bool:
        """Note a line of the unit; return whether it is the unit's first."""
        if unit.startswith("@") or not unit:
            return True
        first, _ = self._spans.pop(unit, (number, 0))
        self._spans[unit] = (first, number)
        if len(self._spans) > MAX_RUNS:
            self._spans.popitem(last=False)
        return first == number

    def selection(self) -> Selection:
        """Return which of the lines so far stay."""
        newest = self._newest[0] if len(self._newest) == KEPT_UNITS else 1
        young = self._young_from or self._lines + 1
        boundary = max(newest, young, self._rotated + 1)
        # Runs with lines on both sides of the boundary.
        astride = {run for run, (first, last) in self._spans.items() if first < boundary <= last}
        kept = {*self._kept, *self._needed.units(), *astride}
        # A run that stays counts as ended only if the record that ended it stays too.
        waiting = list(kept)
        while waiting:
            ending = self._resolved_by.get(waiting.pop(), set()) - kept
            kept |= ending
            waiting += ending
        return Selection(boundary=boundary, kept=kept)


def timestamp(iso: str) -> float:
    """Return an ISO 8601 time as Unix time; 0 if it is invalid or not plausible."""
    try:
        moment = datetime.fromisoformat(iso)
        return moment.timestamp() if moment.year in PLAUSIBLE_YEARS else 0.0
    except (ValueError, OverflowError, OSError):
        return 0.0
