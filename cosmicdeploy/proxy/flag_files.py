"""Files whose existence tells the proxy something.

nginx looks for them with every request, so nothing has to be reloaded. Where the container mounts a
folder of this host in their place, the deployer creates and removes them there: a command in a
container costs a busy host a tenth of a second. Otherwise it runs a command in the container.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.proxy.kernel import proc

Key = Literal["maintenance.file", "proxy.out_of_service"]

# The proxy's own user has to reach the file.
PASSABLE = 0o755


def create(ctx: Context, proxy: Container, file: str, key: Key) -> None:
    """Create the file that the setting `key` names. Raises `EngineError` if that fails."""
    if path := host_path(ctx, proxy, file):
        _change_on_host(ctx, path, key, _create_on_host)
    else:
        _change_within(ctx, proxy, file, key, 'mkdir -p "$(dirname "$1")" && touch "$1"')


def remove(ctx: Context, proxy: Container, file: str, key: Key) -> None:
    """Remove the file if it exists. Raises `EngineError` if that fails."""
    if path := host_path(ctx, proxy, file):
        remove_on_host(ctx, path, key)
    else:
        _change_within(ctx, proxy, file, key, 'rm -f "$1"')


def remove_on_host(ctx: Context, path: Path, key: Key) -> None:
    """As `remove`, by the file's path on the host."""
    _change_on_host(ctx, path, key, lambda file: file.unlink(missing_ok=True))


def existing(ctx: Context, proxy: Container, files: Sequence[str]) -> list[str]:
    """Return those of the files that exist."""
    paths = {file: host_path(ctx, proxy, file) for file in files}
    within = [file for file, path in paths.items() if path is None]
    script = 'for file; do test ! -e "$file" || echo "$file"; done'
    argv = ["sh", "-c", script, "sh", *within]
    listed = ctx.engine.exec(proxy.id, argv).text.splitlines() if within else []
    return [
        file for file, path in paths.items() if (exists_on_host(path) if path else file in listed)
    ]


def exists_on_host(path: Path) -> bool:
    """Return whether the file exists on the host; False where the deployer may not look."""
    try:
        return path.exists()
    except OSError:
        return False


def host_path(ctx: Context, proxy: Container, file: str) -> Path | None:
    """Return the host's path of a file of the running container.

    None if the host does not have it or the deployer may not write there.
    """
    target, folder = _mount_around(proxy.mounts, file)
    if folder is None or not _is_mounted(ctx, proxy, target, folder):
        return None
    path = folder / PurePosixPath(file).relative_to(target)
    # A link that the container made in the folder must not lead out of it.
    is_inside = path.parent.resolve().is_relative_to(folder.resolve())
    return path if is_inside else None


def declared_host_path(ctx: Context, file: str) -> Path | None:
    """Return the host's path by the compose file, whether the proxy runs or not; None if it has
    none."""
    mounts = ctx.service(str(ctx.settings.services.proxy)).mounts
    binds = {mount.target: mount.source if mount.type == "bind" else "" for mount in mounts}
    target, folder = _mount_around(binds, file)
    return folder / PurePosixPath(file).relative_to(target) if folder else None


def _mount_around(mounts: Mapping[str, str], file: str) -> tuple[str, Path | None]:
    """Return the innermost mount that holds the file, and the host's folder behind it."""
    around = [target for target in mounts if PurePosixPath(file).is_relative_to(target)]
    target = max(around, key=len, default="")
    source = mounts.get(target)
    return target, Path(source) if source else None


def _is_mounted(ctx: Context, proxy: Container, target: str, folder: Path) -> bool:
    """Return whether the container sees this very folder and the deployer may write in it.

    An engine elsewhere names a folder of its own host; a folder that was created again since the
    container started is another one.
    """
    key, cached = (proxy.id, folder), ctx.lookup_cache.writable_mounts
    if key not in cached:
        is_same = _is_same_folder(ctx, proxy, target, folder)
        cached[key] = is_same and os.access(folder, os.W_OK | os.X_OK)
    return cached[key]


def _is_same_folder(ctx: Context, proxy: Container, target: str, folder: Path) -> bool:
    identity, root = _identity(folder), proc.root(proxy)
    if not identity:
        return False
    # Seen from the host, a link in the container's path may lead elsewhere: only a match counts.
    if root and _identity(root / target.lstrip("/")) == identity:
        return True
    return _identity_within(ctx, proxy, target) == identity


def _identity(folder: Path) -> str:
    try:
        status = folder.stat()
    except OSError:
        return ""
    return f"{status.st_dev}:{status.st_ino}"


def _identity_within(ctx: Context, proxy: Container, target: str) -> str:
    try:
        return ctx.engine.exec(proxy.id, ["stat", "-c", "%d:%i", target]).text.strip()
    except EngineUnavailable:
        raise
    except EngineError:
        return ""  # the image has no `stat`


def _change_on_host(ctx: Context, path: Path, key: Key, change: Callable[[Path], None]) -> None:
    ctx.lock.require()
    try:
        change(path)
    except OSError as error:
        raise EngineError(
            f"A file that the proxy looks for cannot be changed: {error.strerror}",
            where=str(path),
            todo=f"let the deployer's user write there, or name another file in `{key}`",
        ) from error


def _create_on_host(path: Path) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        path.parent.chmod(PASSABLE)  # whatever the umask
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644))


def _change_within(ctx: Context, proxy: Container, file: str, key: Key, script: str) -> None:
    result = ctx.engine.exec(proxy.id, ["sh", "-c", script, "sh", file])
    if result.exit_code != 0:
        raise EngineError(
            "A file that the proxy looks for cannot be changed",
            where=f"{proxy.name}: {file}",
            todo=f"name a file that can be written in `{key}`",
            details=result.error_text.splitlines(),
        )
