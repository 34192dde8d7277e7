"""Create and remove flag files: nginx looks for them on every request, so it needs no reload.

If the proxy's container mounts their folder from this host, the deployer changes them on the host:
a command in a container costs a busy host a tenth of a second. Otherwise it runs a command in the
container.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.proxy.kernel.identity import is_same_file

SettingKey = Literal["maintenance.file", "proxy.out_of_service"]

# The mode of a created folder: the proxy's own user has to reach the file in it.
FOLDER_MODE = 0o755


def create(ctx: Context, proxy: Container, file: str, key: SettingKey) -> None:
    """Create the file that the setting `key` names. Raises `EngineError` if that fails."""
    if path := host_path(ctx, proxy, file):
        _change_on_host(ctx, path, key, _create_on_host)
    else:
        _change_in_container(ctx, proxy, file, key, 'mkdir -p "$(dirname "$1")" && touch "$1"')


def remove(ctx: Context, proxy: Container, file: str, key: SettingKey) -> None:
    """Remove the file if it exists. Raises `EngineError` if that fails."""
    if path := host_path(ctx, proxy, file):
        remove_on_host(ctx, path, key)
    else:
        _change_in_container(ctx, proxy, file, key, 'rm -f "$1"')


def remove_on_host(ctx: Context, path: Path, key: SettingKey) -> None:
    """Remove a file by its path on the host, as `remove` does."""
    _change_on_host(ctx, path, key, lambda file: file.unlink(missing_ok=True))


def existing(ctx: Context, proxy: Container, files: Sequence[str]) -> list[str]:
    """Return the files that exist."""
    paths = {file: host_path(ctx, proxy, file) for file in files}
    within = [file for file, path in paths.items() if path is None]
    script = 'for file; do test ! -e "$file" || echo "$file"; done'
    argv = ["sh", "-c", script, "sh", *within]
    listed = ctx.engine.exec(proxy.id, argv).text.splitlines() if within else []
    return [
        file for file, path in paths.items() if (exists_on_host(path) if path else file in listed)
    ]


def exists_on_host(path: Path) -> bool:
    """Return whether the file exists on the host; False if the deployer may not look there."""
    try:
        return path.exists()
    except OSError:
        return False


def host_path(ctx: Context, proxy: Container, file: str) -> Path | None:
    """Return the path on the host of a file in the running container.

    None if the file is not on this host, or the deployer may not write there.
    """
    target, folder = _innermost_mount(proxy.mounts, file)
    if folder is None or not _is_mounted(ctx, proxy, target, folder):
        return None
    path = folder / PurePosixPath(file).relative_to(target)
    # A link that the container made in the folder must not lead out of it.
    is_inside = path.parent.resolve().is_relative_to(folder.resolve())
    return path if is_inside else None


def declared_host_path(ctx: Context, file: str) -> Path | None:
    """Return the file's path on the host according to the compose file; None without a mount."""
    mounts = ctx.service(str(ctx.settings.services.proxy)).mounts
    binds = {mount.target: mount.source if mount.type == "bind" else "" for mount in mounts}
    target, folder = _innermost_mount(binds, file)
    return folder / PurePosixPath(file).relative_to(target) if folder else None


def _innermost_mount(mounts: Mapping[str, str], file: str) -> tuple[str, Path | None]:
    """Return the target of the innermost mount around the file, and its folder on the host."""
    around = [target for target in mounts if PurePosixPath(file).is_relative_to(target)]
    target = max(around, key=len, default="")
    source = mounts.get(target)
    return target, Path(source) if source else None


def _is_mounted(ctx: Context, proxy: Container, target: str, folder: Path) -> bool:
    """Return whether the container sees this very folder and the deployer may write in it.

    The path may lead to another folder if the engine is on another host, or if the folder was
    created again after the container started.
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
            todo=f"name a file that can be written in `{key}`",
            details=result.error_text.splitlines(),
        )
