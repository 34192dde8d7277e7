"""Everything that a compose file declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.stack.model.mounts import Volume
from cosmicdeploy.stack.model.networks import Network
from cosmicdeploy.stack.model.service import Service


@dataclass(frozen=True, kw_only=True)
class Remark:
    """Something that the compose file says and that does not take effect, and what to do."""

    service: str
    what: str
    todo: str


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Everything that a compose file declares."""

    project: str
    file: Path
    env_file: Path
    services: Mapping[str, Service]
    networks: Mapping[str, Network]
    volumes: Mapping[str, Volume]
    remarks: tuple[Remark, ...] = ()

    @property
    def directory(self) -> Path:
        """The project directory: relative paths start there."""
        return self.file.parent
