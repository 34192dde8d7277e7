"""Everything that a compose file declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.stack.model.files import ComposeFiles
from cosmicdeploy.stack.model.mounts import Volume
from cosmicdeploy.stack.model.networks import Network
from cosmicdeploy.stack.model.service import Service


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A note on something in the compose files that has no effect, or an unexpected one.

    `todo` says what to do about it. `service` is "" if the remark is about the whole stack.
    """

    service: str
    what: str
    todo: str


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Everything that the compose files declare.

    `file` is the first compose file, and `override_files` are the others. `profiles` are those of
    the settings. `inactive` names the services whose profiles are all inactive; `services` does not
    have them. `variables` are pairs of name and value; they override the variables of the shell.
    `keys_with_files` are those of the keys `env_file` and `label_file` that the services use.
    """

    project: str
    file: Path
    env_file: Path
    services: Mapping[str, Service]
    networks: Mapping[str, Network]
    volumes: Mapping[str, Volume]
    remarks: tuple[Remark, ...] = ()
    override_files: tuple[Path, ...] = ()
    profiles: tuple[str, ...] = ()
    inactive: frozenset[str] = frozenset()
    variables: tuple[tuple[str, str], ...] = ()
    keys_with_files: frozenset[str] = frozenset()

    @property
    def directory(self) -> Path:
        """The project directory: relative paths start there."""
        return self.file.parent

    @property
    def compose_files(self) -> ComposeFiles:
        """The compose files, and what is needed to read the same stack from them."""
        return ComposeFiles(
            files=(self.file, *self.override_files),
            env_file=self.env_file,
            project=self.project,
            profiles=self.profiles,
            variables=self.variables,
        )
