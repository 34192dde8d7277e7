"""The manifest: a JSON file that describes a backup, next to its data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, ValidationError

from cosmicdeploy.database.schema.definitions import Definition
from cosmicdeploy.database.schema.rebuilding.routine_grants import RoutineGrant
from cosmicdeploy.database.schema.tables.columns import Outline
from cosmicdeploy.database.stored_model import StoredModel
from cosmicdeploy.errors import BackupError

# "no data": the stack has no database, so the backup only names images.
Status = Literal["running", "good", "failed", "no data"]
# How a new backup is proven: by loading its structure, by also loading its data after a deploy, or
# not at all.
Prove = Literal["structure", "data", "off"]
# Where the rows of a dump were counted. "snapshot": in the dump, and by the server in the dump's
# snapshot. "around": in the dump, and by the server just before the dump; a table with fewer rows
# in the dump is counted again. Only earlier versions of the deployer wrote the other two values.
RowsCounted = Literal["snapshot", "around", "in the dump", "before and after"]
# Within this range a time can be shown in every time zone.
FIRST_MOMENT, LAST_MOMENT = datetime(1971, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
Moment = Annotated[AwareDatetime, Field(ge=FIRST_MOMENT, le=LAST_MOMENT)]


class Content(StoredModel):
    """Size and SHA-256 (hex) of a stream of bytes."""

    bytes: int
    sha256: str


class TableRows(StoredModel):
    """The number of rows of a table.

    `before` and `after` are equal if the rows were counted in the dump. Older versions of the
    deployer counted the table just before and just after the dump instead. `checksum` is the
    checksum that the server computed of the rows in the dump's snapshot; "" if it computed none.
    """

    before: int
    after: int
    checksum: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether the number of rows in the dump is known."""
        return self.before == self.after


class Objects(StoredModel):
    """The tables, views, triggers, routines and events of the schema."""

    tables: dict[str, TableRows] = Field(default_factory=dict)
    views: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    routines: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


class StructureProof(StoredModel):
    """The proof that the structure of a backup loads, and is then the same as before.

    `objects` is the number of tables, views, routines, triggers and events that were created in a
    temporary schema and compared. `seconds` is how much longer the backup took because of the
    proof.
    """

    seconds: float
    objects: int


class Manifest(StoredModel):
    """The description of one backup.

    `reason` is why the backup failed or has no data. `created_at` is when the backup started, with
    a UTC offset; `seconds` is how long it took. `project` is the Compose project, and `server_id`
    the identity of the server's data directory. Both are "" if an older version of the deployer
    wrote the manifest; `server_id` is also "" if the server reports no identity.

    `release` is the release of the main application; `releases` is service → release, for all
    replicas, the scheduler and the workers. `images` is service → image id; `digests` is service →
    "repository@sha256:…", for the images that a registry has.

    `collation` is the schema's default collation. `definitions` is label → SHA-256 of text and
    settings, for each view, routine, trigger and event. `event_definitions` holds the complete
    definitions of the events, and `object_definitions` those of all views, routines and triggers. A
    restore creates the objects from these. `object_definitions` is None if an older version of the
    deployer wrote the manifest: a restore then takes these objects from the dump. `routine_grants`
    are the privileges on single routines. `table_definitions` is table → SHA-256 of its definition.

    `prove` is how the backup had to be proven; None if an older version of the deployer wrote the
    manifest. `structure_proof` is None if the structure was not loaded when the backup was made.
    `rows_counted` says where the rows were counted.

    `raw` and `compressed` describe the SQL and the data file. `schema_statements` are statements of
    the dump that name a schema; only older versions of the deployer accepted such a dump.
    `signature` was made with a `SigningKey`; it is "" if the manifest is not signed.

    If `status` is "no data", the fields about database, server and dump are empty.
    """

    format: Literal[1] = 1
    id: str
    status: Status = "running"
    reason: str = ""
    created_at: Moment
    seconds: float = 0.0
    database: str
    project: str = ""
    server_vendor: str
    server_version: str
    server_id: str = ""
    release: str | None = None
    images: dict[str, str] = Field(default_factory=dict)
    digests: dict[str, str] = Field(default_factory=dict)
    releases: dict[str, str] = Field(default_factory=dict)
    highest_batch: int = 0
    migrations: tuple[str, ...] = ()
    outline: Outline = Field(default_factory=dict)
    schema_digest: str = ""
    collation: str = ""
    definitions: dict[str, str] = Field(default_factory=dict)
    event_definitions: tuple[Definition, ...] = ()
    object_definitions: tuple[Definition, ...] | None = None
    routine_grants: tuple[RoutineGrant, ...] = ()
    table_definitions: dict[str, str] = Field(default_factory=dict)
    prove: Prove | None = None
    structure_proof: StructureProof | None = None
    definers: tuple[str, ...] = ()
    rows_counted: RowsCounted = "before and after"
    objects: Objects = Objects()
    raw: Content | None = None
    compressed: Content | None = None
    tool: str = ""
    schema_statements: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    signature: str = ""

    @property
    def recorded(self) -> tuple[Definition, ...]:
        """All objects that the manifest holds in full."""
        return (*(self.object_definitions or ()), *self.event_definitions)

    @property
    def release_text(self) -> str:
        """The release, "" if unknown; several releases are shown as "2 (api, jobs), 3 (web)"."""
        services: dict[str, list[str]] = {}
        for name, release in self.releases.items():
            services.setdefault(release, []).append(name)
        if len(services) < 2:
            return self.release or ""
        return ", ".join(f"{each} ({', '.join(names)})" for each, names in services.items())

    def updated(self, **changes: object) -> Manifest:
        """Return a copy with some fields replaced, validated again."""
        return Manifest.model_validate({**self.model_dump(), **changes})

    def to_json(self) -> str:
        """Return the manifest in its stored form.

        An empty `signature` is left out, since older versions do not know this field.
        """
        unset = None if self.signature else {"signature"}
        return self.model_dump_json(indent=2, exclude=unset) + "\n"


def parse_manifest(text: str, where: str) -> Manifest:
    """Parse a stored manifest. Raises `BackupError` if it is damaged or has another format."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "JSON"
        raise BackupError(
            f"The backup's manifest cannot be read: {key}: {first['msg']}",
            where=where,
            todo="take another backup, or repair the file from a copy",
        ) from error


def now() -> datetime:
    """Return the current time in UTC, in whole seconds as manifests store it."""
    return datetime.now(UTC).replace(microsecond=0)
