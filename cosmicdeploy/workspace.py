"""Open a stack: read its settings and compose file, and connect to its engine and records."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.replicas import resolve_replicas
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.signing import SigningKey
from cosmicdeploy.database.backups.owner import Owner
from cosmicdeploy.engine import Container, Engine, connect
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.events import Emit, Warned
from cosmicdeploy.files.shipped import playbooks
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.playbook import Playbook, load_playbook
from cosmicdeploy.process.concurrency import start_in_thread
from cosmicdeploy.proxy.declared.protocols import with_protocols
from cosmicdeploy.settings import LoadedSettings, Settings, find, load
from cosmicdeploy.stack.compose import read_files
from cosmicdeploy.stack.model import Stack
from cosmicdeploy.text.suggest import did_you_mean

# How long `doctor` waits for an engine that accepts connections but does not answer.
ENGINE_SECONDS = 15.0


def open_stack(config: Path | None, emit: Emit) -> Context:
    """Return the context of the stack that the file `config` describes.

    If `config` is None, uses the nearest `cosmicdeploy.yaml`, in the current folder or above.
    Raises `ConfigError` and `EngineUnavailable`.
    """
    return connect_stack(*read_stack_files(config), emit)


def read_stack_files(
    config: Path | None, variables: Mapping[str, str] | None = None
) -> tuple[LoadedSettings, Stack]:
    """Return the settings, and the stack as the compose file declares it; raises `ConfigError`.

    `variables` override those of the environment.
    """
    own = dict(variables or {})
    return stack_of(load(config or find(Path.cwd()), {**os.environ, **own}), own)


def stack_of(
    loaded: LoadedSettings, variables: Mapping[str, str] | None = None
) -> tuple[LoadedSettings, Stack]:
    """Return what `read_stack_files` returns, for settings that are loaded already."""
    own = dict(variables or {})
    files = replace(loaded.compose_files, variables=tuple(own.items()))
    stack = read_files(files, os.environ)
    _require_services(loaded, stack)
    _require_volumes(loaded, stack)
    return with_protocols(loaded, stack), _with_own_folders(loaded, stack)


def _with_own_folders(loaded: LoadedSettings, stack: Stack) -> Stack:
    """Return the stack; its builds leave the deployer's own folders out of the build context."""
    own = (
        loaded.state_directory.resolve(),
        loaded.path(loaded.settings.backup.directory),
    )
    services = {
        name: replace(each, build=replace(each.build, own_folders=own)) if each.build else each
        for name, each in stack.services.items()
    }
    return replace(stack, services=services)


def connect_stack(loaded: LoadedSettings, stack: Stack, emit: Emit) -> Context:
    """Connect a stack to its engine and its records.

    Raises `EngineUnavailable`, and `ConfigError` if a service declares a wrong number of replicas,
    or if the key that signs backups is not set.
    """
    engine = connect()
    containers = engine.containers(stack.project)
    return context_on(engine, *resolve_replicas(loaded, stack, containers), emit)


def open_for_doctor(config: Path | None, emit: Emit) -> Context:
    """Return the context of `open_stack`, also if no engine answers or no key signs backups.

    Without an engine, every use of it raises the error of the connection. Raises `ConfigError`.
    """
    loaded, stack = read_stack_files(config)
    engine, containers = _engine_of(stack)
    return context_on(engine, *resolve_replicas(loaded, stack, containers), emit, signs=False)


def _engine_of(stack: Stack) -> tuple[Engine, list[Container]]:
    """Return the engine and the stack's containers on it; a stand-in if no engine answers."""
    try:
        return start_in_thread(lambda: _containers_of(stack)).result(timeout=ENGINE_SECONDS)
    except EngineError as error:
        no_engine = error
    except TimeoutError:
        no_engine = EngineUnavailable(
            f"The Docker Engine has not answered for {ENGINE_SECONDS:.0f} s",
            todo="look at the load of its host, and at its log: `journalctl -u docker`",
        )
    from cosmicdeploy.engine.unreachable.stand_in import unreachable_engine  # imports docker

    return unreachable_engine(no_engine), []


def _containers_of(stack: Stack) -> tuple[Engine, list[Container]]:
    engine = connect()
    return engine, engine.containers(stack.project)


