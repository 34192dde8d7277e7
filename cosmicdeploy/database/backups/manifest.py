"""What a backup says of itself: a JSON file beside the data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from cosmicdeploy.database.schema.definitions import Definition
from cosmicdeploy.errors import BackupError

Status = Literal["running", "good", "failed"]
# Such that the clock of any zone can show it.
FIRST_MOMENT, LAST_MOMENT = datetime(1971, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
Moment = Annotated[AwareDatetime, Field(ge=FIRST_MOMENT, le=LAST_MOMENT)]


class _Record(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)


class Content(_Record):
    """A stream of bytes: how many, and their SHA-256 in hex."""

    bytes: int
    sha256: str


class TableRows(_Record):
    """A table's rows in the dump, or, where these were not counted, right before and after it."""

    before: int
    after: int

    @property
    def steady(self) -> bool:
        """Whether the number is the dump's own: counted in it, or the same before and after."""
        return self.before == self.after


class Column(_Record):
    """A column as code meets it; `fills_itself`: an INSERT may leave it out though it is not
    NULL."""

    type: str
    nullable: bool
    fills_itself: bool


Outline = dict[str, dict[str, Column]]


class Objects(_Record):
    """What the schema held."""

    tables: dict[str, TableRows] = Field(default_factory=dict)
    views: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    routines: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


class Manifest(_Record):
    """A backup's own description. `created_at` has an offset; `seconds` is the time it took.

    `project` is the Compose project, "" in manifests of versions that did not record it.
    `collation` is the schema's default; `definitions` has the SHA-256 of each object's text and
    setting by its label. Events have all of theirs here, since a load leaves them out.
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
    release: str | None = None
    images: dict[str, str] = Field(default_factory=dict)
    highest_batch: int = 0
    migrations: tuple[str, ...] = ()
    outline: Outline = Field(default_factory=dict)
    schema_digest: str = ""
    collation: str = ""
    definitions: dict[str, str] = Field(default_factory=dict)
    event_definitions: tuple[Definition, ...] = ()
    definers: tuple[str, ...] = ()
    rows_counted: Literal["in the dump", "before and after"] = "before and after"
    objects: Objects = Objects()
    raw: Content | None = None
    compressed: Content | None = None
    tool: str = ""
    schema_statements: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def updated(self, **changes: object) -> Manifest:
        """The same manifest with some fields replaced, validated again."""
        return Manifest.model_validate({**self.model_dump(), **changes})

    def to_json(self) -> str:
        """The manifest as it is stored."""
        return self.model_dump_json(indent=2) + "\n"


def parse_manifest(text: str, where: str) -> Manifest:
    """Read a stored manifest. Raises `BackupError` where it is damaged or of another format."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "JSON"
        raise BackupError(
            f"the backup's manifest cannot be read: {key}: {first['msg']}",
            where=where,
            todo="take another backup, or repair the file from a copy",
        ) from error


def now() -> datetime:
    """This moment in UTC, to the second as manifests store it."""
    return datetime.now(UTC).replace(microsecond=0)
