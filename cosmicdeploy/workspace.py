"""Open a stack: its settings, its compose file, its engine, its records."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cosmicdeploy.context import Context
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.owner import Owner
from cosmicdeploy.engine import connect
from cosmicdeploy.engine.containers.in_place import adopt_container_names
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.events import Emit, Warned
from cosmicdeploy.files.shipped import playbooks
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.playbook import Playbook, load_playbook
from cosmicdeploy.settings import LoadedSettings, find, load
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Stack
from cosmicdeploy.text.suggest import did_you_mean


def open_stack(config: Path | None, emit: Emit) -> Context:
    """Return the context that a command works with.

    Raises `ConfigError` before anything is changed, and `EngineUnavailable`.
    """
    return connect_stack(*read_stack_files(config), emit)


def read_stack_files(config: Path | None) -> tuple[LoadedSettings, Stack]:
    """Return the settings and the stack as its files declare them; raises `ConfigError`."""
    loaded = load(config or find(Path.cwd()), os.environ)
    settings = loaded.settings
    stack = read_stack(
        loaded.path(settings.compose_file),
        env_file=loaded.path(settings.env_file),
        environ=os.environ,
        project=settings.project,
    )
    _require_services(loaded, stack)
    return loaded, stack


def connect_stack(loaded: LoadedSettings, stack: Stack, emit: Emit) -> Context:
    """Return the stack with its engine and its records; raises `EngineUnavailable`."""
    settings = loaded.settings

    def warn(text: str) -> None:
        emit(Warned(text=text))

    engine = connect()
    return Context(
        loaded=loaded,
        stack=adopt_container_names(stack, engine.containers(stack.project)),
        engine=engine,
        journal=Journal(path=loaded.state_directory / "journal.jsonl", warn=warn),
        catalogue=Catalogue(
            loaded.path(settings.backup.directory),
            Owner(database=settings.database.name, project=stack.project),
            warn,
        ),
        emit=emit,
    )


def _require_services(loaded: LoadedSettings, stack: Stack) -> None:
    for name in loaded.settings.services.all:
        if name not in stack.services:
            raise ConfigError(
                f"The compose file has no service {name!r}",
                where=f"{loaded.file}: services, {stack.file}",
                todo=did_you_mean(name, stack.services) or "name a service that it has",
            )


def stack_folder(config: Path | None) -> Path | None:
    """Return the folder of the stack that a command is about; None if there is none."""
    try:
        return (config or find(Path.cwd())).resolve().parent
    except ConfigError:
        return None


def open_playbook(
    loaded: LoadedSettings, name: str, warn: Callable[[str], None] = lambda _text: None
) -> Playbook:
    """Return a playbook by name: the stack's own if its folder has one, else the shipped one.

    `warn` is called for each kind of step under a former name.
    """
    own = loaded.directory / "playbooks" / f"{name}.yaml"
    return load_playbook(own if own.is_file() else playbooks() / f"{name}.yaml", warn)