def context_on(
    engine: Engine, loaded: LoadedSettings, stack: Stack, emit: Emit, *, signs: bool = True
) -> Context:
    """Return the context of a stack, whose replicas are resolved, on an engine.

    Without `signs`, the context can only read backups. Raises `ConfigError` if the key that signs
    them is needed but not set.
    """
    settings = loaded.settings

    def warn(text: str) -> None:
        emit(Warned(text=text))

    return Context(
        loaded=loaded,
        stack=stack,
        engine=engine,
        journal=Journal(path=loaded.state_directory / "journal.jsonl", warn=warn),
        catalogue=Catalogue(
            loaded.path(settings.backup.directory),
            owner_of(settings, stack),
            warn,
            signing_key(loaded) if signs else None,
        ),
        emit=emit,
    )


def signing_key(loaded: LoadedSettings) -> SigningKey | None:
    """Return the key that signs backups; None without one. Raises `ConfigError` if it is unset."""
    variable = loaded.settings.backup.signing_key_variable
    return SigningKey(loaded.secret(variable).encode()) if variable else None


def owner_of(settings: Settings, stack: Stack) -> Owner:
    """Return the owner that the stack's backups name; its `database` is "" without a database."""
    return Owner(
        database=settings.database.name if settings.database else "", project=stack.project
    )


def _require_services(loaded: LoadedSettings, stack: Stack) -> None:
    services, migrates = loaded.settings.services, loaded.settings.migrate.service
    lists = (services.left_alone, services.stateful, services.stateless, services.one_shot)
    named = (*services.all, *(name for names in lists for name in names))
    named = (*named, migrates) if migrates else named
    for name in named:
        if name in stack.inactive:
            raise ConfigError(
                f"The settings name the service {name!r}, but none of its profiles is active",
                where=f"{loaded.file}: services",
                todo="add one of its profiles to COMPOSE_PROFILES or `profiles`",
            )
        if name not in stack.services:
            raise ConfigError(
                f"The compose file has no service {name!r}",
                where=f"{loaded.file}: services, {stack.file}",
                todo=did_you_mean(name, stack.services)
                or f"choose from {', '.join(stack.services)}",
            )
    for application in loaded.settings.all_applications:
        name = application.name
        if name in loaded.settings.applications and name in {*stack.services} - {
            *application.services
        }:
            raise ConfigError(
                f"The application {name} has the name of a service that is not its own",
                where=f"{loaded.file}: applications, {stack.file}",
                todo="give the application another name, and name its `services`",
            )


def _require_volumes(loaded: LoadedSettings, stack: Stack) -> None:
    for name in loaded.settings.volumes.left_alone:
        if name not in stack.volumes:
            known = f"choose from {', '.join(stack.volumes)}" if stack.volumes else "remove it"
            raise ConfigError(
                f"The compose file declares no volume {name!r}",
                where=f"{loaded.file}: volumes.left_alone, {stack.file}",
                todo=did_you_mean(name, stack.volumes) or known,
            )


def open_journal(config: Path | None, emit: Emit) -> tuple[LoadedSettings, Journal]:
    """Return the settings and the journal of the stack that `open_stack` would open.

    Needs neither the compose file nor an engine. Raises `ConfigError`.
    """
    loaded = load(config or find(Path.cwd()), os.environ)
    path = loaded.state_directory / "journal.jsonl"
    return loaded, Journal(path=path, warn=lambda text: emit(Warned(text=text)))


def stack_folder(config: Path | None) -> Path | None:
    """Return the folder of the stack that `open_stack` would open; None if it would find none."""
    try:
        return (config or find(Path.cwd())).resolve().parent
    except ConfigError:
        return None


def open_playbook(
    loaded: LoadedSettings, name: str, warn: Callable[[str], None] = lambda _text: None
) -> Playbook:
    """Return the playbook with this name from the stack's folder, else the shipped one.

    Calls `warn` for each step that uses the former name of its kind.
    """
    own = loaded.directory / "playbooks" / f"{name}.yaml"
    return load_playbook(own if own.is_file() else playbooks() / f"{name}.yaml", warn)
