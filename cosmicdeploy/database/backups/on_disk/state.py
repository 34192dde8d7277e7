"""The state of a backup: what has happened to it since its dump, in `<id>.state.json`.

Verifications, the pin and the copies are recorded here, so that the manifest never changes.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from cosmicdeploy.database.backups.on_disk.manifest import Moment
from cosmicdeploy.database.stored_model import StoredModel
from cosmicdeploy.errors import BackupError
from cosmicdeploy.files.bounds import is_no_record, move_away, read_own_file
from cosmicdeploy.text.sanitize import encodable


class _Record(StoredModel):
    """The base of the models below: escapes the characters that UTF-8 cannot encode.

    Error messages may contain such characters.
    """

    @field_validator("*", mode="before")
    @classmethod
    def _make_writable(cls, value: object) -> object:
        return encodable(value) if isinstance(value, str) else value


class VerificationRecord(_Record):
    """A verification: `at` is when it ended; `reason` is why it failed, "" if it passed."""

    at: Moment
    reason: str = ""

    @property
    def passed(self) -> bool:
        return not self.reason


class Pin(_Record):
    """A pin keeps a backup even if no retention rule does; it says since when, and why."""

    at: Moment
    reason: str = ""


class CopyRecord(_Record):
    """The last attempt to copy a backup to a destination.

    `error` is why the copy failed, "" if it is complete. `url` is the destination's URL without
    user, password and query. `at` is when the record was written.
    """

    url: str
    at: Moment
    error: str = ""


class State(_Record):
    """What has happened to a backup since its dump.

    `read` is the last verification of the backup's data, and `restored` its last test restore.
    `data` is the last test restore that also computed the checksums of all rows. `checksums` is
    table → checksum of the rows, as the first such test restore computed it, for tables without a
    checksum in the manifest.
    """

    read: VerificationRecord | None = None
    restored: VerificationRecord | None = None
    data: VerificationRecord | None = None
    checksums: dict[str, str] = Field(default_factory=dict)
    pin: Pin | None = None
    copies: tuple[CopyRecord, ...] = ()

    @property
    def damage(self) -> str:
        """Why the last verification of the data failed; "" if it passed or none was run."""
        return self.read.reason if self.read else ""

    @property
    def restore_failure(self) -> str:
        """Why the last test restore failed; "" if it passed or none was run."""
        return self.restored.reason if self.restored else ""

    @property
    def copy_urls(self) -> list[str]:
        """The URLs of the destinations to which the last copy succeeded."""
        return [copy.url for copy in self.copies if not copy.error]

    def updated(self, **changes: object) -> State:
        """Return the state with some fields replaced, validated again."""
        return State.model_validate({**self.model_dump(), **changes})

    def with_copy(self, record: CopyRecord) -> State:
        """Return the state with this record instead of an earlier one of the same destination."""
        others = [copy for copy in self.copies if copy.url != record.url]
        return self.updated(copies=(*others, record))

    def without_copy(self, url: str) -> State:
        """Return the state without the record of one destination."""
        return self.updated(copies=tuple(copy for copy in self.copies if copy.url != url))


def state_path(data: Path) -> Path:
    """Return the path of a backup's state, given its data file."""
    return data.with_name(data.name.removesuffix(".sql.zst") + ".state.json")


def read_state(path: Path) -> State:
    """Read a stored state; without a file, return an empty one.

    Raises `BackupError` if the file cannot be read or is damaged.
    """
    try:
        return State.model_validate_json(read_own_file(path))
    except FileNotFoundError:
        return State()
    except OSError as error:
        readable = f"make the file readable for this user: `ls -l {path}`"
        raise BackupError(
            f"The backup's state (verifications, pin, copies) cannot be read: {error.strerror}",
            where=str(path),
            todo=_renew(path) if is_no_record(path, error) else readable,
        ) from error
    except ValueError as error:
        raise BackupError(
            "The backup's state (verifications, pin, copies) is damaged",
            where=str(path),
            todo=_renew(path),
        ) from error


def _renew(path: Path) -> str:
    """Return what to do about a state file that cannot be used."""
    backup_id = path.name.removesuffix(".state.json")
    return (
        f"move the file away: {move_away(path)}; then run `cosmicdeploy backup verify {backup_id}`,"
        " and pin and copy the backup again if it was pinned or copied"
    )
