"""Read nginx's configuration: from nginx if it runs, else from the files that are mounted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.proxy.draining.flag_files import declared_host_path
from cosmicdeploy.proxy.nginx.configuration import Directive
from cosmicdeploy.proxy.nginx.declared import CONFIGURED, declared_tree, template_of
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration
from cosmicdeploy.proxy.nginx.units import number

SEVERAL = 2


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A configuration of nginx, and the number of worker processes.

    `nginx` is None if nginx does not run: then the configuration is that of the mounted files.
    """

    tree: tuple[Directive, ...]
    workers: int
    nginx: Nginx | None = None

    @property
    def source(self) -> str:
        return "nginx's configuration" if self.nginx else "the mounted files of nginx"


def read_proxy(ctx: Context, name: str) -> Reading:
    """Return the configuration of the proxy `name`.

    Raises `ConfigError` if nginx would not start with it, and `ProbeFailed` if the proxy is not
    nginx, or neither runs nor has configuration among its mounts.
    """
    container = ctx.container(name)
    if nginx := find_nginx(ctx):
        return Reading(tree=read_configuration(ctx, nginx), workers=len(nginx.workers), nginx=nginx)
    if container is not None and container.is_running:
        raise ProbeFailed(
            f"{name} is not nginx, whose configuration alone is read",
            where=container.image_name,
            todo="the requests of each deploy show what it loses: `cosmicdeploy deploy --plan` says"
            " how many are sent",
        )
    tree = declared_tree(ctx.service(name))
    if not tree:
        raise ProbeFailed(
            f"{name} does not run, and no configuration of nginx is mounted into it",
            where=str(ctx.stack.file),
            todo="run `cosmicdeploy up`, then `cosmicdeploy doctor` again",
        )
    return Reading(tree=tree, workers=_declared_workers(tree))


def shown_place(ctx: Context, place: str) -> str:
    """Return where the operator finds a place in the proxy's container, "FILE:LINE".

    That is a file of the stack's folder or of this host if it is mounted, also as a template.
    """
    file, _, line = place.rpartition(":")
    templates = [template_of(file)] if PurePosixPath(file).is_relative_to(CONFIGURED) else []
    for each in (file, *templates):
        path = declared_host_path(ctx, each)
        if path is not None and path.exists():
            is_own = path.is_relative_to(ctx.stack.directory)
            return f"{path.relative_to(ctx.stack.directory) if is_own else path}:{line}"
    return f"{place} in {ctx.settings.services.proxy}"


def _declared_workers(tree: tuple[Directive, ...]) -> int:
    """Return how many workers nginx would start: one for each core if the files do not say it."""
    words = next((each.arguments for each in tree if each.name == "worker_processes"), ("auto",))
    return number("".join(words), os.cpu_count() or SEVERAL)
