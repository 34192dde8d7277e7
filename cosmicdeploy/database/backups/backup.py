"""One entry of the catalogue: a manifest, the data, and what became of it since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cosmicdeploy.database.backups.manifest import FIRST_MOMENT, LAST_MOMENT, Manifest
from cosmicdeploy.database.backups.state import State
from cosmicdeploy.text.formatting import format_time


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup as it counts now.

    `damaged` says why manifest or state cannot be read; the manifest may be a stand-in then.
    `foreign` says whose it is, where it is another stack's; `ahead` that its time is to come.
    """

    manifest: Manifest
    data: Path
    state: State = field(default_factory=State)
    damaged: str = ""
    foreign: str = ""
    ahead: str = ""

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def status(self) -> str:
        """running, good, failed, damaged, or foreign."""
        if self.foreign:
            return "foreign"
        return "damaged" if self.damaged else self.manifest.status

    @property
    def good(self) -> bool:
        return self.manifest.status == "good"

    @property
    def whole(self) -> bool:
        """Good, and not found damaged when it was last read again."""
        return self.good and not self.damaged and not self.state.damage

    @property
    def usable(self) -> bool:
        """Whole, this stack's, of a time that has been, and never proven not to restore."""
        return self.whole and not (self.foreign or self.ahead or self.state.restore_failure)

    @property
    def why(self) -> str:
        """Why it is not usable; "" where it is."""
        whys = (self.foreign, self.damaged, self.manifest.reason, *self._found, self.ahead)
        return next(filter(None, whys), "" if self.usable else f"it is {self.manifest.status}")

    @property
    def _found(self) -> Iterator[str]:
        """What verifications found wrong."""
        read, restored = self.state.read, self.state.restored
        if read and not read.good:
            yield f"its data is damaged: {read.reason}"
        if restored and not restored.good:
            yield f"its proof failed on {format_time(restored.at)}: {restored.reason}"

    def facts(self) -> dict[str, Any]:
        """Manifest and state as data, for reports."""
        return {
            **self.manifest.model_dump(mode="json"),
            "status": self.status,
            "reason": self.why,
            "state": self.state.model_dump(mode="json"),
        }


def stand_in(path: Path) -> Manifest:
    """For lists, where a manifest cannot be read: its file's time is all that is known.

    Raises `OSError`.
    """
    first, last = FIRST_MOMENT.timestamp(), LAST_MOMENT.timestamp()
    seconds = min(max(path.lstat().st_mtime, first), last)
    return Manifest(
        id=path.stem,
        status="failed",
        created_at=datetime.fromtimestamp(seconds, UTC).replace(microsecond=0),
        database="",
        server_vendor="",
        server_version="",
    )
