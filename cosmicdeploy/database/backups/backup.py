"""A backup in the catalogue: its manifest, its data file, its state, and whether it is usable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cosmicdeploy.database.backups.on_disk.manifest import FIRST_MOMENT, LAST_MOMENT, Manifest
from cosmicdeploy.database.backups.on_disk.state import State
from cosmicdeploy.database.backups.proof import proof_in_words
from cosmicdeploy.text.formatting import format_time


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup, and the reasons why it is not usable.

    Each of the last three fields is a reason as text, "" if it does not apply. `damaged`: the
    manifest or the state cannot be read; `manifest` may then be a placeholder. `foreign`: the
    backup belongs to another stack. `from_future`: the time of the backup is in the future.
    """

    manifest: Manifest
    data: Path
    state: State = field(default_factory=State)
    damaged: str = ""
    foreign: str = ""
    from_future: str = ""

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def status(self) -> str:
        """One of "running", "good", "failed", "no data", "damaged" and "foreign"."""
        if self.foreign:
            return "foreign"
        return "damaged" if self.damaged else self.manifest.status

    @property
    def is_good(self) -> bool:
        return self.manifest.status == "good"

    @property
    def is_intact(self) -> bool:
        """Whether the backup is good and readable, and its last verification found no damage."""
        return self.is_good and not self.damaged and not self.state.damage

    @property
    def is_usable(self) -> bool:
        """Whether a restore may use the backup.

        It must be intact, this stack's, and not from the future, and its last test restore must not
        have failed.
        """
        return self.is_intact and not (
            self.foreign or self.from_future or self.state.restore_failure
        )

    @property
    def has_data(self) -> bool:
        """Whether the backup was made from a database; otherwise it only names images."""
        return self.manifest.status != "no data"

    @property
    def checksums(self) -> dict[str, str]:
        """Table → checksum of its rows, from the manifest or else from the state.

        Holds only the tables with a recorded checksum.
        """
        tables = self.manifest.objects.tables
        recorded = {name: rows.checksum for name, rows in tables.items() if rows.checksum}
        return {**self.state.checksums, **recorded}

    @property
    def proof(self) -> str:
        """How well the backup is proven to be restorable, in words."""
        return proof_in_words(self.manifest, self.state)

    @property
    def is_rollback_target(self) -> bool:
        """Whether a rollback can go back to the backup: it is usable, or it only names images."""
        return self.is_usable or not (
            self.has_data or self.damaged or self.foreign or self.from_future
        )

    @property
    def why(self) -> str:
        """Why the backup is not usable; "" if it is."""
        reasons = (
            self.foreign,
            self.damaged,
            self.manifest.reason,
            *self._failures,
            self.from_future,
        )
        first = next(filter(None, reasons), "")
        if first or self.is_usable:
            return first
        return f"its status is {self.manifest.status}"

    @property
    def _failures(self) -> Iterator[str]:
        """Yield why the last verification of the data and the last test restore failed."""
        read, restored = self.state.read, self.state.restored
        if read and not read.passed:
            yield f"its data is damaged: {read.reason}"
        if restored and not restored.passed:
            yield f"its test restore failed on {format_time(restored.at)}: {restored.reason}"

    def facts(self) -> dict[str, Any]:
        """Return manifest, state, status and proof as data for reports; `reason` is `why`."""
        return {
            **self.manifest.model_dump(mode="json"),
            "status": self.status,
            "reason": self.why,
            "state": self.state.model_dump(mode="json"),
            "proof": self.proof if self.has_data else "",
        }


def newest_first(backups: Iterable[Backup]) -> list[Backup]:
    """Sort backups by time, newest first; backups of the same second by ID, highest first."""
    return sorted(backups, key=lambda b: (b.manifest.created_at, b.id), reverse=True)


def placeholder_manifest(path: Path) -> Manifest:
    """Return a placeholder for a manifest that cannot be read, with the time of its file.

    A time that a manifest cannot hold is moved to the nearest one that it can. Raises `OSError`.
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
