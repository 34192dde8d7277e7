"""The shapes of a step's `before` (the previous state) and `facts` (its result) in the journal.

Only what the deployer reads back has a shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from cosmicdeploy.journal.record_shapes import Names, Shape


class Container(Shape):
    id: str
    running: bool


class RestartedContainer(Container):
    ready: bool
    started_at: str


class LockWait(Shape):
    """The server's `lock_wait_timeout` in seconds: before the step, and as the step sets it."""

    former: int
    set: int


class Tags(Shape):
    tags: dict[str, str | None]


class Containers(Shape):
    containers: dict[str, Container | None]


class RestartedInPlace(Shape):
    """`shielded`: maintenance was already on before the step."""

    containers: dict[str, RestartedContainer]
    shielded: bool


class Quiesced(Shape):
    """`containers` is service → container id. `shielded`: maintenance was already on."""

    containers: dict[str, str]
    ready: Names
    shielded: bool


class Restored(Shape):
    target: str


class Migrated(Shape):
    applied: Names
    digest: str = Field(alias="schema")
    names: Names | None = None
    pending: list[dict[str, Any]] = Field(default_factory=list)
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


class FilledVolume(Shape):
    """A volume into which the files of an image were put: where the service has it mounted."""

    service: str
    target: str
    subpath: str
    image: str
    had_record: bool


class FilledVolumes(Shape):
    """`set_aside` names the folder in each volume that has what was replaced."""

    set_aside: str = Field(pattern="^[0-9a-f]{8}$")
    volumes: dict[str, FilledVolume]


# Kind of step → the shape of its `before`.
BEFORE: Mapping[str, type[Shape]] = {
    "build": Tags,
    "chown": FileOwner,
    "feature": Switched,
    "images": Tags,
    "mark-migrated": MarkedMigrated,
    "migrate": Migrated,
    "migrate-down": MigratedDown,
    "pull": Tags,
    "quiesce": Quiesced,
    "restart-in-place": RestartedInPlace,
    "restore": Restored,
    "rollout": Containers,
    "services": Containers,
    "static-files": FilledVolumes,
}


class BackedUp(Shape):
    backup: str


class Migrations(Shape):
    migrations: Names = Field(default_factory=list)
    digest: str = Field(default="", alias="schema")


# Kind of step → the shape of its `facts`.
FACTS: Mapping[str, type[Shape]] = {"backup": BackedUp, "migrate": Migrations}
