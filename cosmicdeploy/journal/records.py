"""The shapes of the journal's records, as far as they are read again.

What else a record holds is for people. A step's `before` has a shape by the kind of the step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from cosmicdeploy.journal.step_kinds import current_kind

Record = dict[str, Any]
YEARS = range(1971, 9999)


def _known_time(text: str) -> str:
    if datetime.fromisoformat(text).year not in YEARS:
        raise ValueError("no clock shows this year")
    return text


Words = Annotated[str, Field(pattern=r"\S")]
Moment = Annotated[str, AfterValidator(_known_time)]
Names = list[str]


class Shape(BaseModel):
    """What is read again of a record or a part of one; the rest may be anything."""

    model_config = ConfigDict(defer_build=True, strict=True, extra="ignore")


class Common(Shape):
    """What each record has."""

    kind: str
    at: Moment
    run: str = ""
    resolves: Names = []


class KnownFailures(Shape):
    """What did not work when a run began: what was found, by service and by point."""

    services: dict[str, str] = {}
    points: dict[str, str] = {}


class State(Shape):
    """A stack as `state.observe` sees it."""

    tags: dict[str, str | None]
    containers: dict[str, dict[str, Any] | None]
    digest: str | None = Field(alias="schema")
    migrations: Names | None
    known_failures: KnownFailures = KnownFailures()


class Run(Common):
    command: Words
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
    command: Words
    run_kind: str = ""
    release: str | None = None
    images: dict[str, str] | None = None
    backup: str | None = None
    backups: Names = []


class Accepted(Common):
    containers: dict[str, dict[str, Any] | None]


class CacheCleared(Common):
    image: str


# What a record of a kind has. Kinds beside these are those of versions to come.
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


FACTS: Mapping[str, type[Shape]] = {"backup": BackedUp, "migrate": Migrations}


def parsed(line: bytes) -> Any:
    """Return the JSON of a line, with the kind of a step under its present name.

    Raises `ValueError` if the line is not JSON.
    """
    data = from_json(line)
    if isinstance(data, dict) and isinstance(data.get("step_kind"), str):
        data["step_kind"] = current_kind(data["step_kind"])
    return data


def repeats_a_key(line: bytes) -> bool:
    """Whether an object in a line that `parsed` took has a key twice, and so says two things."""
    repeats = False

    def seen(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        repeats = repeats or len(pairs) > len(dict(pairs))
        return dict(pairs)

    json.loads(line, object_pairs_hook=seen)
    return repeats


def objection(data: Any) -> str:
    """Why a line's JSON is no record that can be used; "" where it is one."""
    if not isinstance(data, dict):
        return "it is no record"
    kind = data.get("kind")
    if not isinstance(kind, str):
        return "it is no record"
    if kind not in KINDS:
        return f"this version knows no record of the kind {kind!r}"
    try:
        KINDS[kind].model_validate(data)
        for shapes, part in ((BEFORE, "before"), (FACTS, "facts")):
            if part in data and data.get("step_kind") in shapes:
                shapes[data["step_kind"]].model_validate(data[part])
    except ValidationError as error:
        return f"{kind}: {_first(error)}"
    return ""


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
