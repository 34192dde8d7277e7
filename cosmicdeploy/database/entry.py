"""One entry of the catalogue: a manifest, the data, and what became of it since."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cosmicdeploy.database.manifest import Manifest
from cosmicdeploy.database.state import State


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup as it counts now.

    `damaged` says why manifest or state cannot be read; the manifest is a stand-in then.
    """

    manifest: Manifest
    data: Path
    state: State = field(default_factory=State)
    damaged: str = ""

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def status(self) -> str:
        """running, good, failed, or damaged."""
        return "damaged" if self.damaged else self.manifest.status

    @property
    def good(self) -> bool:
        return self.manifest.status == "good"

    @property
    def usable(self) -> bool:
        """Good, and not found damaged when it was last read again."""
        return self.good and not self.state.damaged

    @property
    def why(self) -> str:
        """Why it is not usable; "" where it is."""
        return self.damaged or self.manifest.reason or self.state.damaged

    def facts(self) -> dict[str, Any]:
        """Manifest and state as data, for reports."""
        return {
            **self.manifest.model_dump(mode="json"),
            "status": self.status,
            "reason": self.why,
            "state": self.state.model_dump(mode="json"),
        }


def stand_in(path: Path) -> Manifest:
    """For lists, where a manifest cannot be read: its file's time is all that is known."""
    return Manifest(
        id=path.stem,
        status="failed",
        created_at=datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0),
        database="",
        server_vendor="",
        server_version="",
    )
