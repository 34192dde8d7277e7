"""Check whether a container can write to the folders that are mounted into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ProbeFailed

# Prints a line for each of the folders to which the current user cannot write. Asks the kernel, and
# writes nothing. A folder that is not writable itself passes if a folder in it is writable: an
# application often gets its sources mounted, and writes only to some folders in them. A mounted
# file is left out: most are configuration that the application only reads.
SCRIPT = """
options_of() {
    while read -r _ target _ options _; do
        [ "$target" = "$1" ] && found=$options
    done </proc/self/mounts
}
for path in "$@"; do
    [ -d "$path" ] || continue
    found=
    options_of "$path"
    case ",$found," in *,ro,*) echo "read-only - $path"; continue;; esac
    [ -w "$path" ] && continue
    for each in "$path"/*/; do [ -w "$each" ] && continue 2; done
    echo "denied $(stat -c %U "$path" 2>/dev/null || echo unknown) $path"
done
"""
READ_ONLY = "read-only"
LINE = re.compile(rf"({READ_ONLY}|denied) (\S+) (/.*)")
# The script takes milliseconds, unless the server of a network's file system is away.
SILENCE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class UnwritableMount:
    """A mounted folder to which a container cannot write.

    With `is_read_only`, its file system is mounted read-only. Otherwise the container's user lacks
    the permission, and the folder belongs to `owner`.
    """

    target: str
    is_read_only: bool
    owner: str


def unwritable_mounts(
    ctx: Context, container: Container, targets: Sequence[str], user: str
) -> list[UnwritableMount]:
    """Return those of the mounted folders `targets` to which `user` cannot write.

    `user` is "" for the container's own user. Runs one shell in the container, and changes nothing.
    Raises `ProbeFailed` if the container has no shell, and `EngineError`.
    """
    command = ["sh", "-c", SCRIPT, "sh", *targets]
    result = ctx.engine.exec_as(user, container.id, command, silence=SILENCE_SECONDS)
    if result.exit_code != 0:
        reason = (result.error_text or result.text).strip().splitlines()[-1:]
        raise ProbeFailed(
            f"It is unknown whether the mounts can be written to: {''.join(reason)}",
            where=container.name,
        )
    return list(_parse(result.text))


def _parse(text: str) -> Iterator[UnwritableMount]:
    """Yield the folders in the script's output; a shell's start file may print other lines."""
    for line in text.splitlines():
        if match := LINE.fullmatch(line):
            kind, owner, target = match.groups()
            yield UnwritableMount(target=target, is_read_only=kind == READ_ONLY, owner=owner)
