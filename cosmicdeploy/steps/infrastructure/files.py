"""Find changed files that infrastructure has mounted, and whether a reload applies them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.probes.mounted_files.changes import FileChange, changed_files
from cosmicdeploy.proxy.nginx.loaded import (
    is_read_at_start,
    is_under_default_folder,
    loaded_at,
    loaded_files,
)
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx


@dataclass(frozen=True, kw_only=True)
class FileChanges:
    """The changed files of a container: those that only a new container reads, and the others.

    A reload of nginx applies the others.
    """

    needing_container: tuple[FileChange, ...] = ()
    reloadable: tuple[FileChange, ...] = ()


def file_changes(ctx: Context, name: str, container: Container) -> FileChanges:
    """Return the changed files that a service's container has not read."""
    nginx = find_nginx(ctx) if name == ctx.settings.services.proxy else None
    read_at = loaded_at(nginx) if nginx is not None else 0.0
    changes = changed_files(ctx, name, container, read_at)
    if nginx is None or not changes:
        return FileChanges(needing_container=tuple(changes))
    return _of_nginx(ctx, nginx, changes)


def _of_nginx(ctx: Context, nginx: Nginx, changes: Iterable[FileChange]) -> FileChanges:
    """Divide the changes; leave out files that nginx reads for each request."""
    loaded = _loaded_files(ctx, nginx)
    needing_container, reloadable = [], []
    for each in changes:
        target = each.file.target
        is_likely = is_under_default_folder(target) and (not loaded or each.how == "removed")
        if each.needs_new_container or is_read_at_start(target):
            needing_container.append(each)
        elif target in loaded or is_likely:
            reloadable.append(each)
    return FileChanges(needing_container=tuple(needing_container), reloadable=tuple(reloadable))


def _loaded_files(ctx: Context, nginx: Nginx) -> Iterable[str]:
    try:
        return loaded_files(ctx, nginx)
    except ConfigError:
        return ()  # the step `reload` reports the error before anything is changed
