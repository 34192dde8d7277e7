"""Find out which configuration files nginx has read, and when."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import PurePosixPath

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.nginx.configuration import FILE, parse, walk
from cosmicdeploy.proxy.nginx.server import Nginx, dump_configuration

# Folders that nginx's official image reads only when the container starts.
STARTED_FROM = ("/etc/nginx/templates", "/docker-entrypoint.d")
DEFAULT_FOLDER = PurePosixPath("/etc/nginx")


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
    main = PurePosixPath(files[0]).parent if files else DEFAULT_FOLDER
    named = {
        str(main / argument)
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
