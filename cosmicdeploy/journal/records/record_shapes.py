"""The shapes (pydantic models) of the journal's records: the keys that the deployer reads back.

A record may have other keys; these are not checked. Two parts of a step's records, `before` and
`facts`, have shapes of their own in `step_shapes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from cosmicdeploy.journal.lines import SUMMARY
from cosmicdeploy.journal.records.shape import Common, Moment, Names, NonBlank, Shape
from cosmicdeploy.journal.records.summary import Summary


class KnownFailures(Shape):
    """The services and the points of `verify` that failed before a run: name → reason.

    `new` are the services that the run creates.
    """

    services: dict[str, str] = Field(default_factory=dict)
    points: dict[str, str] = Field(default_factory=dict)
    new: Names = Field(default_factory=list)


class State(Shape):
    """The state of a stack, as `runs/undo/snapshot.py` records it.

    `tags` maps image tags to image ids, `containers` maps services to facts about their containers;
    None for what does not exist. `digest` is that of the schema, and `migrations` are the applied
    ones; both are None if the schema could not be read.
    """

    tags: dict[str, str | None]
    containers: dict[str, dict[str, Any] | None]
    digest: str | None = Field(alias="schema")
    migrations: Names | None
    known_failures: KnownFailures = KnownFailures()


class Run(Common):
    """The first record of a run; `target` is the ID of the backup that a rollback goes back to.

    `run_kind` is a `RunKind`, and `included` are the services that `--include` named. Earlier
    versions recorded neither.

    The record also has `origin` (`origin.py`), and `releases`: the releases that ran before the
    run, by service. These two are only shown, so a record is usable even if they are damaged or
    missing.
    """

    command: NonBlank
    who: str
    pid: int
    release: str
    target: str | None
    state: State
    run_kind: str = ""
    included: Names = Field(default_factory=list)


class StepRecord(Common):
    step: str
    step_kind: str


class Intent(StepRecord):
    """Written before a step changes something; `before` is the state that its undo restores."""

    options: dict[str, Any]
    change: str
    before: dict[str, Any]


class Done(StepRecord):
    """Written after a step has succeeded; `facts` is its result."""

    facts: dict[str, Any]


class Ended(Common):
    """The end of a run that failed; `whole`: all changes of the run were undone."""

    whole: bool


class Release(Common):
    """The release that a run has put in place.

    `images` maps services to image ids. `backups` are the IDs of the backups that lead back to the
    previous release; earlier versions recorded only the first of these, as `backup`.
    """

    command: NonBlank
    run_kind: str = ""
    release: str | None = None
    images: dict[str, str] | None = None
    backup: str | None = None
    backups: Names = Field(default_factory=list)


class Accepted(Common):
    """The containers that the operator accepted in place of an undo (`deploy --abort --accept`)."""

    containers: dict[str, dict[str, Any] | None]


class CacheCleared(Common):
    """The application's caches were cleared for the image with the id `image`."""

    image: str


class Rotating(Common):
    """Written before lines move to the archive, which has `archive_bytes` bytes at this time."""

    archive_bytes: int = Field(ge=0)


class Rotated(Common):
    """Written in place of the lines that moved to the archive.

    `until` is the time of the newest record in the archive; None if no record there has a time.
    `last` is the id of the last run that began before the lines which follow this record.
    """

    until: Moment | None = None
    last: str = ""


# Kind of record → its shape. Only a later version writes other kinds.
KINDS: Mapping[str, type[Shape]] = {
    "run": Run,
    "intent": Intent,
    "done": Done,
    "undone": StepRecord,
    "failed": Common,  # the run failed, and its undo begins
    "ended": Ended,
    "success": Common,
    SUMMARY: Summary,  # the last record of a run, for `history` and `report`
    "unwound": Common,  # interrupted runs were undone
    "resolved": Common,  # the operator has repaired the schema
    "accepted": Accepted,
    "release": Release,
    "cache-cleared": CacheCleared,
    "switching": Common,  # before a feature is switched on or off
    "switched": Common,
    "rotating": Rotating,
    "rotated": Rotated,
}
