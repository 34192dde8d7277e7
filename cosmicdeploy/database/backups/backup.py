"""One backup of the catalogue: its manifest, its data file, and its state since the dump."""

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
    """A backup as the catalogue judges it now.

    `damaged` says why manifest or state cannot be read; the manifest may be a placeholder then.
    `foreign` names the other stack that the backup belongs to; `ahead` says that its time is in the
    future. Each is "" otherwise.
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
    def is_good(self) -> bool:
        return self.manifest.status == "good"

    @property
    def is_intact(self) -> bool:
        """Whether it is good, and the last verification of its data found no damage."""
        return self.is_good and not self.damaged and not self.state.damage

    @property
    def is_usable(self) -> bool:
        """Whether it is whole, of this stack and of the past, and its last test restore passed."""
        return self.is_intact and not (self.foreign or self.ahead or self.state.restore_failure)

    @property
    def why(self) -> str:
        """Why it is not usable; "" if it is."""
        whys = (self.foreign, self.damaged, self.manifest.reason, *self._failures, self.ahead)
        return next(filter(None, whys), "" if self.is_usable else f"it is {self.manifest.status}")

    @property
    def _failures(self) -> Iterator[str]:
        """Why verifications failed."""
        read, restored = self.state.read, self.state.restored
        if read and not read.passed:
            yield f"its data is damaged: {read.reason}"
        if restored and not restored.passed:
            yield f"its test restore failed on {format_time(restored.at)}: {restored.reason}"

    def facts(self) -> dict[str, Any]:
        """Return manifest and state as data for reports."""
        return {
            **self.manifest.model_dump(mode="json"),
            "status": self.status,
            "reason": self.why,
            "state": self.state.model_dump(mode="json"),
        }


def stand_in(path: Path) -> Manifest:
    """Return a placeholder for a manifest that cannot be read, with the time of its file.

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
