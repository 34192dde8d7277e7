"""Files that tell the proxy something while they are there.

nginx looks for them with every request, so that nothing has to be reloaded. Where the container
shows a folder of this host in their place, they are made and removed there: a command in a
container costs the host a tenth of a second at work. Else that is done from within.
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

# The proxy's own user has to come to the file.
PASSABLE = 0o755


def put(ctx: Context, proxy: Container, file: str, key: Key) -> None:
    """Make the file that a key of the settings names. Raises `EngineError` where it cannot be."""
    if path := of_the_host(ctx, proxy, file):
        _on_the_host(ctx, path, key, _make)
    else:
        _within(ctx, proxy, file, key, 'mkdir -p "$(dirname "$1")" && touch "$1"')


def take_away(ctx: Context, proxy: Container, file: str, key: Key) -> None:
    """Remove it, where it is there. Raises `EngineError` where it cannot be."""
    if path := of_the_host(ctx, proxy, file):
        remove(ctx, path, key)
    else:
        _within(ctx, proxy, file, key, 'rm -f "$1"')


def remove(ctx: Context, path: Path, key: Key) -> None:
    """As `take_away`, by its place on the host."""
    _on_the_host(ctx, path, key, lambda file: file.unlink(missing_ok=True))


def there(ctx: Context, proxy: Container, files: Sequence[str]) -> list[str]:
    """Those of the files that are there."""
    paths = {file: of_the_host(ctx, proxy, file) for file in files}
    within = [file for file, path in paths.items() if path is None]
    script = 'for file; do test ! -e "$file" || echo "$file"; done'
    words = ["sh", "-c", script, "sh", *within]
    found = ctx.engine.exec(proxy.id, words).text.splitlines() if within else []
    return [file for file, path in paths.items() if (is_there(path) if path else file in found)]


def is_there(path: Path) -> bool:
    """Whether the host has the file, as far as we may look."""
    try:
        return path.exists()
    except OSError:
        return False


def of_the_host(ctx: Context, proxy: Container, file: str) -> Path | None:
    """Where the host has a file of the running container's and lets us change it; else None."""
    target, folder = _folder_of(proxy.mounts, file)
    if folder is None or not _shows(ctx, proxy, target, folder):
        return None
    path = folder / PurePosixPath(file).relative_to(target)
    # Who may write into the folder from within shall not lead us out of it.
    inside = path.parent.resolve().is_relative_to(folder.resolve())
    return path if inside else None


def declared(ctx: Context, file: str) -> Path | None:
    """Where the host has the file by the compose file, whether the proxy runs or not; else None."""
    mounts = ctx.service(str(ctx.settings.services.proxy)).mounts
    binds = {mount.target: mount.source if mount.type == "bind" else "" for mount in mounts}
    target, folder = _folder_of(binds, file)
    return folder / PurePosixPath(file).relative_to(target) if folder else None


def _folder_of(mounts: Mapping[str, str], file: str) -> tuple[str, Path | None]:
    """The mount that the file lies in, and the host's folder that it shows."""
    around = [target for target in mounts if PurePosixPath(file).is_relative_to(target)]
    target = max(around, key=len, default="")
    source = mounts.get(target)
    return target, Path(source) if source else None


def _shows(ctx: Context, proxy: Container, target: str, folder: Path) -> bool:
    """Whether the container sees this very folder, and we may write in it. An engine elsewhere
    tells of its own host's, and one that was made anew since the container started is another."""
    key = f"{proxy.id} shows {folder}"
    if key not in ctx.asked:
        seen = _sees(ctx, proxy, target, folder)
        ctx.asked[key] = seen and os.access(folder, os.W_OK | os.X_OK)
    return bool(ctx.asked[key])


def _sees(ctx: Context, proxy: Container, target: str, folder: Path) -> bool:
    ours, shown = _identity(folder), proc.root(proxy)
    if not ours:
        return False
    # A link in the container's path would lead from here to another place: only a match tells.
    if shown and _identity(shown / target.lstrip("/")) == ours:
        return True
    return _identity_within(ctx, proxy, target) == ours


def _identity(folder: Path) -> str:
    try:
        found = folder.stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def _identity_within(ctx: Context, proxy: Container, target: str) -> str:
    try:
        return ctx.engine.exec(proxy.id, ["stat", "-c", "%d:%i", target]).text.strip()
    except EngineUnavailable:
        raise
    except EngineError:
        return ""  # there is no `stat`


def _on_the_host(ctx: Context, path: Path, key: Key, change: Callable[[Path], None]) -> None:
    ctx.lock.require()
    try:
        change(path)
    except OSError as error:
        raise EngineError(
            f"A file that tells the proxy something cannot be changed: {error.strerror}",
            where=str(path),
            todo=f"let yourself write there, or name another one in `{key}`",
        ) from error


def _make(path: Path) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        path.parent.chmod(PASSABLE)  # whatever the umask
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644))


def _within(ctx: Context, proxy: Container, file: str, key: Key, script: str) -> None:
    result = ctx.engine.exec(proxy.id, ["sh", "-c", script, "sh", file])
    if result.exit_code != 0:
        raise EngineError(
            "A file that tells the proxy something cannot be changed",
            where=f"{proxy.name}: {file}",
            todo=f"name one that can be written in `{key}`",
            details=result.error_text.splitlines(),
        )
