"""Whether the application can write to a file in its container."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container

# A file that is not there yet is made in its folder.
LOOK = """
file=$1
[ -e "$file" ] || file=$(dirname "$file")
[ -w "$file" ] || stat -c '%U %n' "$file"
"""


@dataclass(frozen=True, kw_only=True)
class Blocked:
    """A file, or the folder that it would be made in, and whose it is."""

    path: str
    owner: str


def blocked(ctx: Context, container: Container, path: PurePosixPath) -> Blocked | None:
    """What keeps the user that the application runs as from writing there; None where nothing does,
    or where there is not even a folder. Raises `EngineError`."""
    result = ctx.engine.exec_as(ctx.console_user, container.id, ["sh", "-c", LOOK, "sh", str(path)])
    owner, _, found = result.text.strip().partition(" ")
    return Blocked(path=found, owner=owner) if found else None
