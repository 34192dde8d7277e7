"""Check whether the application can write to a file in its container."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container

# Checks the file or, if it does not exist yet, its folder. Prints the owner and the path if the
# current user cannot write there.
SCRIPT = """
file=$1
[ -e "$file" ] || file=$(dirname "$file")
[ -w "$file" ] || stat -c '%U %n' "$file"
"""


@dataclass(frozen=True, kw_only=True)
class Unwritable:
    """A file or folder that the application cannot write to, and the user who owns it."""

    path: str
    owner: str


def find_unwritable(ctx: Context, container: Container, path: PurePosixPath) -> Unwritable | None:
    """Return the file or folder that keeps the application's user from writing to `path`.

    None if the user can write there, or if not even the folder exists. Runs one shell in the
    container as that user (about 100 ms) and changes nothing. Raises `EngineError`.
    """
    command = ["sh", "-c", SCRIPT, "sh", str(path)]
    result = ctx.engine.exec_as(ctx.console_user, container.id, command)
    owner, _, unwritable = result.text.strip().partition(" ")
    return Unwritable(path=unwritable, owner=owner) if unwritable else None
