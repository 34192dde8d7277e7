"""Find the units of the journal (see `retention.py`) that are still needed, whatever their age."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import Any

from cosmicdeploy.journal.lines import text_of
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import IMAGES

# Kinds of records of which readers look for the newest one; for steps, the newest of each kind of
# step.
READ_LAST = ("intent", "done", "undone", "release", "cache-cleared")


@dataclass(frozen=True, kw_only=True)
class Needed:
    """The subjects whose records in the journal are still needed.

    `backups` are the IDs of the backups that exist, and `releases` is how many of the last releases
    can be rolled back: the records of these releases are needed. `images` are ids of images; the
    records of the steps that built, pulled or adopted them are needed. `tags` are the image tags of
    the compose file; for each tag, the newest record of a step that set the tag is needed. The same
    holds for any other tag while that record is one of a rollback that moved the tag.
    """

    backups: Set[str] = frozenset()
    images: Set[str] = frozenset()
    tags: Set[str] = frozenset()
    releases: int = 0


@dataclass(kw_only=True)
class NeededUnits:
    """Collects the units that are needed, record by record, oldest first.

    If readers look for the newest record of a kind, the unit of that record is needed.
    """

    needed: Needed
    _units: set[str] = field(default_factory=set)
    # Subject → the unit that has the newest record about it.
    _newest: dict[tuple[str, ...], str] = field(default_factory=dict)
    _releases: deque[str] = field(init=False)

    def __post_init__(self) -> None:
        self._releases = deque(maxlen=self.needed.releases)

    def units(self) -> set[str]:
        """Return the needed units among the records so far."""
        return {*self._units, *self._newest.values(), *self._releases}

    def add(self, unit: str, record: dict[str, Any]) -> None:
        """Take a record into account, even if it does not have the shape of its kind."""
        kind = text_of(record, "kind")
        if kind in READ_LAST:
            self._newest["kind", kind, text_of(record, "step_kind")] = unit
        if kind == "release":
            self._add_release(unit, record)
        elif kind == "done" and isinstance(facts := record.get("facts"), dict):
            self._add_images(unit, facts, text_of(record, "step_kind"))

    def _add_release(self, unit: str, record: dict[str, Any]) -> None:
        backups = {*texts(record.get("backups")), *texts([record.get("backup")])}
        if backups and RunKind.of_record(record).places_release:
            self._releases.append(unit)
        if backups & self.needed.backups:
            self._units.add(unit)

    def _add_images(self, unit: str, facts: dict[str, Any], step_kind: str) -> None:
        images, adopted = facts.get("images"), facts.get("adopted")
        tags = images if isinstance(images, dict) else {}
        named = {*texts(tags.values()), *(adopted if isinstance(adopted, dict) else ())}
        if named & self.needed.images:
            self._units.add(unit)
        moved = texts(facts.get("moved")) if step_kind == IMAGES else set()
        for tag in tags:
            if tag in self.needed.tags or tag in moved:
                self._newest["tag", tag] = unit
            else:
                self._newest.pop(("tag", tag), None)


def texts(values: Any) -> set[str]:
    """Return the texts in a collection, such as the keys of an object; empty for a text itself."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        return set()
    return {value for value in values if isinstance(value, str)}
