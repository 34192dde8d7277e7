"""Create and remove the flag files that the load balancer looks for on every request.

If the proxy's container mounts the folder of a flag file from this host, the deployer changes the
file on the host, because a command in a container costs a busy host a tenth of a second. Otherwise
the deployer runs a command in the container.

Functions take a flag file as its path in the proxy's container, unless they say otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.kernel.identity import is_same_file
from cosmicdeploy.stack.model.mounts import innermost_target

SettingKey = Literal["maintenance.file", "proxy.out_of_service"]

# The mode of a created folder: the proxy's own user has to reach the file in it.
FOLDER_MODE = 0o755


def create(ctx: Context, proxy: Container, file: str, key: SettingKey) -> None:
    """Create a flag file, which the setting `key` names, and its folder if that does not exist.

    Raises `EngineError` if that fails.
    """
    if path := host_path(ctx, proxy, file):
        _change_on_host(ctx, path, key, _create_on_host)
    else:
        _change_in_container(ctx, proxy, file, key, 'mkdir -p "$(dirname "$1")" && touch "$1"')


def remove(ctx: Context, proxy: Container, file: str, key: SettingKey) -> None:
    """Remove a flag file if it exists. Raises `EngineError` if that fails."""
    if path := host_path(ctx, proxy, file):
        remove_on_host(ctx, path, key)
    else:
        _change_in_container(ctx, proxy, file, key, 'rm -f "$1"')


def remove_on_host(ctx: Context, path: Path, key: SettingKey) -> None:
    """Remove a flag file, by its path on the host, if it exists.

    Raises `EngineError` if that fails.
    """
    _change_on_host(ctx, path, key, lambda file: file.unlink(missing_ok=True))


def existing(ctx: Context, proxy: Container, files: Sequence[str]) -> list[str]:
    """Return those of the flag files that exist."""
    paths = {file: host_path(ctx, proxy, file) for file in files}
    within = [file for file, path in paths.items() if path is None]
    script = 'for file; do test ! -e "$file" || echo "$file"; done'
    argv = ["sh", "-c", script, "sh", *within]
    listed = ctx.engine.exec(proxy.id, argv).text.splitlines() if within else []
    return [
        file for file, path in paths.items() if (exists_on_host(path) if path else file in listed)
    ]


def exists_on_host(path: Path) -> bool:
    """Return whether a host path exists; False if the deployer has no access to its folder."""
    try:
        return path.exists()
    except OSError:
        return False


def host_path(ctx: Context, proxy: Container, file: str) -> Path | None:
    """Return the host path of a flag file of the running proxy.

    None if the proxy does not mount the file's folder from this host, if the deployer may not write
    to the folder, or if a link leads out of the folder.
    """
    target, folder = _innermost_mount(proxy.mounts, file)
    if folder is None or not _is_mounted(ctx, proxy, target, folder):
        return None
    path = folder / PurePosixPath(file).relative_to(target)
    # The container may have created links in the folder: none may lead out of the folder.
    is_inside = path.parent.resolve().is_relative_to(folder.resolve())
    return path if is_inside else None


def declared_host_path(ctx: Context, file: str) -> Path | None:
    """Return the host path that the compose file gives a file of the proxy's container.

    None if the file is in no bind mount, or if the stack has no proxy.
    """
    proxy = ctx.settings.services.proxy
    mounts = ctx.service(proxy).mounts if proxy else ()
    binds = {mount.target: mount.source if mount.type == "bind" else "" for mount in mounts}
    target, folder = _innermost_mount(binds, file)
    return folder / PurePosixPath(file).relative_to(target) if folder else None


def _innermost_mount(mounts: Mapping[str, str], file: str) -> tuple[str, Path | None]:
    """Return the target of the innermost mount around the file, and that mount's host folder.

    Returns ("", None) if no mount contains the file. The folder is None if the mount has no folder
    on the host.
    """
    target = innermost_target(mounts, file)
    source = mounts.get(target)
    return target, Path(source) if source else None


def _is_mounted(ctx: Context, proxy: Container, target: str, folder: Path) -> bool:
    """Return whether the container mounts this very folder and the deployer may write to it.

    On this host, the path may lead to another folder than in the container: if the engine is on
    another host, or if the folder was created again after the container started.
    """
    key, cached = (proxy.id, folder), ctx.lookup_cache.writable_mounts
    if key not in cached:
        is_same = is_same_file(ctx, proxy, target, folder)
        cached[key] = bool(is_same) and os.access(folder, os.W_OK | os.X_OK)
    return cached[key]


def _change_on_host(
    ctx: Context, path: Path, key: SettingKey, change: Callable[[Path], None]
) -> None:
    ctx.lock.require()
    try:
        change(path)
    except OSError as error:
        raise EngineError(
            f"Cannot change a file that the proxy looks for: {error.strerror}",
            where=str(path),
            todo=f"let the deployer's user write there, or name another file in `{key}`",
        ) from error


def _create_on_host(path: Path) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        path.parent.chmod(FOLDER_MODE)  # whatever the umask
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644))


def _change_in_container(
    ctx: Context, proxy: Container, file: str, key: SettingKey, script: str
) -> None:
    result = ctx.engine.exec(proxy.id, ["sh", "-c", script, "sh", file])
    if result.exit_code != 0:
        raise EngineError(
            "Cannot change a file that the proxy looks for",
            where=f"{proxy.name}: {file}",
            todo=f"set `{key}` to a file that can be written in the container",
            details=result.error_text.splitlines(),
        )
