"""Find changed files that infrastructure has mounted, and whether a reload applies them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.probes.mounted_files.changes import FileChange, changed_files
from cosmicdeploy.proxy import Configuration, load_balancer


@dataclass(frozen=True, kw_only=True)
class FileChanges:
    """The changed files of a container: those that only a new container reads, and the others.

    A reload of the load balancer applies the others.
    """

    needing_container: tuple[FileChange, ...] = ()
    reloadable: tuple[FileChange, ...] = ()


def file_changes(ctx: Context, name: str, container: Container) -> FileChanges:
    """Return the changed files that a service's container has not read."""
    is_proxy = name == ctx.settings.services.proxy
    configuration = load_balancer(ctx).configuration() if is_proxy else None
    read_at = configuration.loaded_at() if configuration is not None else 0.0
    changes = changed_files(ctx, name, container, read_at)
    if configuration is None or not changes:
        return FileChanges(needing_container=tuple(changes))
    return _divided(configuration, changes)


def _divided(configuration: Configuration, changes: Iterable[FileChange]) -> FileChanges:
    """Divide the changes; leave out files that take effect without a reload."""
    needing_container, reloadable = [], []
    for each in changes:
        effect = configuration.effect_of(each.file.target, each.how)
        if each.needs_new_container or effect == "container":
            needing_container.append(each)
        elif effect == "reload":
            reloadable.append(each)
    return FileChanges(needing_container=tuple(needing_container), reloadable=tuple(reloadable))
