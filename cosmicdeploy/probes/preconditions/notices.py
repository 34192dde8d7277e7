"""Notices to the operator before a run: what a run does not do or check for this stack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cosmicdeploy.context.context import NAME_DATABASE, Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.compose_tool import compose_command
from cosmicdeploy.engine.containers.in_place import service_of
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.preconditions.migration_notices import migration_notices
from cosmicdeploy.probes.preconditions.not_probed import not_probed
from cosmicdeploy.probes.preconditions.readiness_notices import (
    presumed_protocols,
    without_readiness,
)
from cosmicdeploy.probes.preconditions.update_config import not_followed_keys
from cosmicdeploy.probes.result import StackNotice
from cosmicdeploy.stack.replicas import replicas_by_service


def stack_notices(ctx: Context) -> list[StackNotice]:
    """Return the notices about what runs leave out or presume, not those about drift.

    There is a notice for:
    - a database that the stack does not have;
    - migrations that no run runs, and promises that the framework cannot keep;
    - a command that the verification runs, since there is no dry run of it;
    - each application to which runs send no requests;
    - each application whose protocol is presumed, or whose readiness nothing shows;
    - each service that runs leave alone;
    - each service with more containers than declared;
    - each container that was created from another folder;
    - each container of another project that was created from this folder;
    - each key of the compose file that has no effect.
    """
    return [
        *_without_database(ctx),
        *migration_notices(ctx),
        *_without_dry_run(ctx),
        *not_probed(ctx),
        *presumed_protocols(ctx),
        *without_readiness(ctx),
        *_left_alone(ctx),
        *_more_replicas(ctx),
        *_of_other_folders(ctx),
        *_of_other_projects(ctx),
        *_without_effect(ctx),
        *not_followed_keys(ctx),
    ]


def _without_database(ctx: Context) -> Iterator[StackNotice]:
    if not ctx.has_database:
        migrations = "no migration is run, " if ctx.framework.runs_migrations else ""
        yield StackNotice(
            kind="no database",
            service="",
            what=f"nothing is backed up, {migrations}and a rollback restores only the code",
            todo=f"if the stack has a database, {NAME_DATABASE}",
        )


def _without_dry_run(ctx: Context) -> Iterator[StackNotice]:
    if ctx.settings.verify.runs_command:
        command = ctx.settings.verify.command
        yield StackNotice(
            kind="no dry run",
            service="",
            what=f"the verification runs {command} itself, since verify.dry_run is not set",
            todo="set verify.dry_run in cosmicdeploy.yaml to console arguments that change nothing,"
            f" or to {command} alone if it may run at any time",
        )


def _left_alone(ctx: Context) -> Iterator[StackNotice]:
    for name in ctx.settings.services.left_alone:
        service = ctx.service(name)
        built = "not built, " if service.build else ""
        waiting = _waiting_for(ctx, name)
        options = ["--no-deps", *(["--build"] if service.build else [])]
        yield StackNotice(
            kind="left alone",
            service=name,
            what=f"is left alone ({_state(ctx, name)}): {built}not started, not replaced, not"
            f" checked{waiting}",
            todo="remove it from `services.left_alone`, or run it with Compose:"
            f" `{_compose(ctx, 'up', '-d', *options, name)}`",
        )


def _more_replicas(ctx: Context) -> Iterator[StackNotice]:
    for name, replicas in replicas_by_service(ctx.stack.services.values()).items():
        declared = ctx.service(replicas[0]).replicas
        if len(replicas) > declared:
            yield StackNotice(
                kind="more replicas",
                service=name,
                what=f"has {len(replicas)} containers, the compose file declares {declared}: all of"
                " them get the release, and `docker compose up` would remove the surplus ones",
                todo="declare their number, or remove the surplus ones with Compose:"
                f" `{_compose(ctx, 'up', '-d', '--no-deps', '--no-recreate', name)}`",
            )


def _waiting_for(ctx: Context, name: str) -> str:
    """Return a clause that names the services which depend on this one; "" if none does.

    Since no run starts this service, their containers do not wait for it.
    """
    waiting = [
        f"{other} ({service.depends_on[name].condition})"
        for other, service in ctx.stack.services.items()
        if name in service.depends_on and other in ctx.settings.services.all
    ]
    return f"; not waited for by {', '.join(waiting)}" if waiting else ""


def _of_other_folders(ctx: Context) -> Iterator[StackNotice]:
    here = ctx.stack.directory.resolve()
    for name in dict.fromkeys(ctx.settings.services.all):
        folder = _folder(ctx, name)
        if folder and Path(folder).resolve() != here:
            yield StackNotice(
                kind="other folder",
                service=name,
                what=f"its container was created from {folder}; if a stack there has the"
                f" same project name {ctx.stack.project}, a deploy here replaces that stack's"
                " containers",
                todo="give one of the two stacks another `project` in cosmicdeploy.yaml",
            )


def _of_other_projects(ctx: Context) -> Iterator[StackNotice]:
    for container in ctx.engine.containers_of_folder(
        ctx.stack.directory, except_project=ctx.stack.project
    ):
        service = service_of(ctx.stack, container)
        if service is not None and service.name in ctx.settings.services.all:
            yield StackNotice(
                kind="other project",
                service=container.service,
                what=f"{container.name} was also created from this folder, but in the project"
                f" {container.project}; this command handles the project {ctx.stack.project}",
                todo=f"to handle that project, set `project: {container.project}` in"
                " cosmicdeploy.yaml",
            )


def _without_effect(ctx: Context) -> Iterator[StackNotice]:
    for each in ctx.stack.remarks:
        yield StackNotice(
            kind="without effect", service=each.service, what=each.what, todo=each.todo
        )
    for name in ctx.settings.services.all:
        service = ctx.service(name)
        if service.build and service.pull_policy not in (None, "missing", "build", "never"):
            yield StackNotice(
                kind="without effect",
                service=name,
                what=f"its image is built, so pull_policy {service.pull_policy} pulls nothing",
                todo="remove pull_policy, or remove build to pull the image",
            )


def _folder(ctx: Context, name: str) -> str:
    try:
        container = ctx.container(name)
    except CosmicError:  # every check that needs the container reports this
        return ""
    return container.labels.get(labels.WORKING_DIR, "") if container else ""


def _state(ctx: Context, name: str) -> str:
    try:
        container = ctx.container(name)
    except CosmicError:
        return "its state is unknown"
    if container is None:
        return "no container"
    if container.status == "exited":
        return f"exited with code {container.exit_code}"
    return container.health or container.status


def _compose(ctx: Context, *words: str) -> str:
    return compose_command(ctx.stack.compose_files, *words)
