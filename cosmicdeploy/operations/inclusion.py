"""The option `--include`: replace infrastructure as well.

Infrastructure is the database, the cache, the proxy, and other services that keep data. No run
replaces it unless the operator includes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import UsageError
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.steps.backups.backup import BackupStep
from cosmicdeploy.steps.images.builds import stale_sources
from cosmicdeploy.steps.infrastructure.notices import include_command
from cosmicdeploy.steps.rollout.drift import drift_of
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from cosmicdeploy.steps.service_names import services_named


def included_services(ctx: Context, words: Sequence[str]) -> frozenset[str]:
    """Return the infrastructure that the words of `--include` name; a word is a service or role.

    Raises `UsageError` for an unknown word, or if a word names a service that is no infrastructure.
    """
    names = services_named(ctx, words)
    for name in names:
        if name in ctx.settings.services.infrastructure:
            continue
        where = f"--include {name}"
        if name in ctx.settings.services.left_alone:
            todo = "remove it from `services.left_alone`"
            raise UsageError(f"{name} is left alone: no command touches it", where=where, todo=todo)
        raise UsageError(
            f"{name} is no infrastructure: each deploy replaces it if it has changed",
            where=where,
            todo=f"leave it out; --include is for {_listed(ctx)}",
        )
    return frozenset(names)


def included_in_rollback(
    ctx: Context, words: Sequence[str], images: Collection[str], *, code_only: bool
) -> frozenset[str]:
    """Return the infrastructure that `rollback --include` names; only the proxy is allowed.

    `images` are the services whose images the backup names. `code_only` says that the data stay as
    they are. Raises `UsageError` for a service other than the proxy, if the backup names no image
    of the proxy, or if the rollback also restores data.
    """
    names = included_services(ctx, words)
    for name in names:
        problem, todo = "", "leave out --include"
        if name != ctx.settings.services.proxy:
            problem = f"{name} keeps data, which its older image may not be able to read"
        elif name not in images:
            problem = f"The backup has no image of {name}"
        elif not code_only:
            problem = f"{name} turns clients away while data are restored, so it cannot be replaced"
            todo += ", and replace it by a deploy of the older release's files:"
            todo += f" {include_command(name)}"
        if problem:
            raise UsageError(problem, where=f"rollback --include {name}", todo=todo)
    return names


def left_newer(ctx: Context, images: Mapping[str, str]) -> list[str]:
    """Return the infrastructure that a rollback leaves on another image than the backup names.

    `images` maps services to the image ids in the backup. Omits services that the run includes, and
    services of which the backup names no image.
    """
    containers = {name: ctx.container(name) for name in ctx.settings.services.infrastructure}
    return [
        name
        for name, container in containers.items()
        if container is not None
        and images.get(name, container.image_id) != container.image_id
        and not ctx.may_replace(name)
    ]


def require_backup_first(ctx: Context, playbook: Playbook, included: Collection[str]) -> None:
    """Raise `UsageError` if a playbook replaces the database and has no backup step before that."""
    if ctx.settings.services.database not in included:
        return
    kinds = [step.kind for step in playbook.steps]
    rollout = kinds.index(RolloutStep.kind) if RolloutStep.kind in kinds else len(kinds)
    if BackupStep.kind not in kinds[:rollout]:
        raise UsageError(
            "The database is replaced only after a backup of the same run",
            where=f"playbook {playbook.name}",
            todo="add the step `- kind: backup` before the step of the kind rollout",
        )


def without_backup(ctx: Context, included: Collection[str]) -> list[str]:
    """Return the included services that a deploy would replace and whose data no backup holds."""
    keeping = ctx.settings.services.of(("cache", "stateful"))
    return [n for n in keeping if n in included and _would_be_replaced(ctx, n)]


def _would_be_replaced(ctx: Context, name: str) -> bool:
    container = ctx.container(name)
    if container is None:
        return False
    has_image = ctx.image_of(name) is not None  # without it, the deploy first builds or pulls one
    return not has_image or bool(
        drift_of(ctx, name).reason or stale_sources(ctx, ctx.service(name))
    )


def _listed(ctx: Context) -> str:
    return (
        ", ".join(ctx.settings.services.infrastructure) or "infrastructure, and this stack has none"
    )
