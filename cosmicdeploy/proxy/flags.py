"""Files in the proxy's container that tell it something while they are there.

nginx looks for them with every request, so that nothing has to be reloaded.
"""

from __future__ import annotations

from typing import Literal

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import EngineError

Key = Literal["maintenance.file", "proxy.out_of_service"]


def put(ctx: Context, proxy: Container, file: str, key: Key) -> None:
    """Make the file that a key of the settings names. Raises `EngineError` where it cannot be."""
    _change(ctx, proxy, file, key, 'mkdir -p "$(dirname "$1")" && touch "$1"')


def take_away(ctx: Context, proxy: Container, file: str, key: Key) -> None:
    """Remove it, where it is there. Raises `EngineError` where it cannot be."""
    _change(ctx, proxy, file, key, 'rm -f "$1"')


def _change(ctx: Context, proxy: Container, file: str, key: Key, script: str) -> None:
    result = ctx.engine.exec(proxy.id, ["sh", "-c", script, "sh", file])
    if result.exit_code != 0:
        raise EngineError(
            "A file that tells the proxy something cannot be changed",
            where=f"{proxy.name}: {file}",
            todo=f"name one that can be written in `{key}`",
            details=result.error_text.splitlines(),
        )
