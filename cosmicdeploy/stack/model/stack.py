"""Everything that a compose file declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.stack.model.deploy import IgnoredKey
from cosmicdeploy.stack.model.mounts import Volume
from cosmicdeploy.stack.model.networks import Network
from cosmicdeploy.stack.model.service import Service


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Everything that a compose file declares; `ignored` are its keys without effect."""

    project: str
    file: Path
    env_file: Path
    services: Mapping[str, Service]
    networks: Mapping[str, Network]
    volumes: Mapping[str, Volume]
    ignored: tuple[IgnoredKey, ...] = ()

    @property
    def directory(self) -> Path:
        """The project directory: relative paths start there."""
        return self.file.parent
