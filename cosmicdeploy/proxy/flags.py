"""Files in the proxy's container that tell it something while they are there.

nginx looks for them with every request, so that nothing has to be reloaded. Where the container has
such a file from a folder of the host that it can only read, the file is made and removed there: a
command in a container costs the host a tenth of a second at work. Else it is done from within.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import EngineError

Key = Literal["maintenance.file", "proxy.out_of_service"]

# The proxy's own user has to find the file.
READABLE, PASSABLE = 0o644, 0o755


def put(ctx: Context, proxy: Container, file: str, key: Key) -> None:
    """Make the file that a key of the settings names. Raises `EngineError` where it cannot be."""
    if path := of_the_host(proxy, file):
        _on_the_host(ctx, path, key, _make)
    else:
        _within(ctx, proxy, file, key, 'mkdir -p "$(dirname "$1")" && touch "$1"')


def take_away(ctx: Context, proxy: Container, file: str, key: Key) -> None:
    """Remove it, where it is there. Raises `EngineError` where it cannot be."""
    if path := of_the_host(proxy, file):
        _on_the_host(ctx, path, key, _remove)
    else:
        _within(ctx, proxy, file, key, 'rm -f "$1"')


def there(ctx: Context, proxy: Container, files: Sequence[str]) -> list[str]:
    """Those of the files that are there."""
    paths = {file: of_the_host(proxy, file) for file in files}
    within = [file for file, path in paths.items() if path is None]
    script = 'for file; do test ! -e "$file" || echo "$file"; done'
    words = ["sh", "-c", script, "sh", *within]
    found = ctx.engine.exec(proxy.id, words).text.splitlines() if within else []
    return [file for file, path in paths.items() if (path.exists() if path else file in found)]


def of_the_host(proxy: Container, file: str) -> Path | None:
    """Where the host has a file that the container can only see; None where it has not."""
    inner = PurePosixPath(file)
    above = [target for target in proxy.mounts if inner.is_relative_to(target)]
    nearest = max(above, key=len, default=None)
    if nearest is None or not proxy.mounts[nearest]:
        return None
    source = Path(proxy.mounts[nearest])
    # An engine elsewhere tells of folders that this host has not.
    return source / inner.relative_to(nearest) if source.is_dir() else None


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
    path.parent.mkdir(PASSABLE, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, READABLE))


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _within(ctx: Context, proxy: Container, file: str, key: Key, script: str) -> None:
    result = ctx.engine.exec(proxy.id, ["sh", "-c", script, "sh", file])
    if result.exit_code != 0:
        raise EngineError(
            "A file that tells the proxy something cannot be changed",
            where=f"{proxy.name}: {file}",
            todo=f"name one that can be written in `{key}`",
            details=result.error_text.splitlines(),
        )
