"""Shell completion of names: services, backups, runs, features, playbooks, steps and fixed words.

Completion reads files but never queries the engine, which could take seconds. If a file cannot be
read, completion offers nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from cosmicdeploy.settings import LoadedSettings

# How many of the newest runs are offered.
RUNS_OFFERED = 50
Completion = Callable[[typer.Context, str], list[str]]


def _completion(names: Callable[[typer.Context], Iterable[str]]) -> Completion:
    """Return a completion function that offers the `names` which start with the typed word."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        with suppress(Exception):  # the shell would offer an error's text as a completion
            return [name for name in names(ctx) if name.startswith(incomplete)]
        return []

    return complete


def _load_settings(ctx: typer.Context) -> LoadedSettings:
    from cosmicdeploy.settings import find, load

    config: Path | None = ctx.params.get("config")
    return load(config or find(Path.cwd()), os.environ)


def _services(ctx: typer.Context) -> list[str]:
    from cosmicdeploy.stack.compose import read_files
    from cosmicdeploy.steps.service_names import ROLES

    loaded = _load_settings(ctx)
    services = read_files(loaded.compose_files, os.environ).services
    return list(dict.fromkeys([*ROLES, *loaded.settings.applications, *services]))


def _infrastructure(ctx: typer.Context) -> list[str]:
    from cosmicdeploy.context.replicas import with_compose_services
    from cosmicdeploy.stack.compose import read_files

    loaded = _load_settings(ctx)
    stack = read_files(loaded.compose_files, os.environ)
    return list(with_compose_services(loaded.settings.services, stack).infrastructure)


def _backups(ctx: typer.Context) -> list[str]:
    from cosmicdeploy.database.backups.catalogue import LATEST, Catalogue
    from cosmicdeploy.stack.compose import read_files
    from cosmicdeploy.workspace import owner_of

    loaded = _load_settings(ctx)
    settings = loaded.settings
    stack = read_files(loaded.compose_files, os.environ)
    folder = loaded.path(settings.backup.directory)
    backups = Catalogue(folder, owner_of(settings, stack)).list()
    return [LATEST, *(backup.id for backup in backups if not backup.foreign)]


def _features(ctx: typer.Context) -> Iterable[str]:
    return _load_settings(ctx).settings.features


def _playbooks(ctx: typer.Context) -> list[str]:
    from cosmicdeploy.operations.playbooks import known_playbooks
    from cosmicdeploy.workspace import stack_folder

    return [file.name for file in known_playbooks(stack_folder(ctx.params.get("config")))]


def _steps(ctx: typer.Context) -> list[str]:
    from cosmicdeploy.workspace import open_playbook

    names = [step.name for step in open_playbook(_load_settings(ctx), "deploy").steps]
    # Bash would split a name with a blank into two arguments.
    return [name for name in names if " " not in name]


def _points(_ctx: typer.Context) -> Iterable[str]:
    from cosmicdeploy.verification.points import CHECKS

    return CHECKS


def _problems(_ctx: typer.Context) -> Iterable[str]:
    from cosmicdeploy.operations.diagnosis.diagnose import KNOWN_PROBLEMS

    return KNOWN_PROBLEMS


def _runs(ctx: typer.Context) -> list[str]:
    from cosmicdeploy.journal.history.runs import LATEST
    from cosmicdeploy.workspace import open_journal

    _, journal = open_journal(ctx.params.get("config"), lambda _event: None)
    newest = [*reversed(journal.replay().begun)][:RUNS_OFFERED]
    return [LATEST, *newest]


def _outcomes(_ctx: typer.Context) -> Iterable[str]:
    from cosmicdeploy.journal.history.entry import OUTCOMES

    return OUTCOMES


def _topics(_ctx: typer.Context) -> Iterable[str]:
    from cosmicdeploy.probes.monitor.event import TOPICS

    return TOPICS


services = _completion(_services)
infrastructure = _completion(_infrastructure)
backups = _completion(_backups)
features = _completion(_features)
playbooks = _completion(_playbooks)
steps = _completion(_steps)
points = _completion(_points)
topics = _completion(_topics)
problems = _completion(_problems)
runs = _completion(_runs)
outcomes = _completion(_outcomes)
