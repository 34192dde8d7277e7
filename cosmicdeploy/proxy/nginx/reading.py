"""Read nginx's configuration: from nginx if it runs, else from the files that are mounted."""

from __future__ import annotations

import os
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.declared.directives import Directive
from cosmicdeploy.proxy.declared.unread import nothing_mounted
from cosmicdeploy.proxy.nginx.declared import MAIN, declared_tree
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration
from cosmicdeploy.proxy.nginx.units import number

# The number of worker processes to assume if the number of cores is unknown.
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


def read_nginx(ctx: Context) -> Reading:
    """Return the configuration with which nginx would start now.

    Raises `ConfigError` if nginx would not start with it, and `ProbeFailed` if nginx neither runs
    nor has configuration among its mounts.
    """
    if nginx := find_nginx(ctx):
        return Reading(tree=read_configuration(ctx, nginx), workers=len(nginx.workers), nginx=nginx)
    name = str(ctx.settings.services.proxy)
    tree = declared_tree(ctx.service(name))
    if not tree:
        raise nothing_mounted(ctx, name, "nginx")
    return Reading(tree=tree, workers=_declared_workers(tree))


def _declared_workers(tree: tuple[Directive, ...]) -> int:
    """Return how many workers nginx would start.

    If the mounted files do not say it, but include the main file, that is nginx's default: one.
    Without the main file, it is one for each core, as most images' own main file says.
    """
    default = ("1",) if any(each.file == MAIN for each in tree) else ("auto",)
    words = next((each.arguments for each in tree if each.name == "worker_processes"), default)
    return number("".join(words), os.cpu_count() or SEVERAL)
