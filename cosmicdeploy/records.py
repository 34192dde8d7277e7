"""The shapes of the journal's records, as far as they are read again.

What else a record holds is for people. A step's `before` has a shape by the kind of the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import from_json
from typing_extensions import TypedDict

Record = dict[str, Any]
YEARS = range(1971, 9999)


def _known_time(text: str) -> str:
    if datetime.fromisoformat(text).year not in YEARS:
        raise ValueError("no clock shows this year")
    return text


Words = Annotated[str, Field(pattern=r"\S")]
Moment = Annotated[str, AfterValidator(_known_time)]
Names = list[str]


class Common(TypedDict):
    """What each record has."""

    kind: str
    at: Moment
    run: NotRequired[str]
    resolves: NotRequired[Names]


class State(TypedDict):
    """A stack as `state.observe` sees it."""

    tags: dict[str, str | None]
    containers: dict[str, dict[str, Any] | None]
    schema: str | None
    migrations: Names | None


class Run(Common):
    command: Words
    who: str
    pid: int
    release: str
    target: str | None
    state: State


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
    release: NotRequired[str | None]
    images: NotRequired[dict[str, str] | None]
    backup: NotRequired[str | None]
    backups: NotRequired[Names]


class CacheCleared(Common):
    image: str


# What a record of a kind has. Kinds beside these are those of versions to come.
KINDS: Mapping[str, Any] = {
    "run": Run,
    "intent": Intent,
    "done": Done,
    "undone": OfStep,
    "failed": Common,
    "ended": Ended,
    "success": Common,
    "unwound": Common,
    "resolved": Common,
    "release": Release,
    "cache-cleared": CacheCleared,
    "switching": Common,
    "switched": Common,
}


class Container(TypedDict):
    id: str
    running: bool


class Restarted(Container):
    ready: bool
    started_at: str


class LockWait(TypedDict):
    former: int
    set: int


class Tags(TypedDict):
    tags: dict[str, str | None]


class Containers(TypedDict):
    containers: dict[str, Container | None]


class Bounced(TypedDict):
    containers: dict[str, Restarted]
    shielded: bool


class Quiesced(TypedDict):
    containers: dict[str, str]
    ready: Names
    shielded: bool


class Restored(TypedDict):
    target: str


class Migrated(TypedDict):
    applied: Names
    schema: str
    names: NotRequired[Names | None]
    pending: NotRequired[list[dict[str, Any]]]
    lock_wait: NotRequired[LockWait]


class MigratedDown(TypedDict):
    backup: str | None
    lock_wait: NotRequired[LockWait]


class Switched(TypedDict):
    enabled: bool | None


class Noted(TypedDict):
    names: Names


class Owned(TypedDict):
    path: str
    owner: str


BEFORE: Mapping[str, Any] = {
    "bounce": Bounced,
    "build": Tags,
    "feature": Switched,
    "images": Tags,
    "migrate": Migrated,
    "migrate-down": MigratedDown,
    "note-migrations": Noted,
    "own-file": Owned,
    "quiesce": Quiesced,
    "restart": Containers,
    "restore": Restored,
    "services": Containers,
}


class BackedUp(TypedDict):
    backup: str


class Migrations(TypedDict):
    migrations: NotRequired[Names]
    schema: NotRequired[str]


FACTS: Mapping[str, Any] = {"backup": BackedUp, "migrate": Migrations}


def parsed(line: bytes) -> Any:
    """The JSON of a line; raises `ValueError` where it is none."""
    return from_json(line)


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
        _shape(KINDS[kind]).validate_python(data, strict=True)
        for shapes, part in ((BEFORE, "before"), (FACTS, "facts")):
            if part in data and data.get("step_kind") in shapes:
                _shape(shapes[data["step_kind"]]).validate_python(data[part], strict=True)
    except ValidationError as error:
        return f"{kind}: {_first(error)}"
    return ""


@cache
def _shape(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
