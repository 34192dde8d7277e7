"""The shapes (pydantic models) of the parts `before` and `facts` of a step's journal records.

`before` is the state before the step, which the step's undo restores. `facts` is the step's result.
The shapes declare only keys that the deployer reads back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from cosmicdeploy.journal.records.shape import Names, Shape


class Container(Shape):
    id: str
    running: bool


class RestartedContainer(Container):
    ready: bool
    started_at: str


class LockWait(Shape):
    """The database server's `lock_wait_timeout` in seconds.

    `former` is the value before the step, `set` the value while the step runs.
    """

    former: int
    set: int


class Tags(Shape):
    """`tags` maps each image tag to the image id that it named; None if the tag did not exist."""

    tags: dict[str, str | None]


class Orphan(Container):
    """A container that no service declares, as it was before a step stops it.

    `service` is set only for an orphan in `Containers.in_the_way`: the service that needs what the
    orphan holds.
    """

    name: str
    ready: bool
    service: str = ""


class LeftOut(Container):
    """A container of the `service` that a rollback leaves out, as it was before a step."""

    service: str


class Containers(Shape):
    """`containers` maps each service to its container; None if the service had none.

    `in_the_way` are the orphans that the step stops because they hold what one of the services
    needs, such as a port of the host. `left_out` are the containers, which the step stops or
    starts, of services that are younger than the backup of the rollback.
    """

    containers: dict[str, Container | None]
    in_the_way: list[Orphan] = Field(default_factory=list)
    left_out: list[LeftOut] = Field(default_factory=list)


class RolledOut(Containers):
    """`out_of_service` are the servers that the load balancer did not use before the step."""

    out_of_service: Names = Field(default_factory=list)


class RanToTheEnd(Containers):
    """`migrates` is the service whose migrations the step `migrate` has run; "" if none did."""

    migrates: str = ""


class Orphans(Shape):
    orphans: list[Orphan]


class RestartedInPlace(Shape):
    """`shielded`: the step turns clients away, and maintenance was already on before it.

    `out_of_service` are the servers that the load balancer did not use before the step.
    """

    containers: dict[str, RestartedContainer]
    shielded: bool
    out_of_service: Names = Field(default_factory=list)


class Quiesced(Shape):
    """`containers` maps each stopped service to its container's id.

    `ready` are the services that were ready. `shielded`: the step turns clients away, and
    maintenance was already on before it.
    """

    containers: dict[str, str]
    ready: Names
    shielded: bool


class Restored(Shape):
    """`target` is the ID of the backup whose data the step puts in place."""

    target: str


# The kind and the name of an object of a schema.
NamedObject = Annotated[Names, Field(min_length=2, max_length=2)]


class Migrated(Shape):
    """The state of the schema before pending migrations run.

    `applied` are the migrations that have run, and `digest` is a digest of the schema. `names` are
    the pending migrations, None if no migrations table existed; `pending` are their statements.
    `objects` are those of the schema before its first migrations. `again`: the step first drops
    what the first migrations left half done in an interrupted run. `bookkeeping` are the
    framework's own tables, if the framework is not Laravel. `parents` are the migrations that must
    run before each pending one, if the framework's table has only the newest migrations.
    `stays_by` is the framework's name if it cannot roll migrations back, "" if it can.
    """

    applied: Names
    digest: str = Field(alias="schema")
    names: Names | None = None
    pending: list[dict[str, Any]] = Field(default_factory=list)
    objects: list[NamedObject] = Field(default_factory=list)
    again: bool = False
    bookkeeping: Names = Field(default_factory=list)
    parents: dict[str, Names] = Field(default_factory=dict)
    stays_by: str = ""
    lock_wait: LockWait = LockWait(former=0, set=0)


class MigratedDown(Shape):
    """`backup` is the ID of the backup that an undo restores; None if there is no backup."""

    backup: str | None
    lock_wait: LockWait = LockWait(former=0, set=0)


class Switched(Shape):
    """`enabled`: whether the feature was on; None if its state was unknown."""

    enabled: bool | None


class MarkedMigrated(Shape):
    """`names` are the pending migrations that the step records as run."""

    names: Names


class FileOwner(Shape):
    """`owner` is the owner of the file `path` before the step."""

    path: str
    owner: str


class FilledVolume(Shape):
    """A volume into which the step puts files of an image.

    `service` mounts the folder `subpath` of the volume at the path `target`. `image` is the image's
    id. `had_record`: an earlier deploy had recorded which files it put into the volume.
    """

    service: str
    target: str
    subpath: str
    image: str
    had_record: bool


class FilledVolumes(Shape):
    """The filled volumes by name; in each, the folder named `set_aside` holds replaced files."""

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
    "one-shot": RanToTheEnd,
    "orphans": Orphans,
    "pull": Tags,
    "quiesce": Quiesced,
    "restart-in-place": RestartedInPlace,
    "restore": Restored,
    "rollout": RolledOut,
    "services": Containers,
    "static-files": FilledVolumes,
}


class BackedUp(Shape):
    """`backup` is the ID of the backup that the step took."""

    backup: str


class Migrations(Shape):
    """`migrations` are the migrations that the step ran; `digest` is the new schema's digest.

    `contents` are the checksums of the tables that the first migrations of a schema created.
    """

    migrations: Names = Field(default_factory=list)
    digest: str = Field(default="", alias="schema")
    contents: dict[str, str] = Field(default_factory=dict)


# Kind of step → the shape of its `facts`.
FACTS: Mapping[str, type[Shape]] = {"backup": BackedUp, "migrate": Migrations}
