"""What became of a backup after its dump: `<id>.state.json`, so that the manifest stays as it was.

When it was proven and how, whether it is pinned, and where its copies are.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from cosmicdeploy.database.backups.manifest import Moment
from cosmicdeploy.errors import BackupError
from cosmicdeploy.text.sanitize import encodable


class _Record(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _as_it_can_be_written(cls, value: object) -> object:
        return encodable(value) if isinstance(value, str) else value


class Proof(_Record):
    """One verification: when it ended, and why it failed; "" where it did not."""

    at: Moment
    reason: str = ""

    @property
    def good(self) -> bool:
        return not self.reason


class Pin(_Record):
    """Since when a backup is kept whatever the policy says, and why."""

    at: Moment
    reason: str = ""


class Copied(_Record):
    """A copy at another place (its URL without a password), or why there is none."""

    url: str
    at: Moment
    error: str = ""


class State(_Record):
    """`read` is when the file was last read again, `restored` when it was last loaded."""

    read: Proof | None = None
    restored: Proof | None = None
    pin: Pin | None = None
    copies: tuple[Copied, ...] = ()

    @property
    def damaged(self) -> str:
        """Why the data was found damaged; "" where it was not."""
        return self.read.reason if self.read else ""

    @property
    def refuted(self) -> str:
        """Why it did not restore when it was last proven; "" where it did, or was not tried."""
        return self.restored.reason if self.restored else ""

    @property
    def places(self) -> list[str]:
        """The URLs where a copy is."""
        return [copy.url for copy in self.copies if not copy.error]

    def updated(self, **changes: object) -> State:
        """The same state with some fields replaced, validated again."""
        return State.model_validate({**self.model_dump(), **changes})

    def with_copy(self, copied: Copied) -> State:
        """The same state with what is known of one place replaced."""
        others = [copy for copy in self.copies if copy.url != copied.url]
        return self.updated(copies=(*others, copied))

    def without_copy(self, url: str) -> State:
        """The same state, knowing that nothing is at a place any more."""
        return self.updated(copies=tuple(copy for copy in self.copies if copy.url != url))


def state_path(data: Path) -> Path:
    """Where the state of a backup is, by its data file."""
    return data.with_name(data.name.removesuffix(".sql.zst") + ".state.json")


def read_state(path: Path) -> State:
    """A stored state; an empty one where there is none. Raises `BackupError` where damaged."""
    try:
        return State.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, ValidationError) as error:
        raise BackupError(
            "the backup's state (verified, pinned, copies) cannot be read",
            where=str(path),
            todo="remove the file; then `cosmicdeploy backup verify`, `pin` and `copy` it again",
        ) from error
