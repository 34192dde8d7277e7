"""The shapes of the journal's records: the keys that the deployer reads back, and their types.

A record may have other keys, which are only displayed. The parts `before` and `facts` of a step's
records have shapes of their own (see `step_shapes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

PLAUSIBLE_YEARS = range(1971, 9999)


def _plausible_time(text: str) -> str:
    if datetime.fromisoformat(text).year not in PLAUSIBLE_YEARS:
        raise ValueError("the year is not plausible")
    return text


NonBlank = Annotated[str, Field(pattern=r"\S")]
Moment = Annotated[str, AfterValidator(_plausible_time)]
Names = list[str]


class Shape(BaseModel):
    """The keys of a record, or of a part of it, that are read back; other keys are ignored."""

    model_config = ConfigDict(defer_build=True, strict=True, extra="ignore")


class Common(Shape):
    """The keys of every record."""

    kind: str
    at: Moment
    run: str = ""
    resolves: Names = []


class KnownFailures(Shape):
    """What did not work when a run began: name → reason, of services and verification points."""

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
    included: Names = []


class StepRecord(Common):
    step: str
    step_kind: str


class Intent(StepRecord):
    options: dict[str, Any]
    change: str
    before: dict[str, Any]


class Done(StepRecord):
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


# Kind of record → its shape. Only a later version writes other kinds.
KINDS: Mapping[str, type[Shape]] = {
    "run": Run,
    "intent": Intent,
    "done": Done,
    "undone": StepRecord,
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
