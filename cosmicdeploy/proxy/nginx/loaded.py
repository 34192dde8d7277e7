"""Find out which configuration files nginx has read, and when."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import PurePosixPath

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy.declared.directives import walk
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.load_balancer import Effect
from cosmicdeploy.proxy.nginx.configuration import FILE, parse
from cosmicdeploy.proxy.nginx.server import (
    Nginx,
    dump_configuration,
    read_configuration,
    reload,
)

# Folders that nginx's official image reads only when the container starts.
STARTED_FROM = ("/etc/nginx/templates", "/docker-entrypoint.d")
DEFAULT_FOLDER = PurePosixPath("/etc/nginx")
NOT_FOUND = re.compile(r'host not found in upstream "([^":]+)')


class NginxConfiguration:
    """The `Configuration` of a running nginx."""

    # nginx closes connections that have no request in flight.
    reload_cost, reload_gap = "closes clients' idle connections", "closed idle connections"

    def __init__(self, ctx: Context, nginx: Nginx) -> None:
        self._ctx, self._nginx = ctx, nginx

    @property
    def container(self) -> Container:
        return self._nginx.container

    def loaded_at(self) -> float:
        return loaded_at(self._nginx)

    def effect_of(self, target: str, how: str) -> Effect:
        if is_read_at_start(target):
            return "container"
        # The file may be one that nginx reads: if it was removed, or if the files that nginx reads
        # are unknown, `_files` does not have it.
        is_likely = is_under_default_folder(target) and (not self._files or how == "removed")
        # Any other file is read for each request.
        return "reload" if target in self._files or is_likely else "none"

    def require_valid(self) -> None:
        read_configuration(self._ctx, self._nginx)

    def missing_hosts(self, error: ConfigError) -> Sequence[str]:
        missing = [host for line in error.details for host in NOT_FOUND.findall(line)]
        return missing if len(missing) == len(error.details) else ()

    def reload(self) -> None:
        reload(self._ctx, self._nginx)

    @cached_property
    def _files(self) -> Collection[str]:
        try:
            return loaded_files(self._ctx, self._nginx)
        except ConfigError:
            return ()  # the step `reload` reports the error before anything is changed


def loaded_at(nginx: Nginx) -> float:
    """Return the Unix time at which nginx last read its configuration; 0 if that is unknown.

    The result is the start of the oldest worker, since each start or reload of nginx starts new
    workers. While workers from before a reload still finish requests, the result is too early.
    """
    started = min((worker.started for worker in nginx.workers), default=0)
    try:
        up = float((proc.PROC / "uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    age = up - started / os.sysconf("SC_CLK_TCK")
    return time.time() - age if started else 0.0


def loaded_files(ctx: Context, nginx: Nginx) -> Collection[str]:
    """Return the paths, in nginx's container, of the files that nginx reads at a start or reload.

    These are its configuration files, and the certificates and keys that they name. Raises
    `ConfigError` if nginx would not start with its present configuration.
    """
    dump = dump_configuration(ctx, nginx)
    files = FILE.findall(dump)
    folder = PurePosixPath(files[0]).parent if files else DEFAULT_FOLDER
    named = {
        str(folder / argument)
        for directive in walk(parse(dump))
        if "ssl_" in directive.name
        for argument in directive.arguments
    }
    return {*files, *named}


def is_read_at_start(path: str) -> bool:
    """Return whether a file in nginx's container takes effect only when the container starts."""
    return any(PurePosixPath(path).is_relative_to(folder) for folder in STARTED_FROM)


def is_under_default_folder(path: str) -> bool:
    """Return whether a file is in the default folder of nginx's configuration."""
    return PurePosixPath(path).is_relative_to(DEFAULT_FOLDER)
