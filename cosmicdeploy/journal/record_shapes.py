"""The shapes of the journal's records, as far as they are read again.

The other keys of a record are only shown. A step's `before` has a shape by the kind of the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

YEARS = range(1971, 9999)


def _plausible_time(text: str) -> str:
    if datetime.fromisoformat(text).year not in YEARS:
        raise ValueError("the year is not plausible")
    return text


NonBlank = Annotated[str, Field(pattern=r"\S")]
Moment = Annotated[str, AfterValidator(_plausible_time)]
Names = list[str]


class Shape(BaseModel):
    """What is read again of a record, or of a part of it; other keys are ignored."""

    model_config = ConfigDict(defer_build=True, strict=True, extra="ignore")


class Common(Shape):
    """The keys that every record has."""

    kind: str
    at: Moment
    run: str = ""
    resolves: Names = []


class KnownFailures(Shape):
    """What did not work when a run began: the reason, by service and by point."""

    services: dict[str, str] = {}
    points: dict[str, str] = {}


class State(Shape):
    """The state of a stack, as `runs/snapshot.py` records it."""

    tags: dict[str, str | None]
    containers: dict[str, dict[str, Any] | None]
    digest: str | None = Field(alias="schema")
    migrations: Names | None
    known_failures: KnownFailures = KnownFailures()


class Run(Common):
    command: NonBlank
    who: str
    pid: int
    release: str
    target: str | None
    state: State
    run_kind: str = ""


class OfStep(Common):
    step: str
    step_kind: str


class Intent(OfStep):
    options: dict[str, Any]
    change: str
    before: dict[str, Any]


class Done(OfStep):
    facts: dict[str, Any]


class Ended(Common):
    whole: bool


class Release(Common):
    command: NonBlank
    run_kind: str = ""
    release: str | None = None
    images: dict[str, str] | None = None
    backup: str | None = None
    backups: Names = []


class Accepted(Common):
    containers: dict[str, dict[str, Any] | None]


class CacheCleared(Common):
    image: str


# The shape of each kind of record. Other kinds are those of later versions.
KINDS: Mapping[str, type[Shape]] = {
    "run": Run,
    "intent": Intent,
    "done": Done,
    "undone": OfStep,
    "failed": Common,
    "ended": Ended,
    "success": Common,
    "unwound": Common,
    "resolved": Common,
    "accepted": Accepted,
    "release": Release,
    "cache-cleared": CacheCleared,
    "switching": Common,
    "switched": Common,
}


class Container(Shape):
    id: str
    running: bool


class RestartedContainer(Container):
    ready: bool
    started_at: str


class LockWait(Shape):
    former: int
    set: int


class Tags(Shape):
    tags: dict[str, str | None]


class Containers(Shape):
    containers: dict[str, Container | None]


class RestartedInPlace(Shape):
    containers: dict[str, RestartedContainer]
    shielded: bool


class Quiesced(Shape):
    containers: dict[str, str]
    ready: Names
    shielded: bool


class Restored(Shape):
    target: str


class Migrated(Shape):
    applied: Names
    digest: str = Field(alias="schema")
    names: Names | None = None
    pending: list[dict[str, Any]] = []
    lock_wait: LockWait = LockWait(former=0, set=0)


class MigratedDown(Shape):
    backup: str | None
    lock_wait: LockWait = LockWait(former=0, set=0)


class Switched(Shape):
    enabled: bool | None


class MarkedMigrated(Shape):
    names: Names


class FileOwner(Shape):
    path: str
    owner: str


# The shape of `before`, by kind of step.
BEFORE: Mapping[str, type[Shape]] = {
    "build": Tags,
    "chown": FileOwner,
    "feature": Switched,
    "images": Tags,
    "mark-migrated": MarkedMigrated,
    "migrate": Migrated,
    "migrate-down": MigratedDown,
    "quiesce": Quiesced,
    "restart-in-place": RestartedInPlace,
    "restore": Restored,
    "rollout": Containers,
    "services": Containers,
}


class BackedUp(Shape):
    backup: str


class Migrations(Shape):
    migrations: Names = []
    digest: str = Field(default="", alias="schema")


# The shape of `facts`, by kind of step.
FACTS: Mapping[str, type[Shape]] = {"backup": BackedUp, "migrate": Migrations}
