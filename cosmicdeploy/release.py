"""What a deploy produced, kept so that a rollback and `status` can tell."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cosmicdeploy.journal import Journal


@dataclass(frozen=True, kw_only=True)
class Release:
    """`images` maps services to image ids; `backup` was taken before the release."""

    name: str
    command: str
    images: dict[str, str]
    migrations: tuple[str, ...]
    backup: str | None
    who: str


@dataclass(frozen=True, kw_only=True)
class Releases:
    """The list of releases of one stack, oldest first."""

    path: Path

    def add(self, release: Release) -> None:
        """Record a release that is in place."""
        Journal(path=self.path).append("release", **asdict(release))

    def all(self) -> list[dict[str, Any]]:
        """All records, with `at`, the time they were made."""
        return list(Journal(path=self.path).records())
