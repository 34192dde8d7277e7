"""Check whether a container can write to the folders that are mounted into it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ProbeFailed

# A script that prints a line for each folder to which the current user should be able to write, but
# cannot. Its arguments are pairs of a `Use` and a folder. It asks the kernel, and writes nothing.
# It leaves out mounted files: most of them are configuration that is only read.
SCRIPT = """
options_of() {
    while read -r _ target _ options _; do
        [ "$target" = "$1" ] && found=$options
    done </proc/self/mounts
}
# Whether a folder that is not writable itself is as it should be.
is_fine() {
    case $1 in
        application) for each in "$2"/*/; do [ -w "$each" ] && return 0; done; return 1;;
        unknown) [ -r "$2" ] && [ -x "$2" ] || return 1
            for each in "$2"/*; do [ -O "$each" ] && return 1; done; return 0;;
        *) return 1;;
    esac
}
while [ $# -gt 1 ]; do
    use=$1 path=$2
    shift 2
    [ -d "$path" ] || continue
    found=
    options_of "$path"
    case ",$found," in *,ro,*) echo "read-only - $path"; continue;; esac
    [ -w "$path" ] || is_fine "$use" "$path" && continue
    kind=unreadable
    [ -r "$path" ] && [ -x "$path" ] && kind=denied
    echo "$kind $(stat -c %U "$path" 2>/dev/null || echo unknown) $path"
done
"""
READ_ONLY, UNREADABLE = "read-only", "unreadable"
LINE = re.compile(rf"({READ_ONLY}|{UNREADABLE}|denied) (\S+) (/.*)")
# Seconds. The script takes milliseconds, unless the server of a network file system is down.
SILENCE_SECONDS = 10.0


class Use(StrEnum):
    """What a container uses a mounted folder for, which decides whether it should be writable.

    - `APPLICATION`: the sources of an application are often mounted, and the application writes
      only to some folders in them.
    - `DATA`: a volume, which is there to be written to.
    - `UNKNOWN`: a folder of the host. It may contain configuration that is only read. So it should
      be writable only if something in it belongs to the user, or if the user cannot even read it.
    """

    APPLICATION = "application"
    DATA = "data"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class UnwritableMount:
    """A mounted folder to which a container cannot write.

    If `is_read_only`, the folder's file system is mounted read-only. Otherwise the container's user
    lacks the permission, and the folder belongs to `owner`. If `is_unreadable`, the user cannot
    even read the folder.
    """

    target: str
    is_read_only: bool
    owner: str
    is_unreadable: bool = False


def unwritable_mounts(
    ctx: Context, container: Container, targets: Mapping[str, Use], user: str
) -> list[UnwritableMount]:
    """Return those of the mounted folders `targets` to which `user` cannot write, but should.

    `user` is "" for the container's own user. Runs one shell in the container, and changes nothing.
    Raises `ProbeFailed` if the script fails or the container has no shell, and `EngineError`.
    """
    pairs = itertools.chain.from_iterable((use, target) for target, use in targets.items())
    command = ["sh", "-c", SCRIPT, "sh", *pairs]
    result = ctx.engine.exec_as(user, container.id, command, silence=SILENCE_SECONDS)
    if result.exit_code != 0:
        lines = (result.error_text or result.text).strip().splitlines()
        reason = lines[-1] if lines else f"the shell ended with exit code {result.exit_code}"
        raise ProbeFailed(
            f"It is unknown whether the mounts can be written to: {reason}",
            where=container.name,
        )
    return list(_parse(result.text))


def _parse(text: str) -> Iterator[UnwritableMount]:
    """Yield the folders in the script's output; a shell's start file may print other lines."""
    for line in text.splitlines():
        if match := LINE.fullmatch(line):
            kind, owner, target = match.groups()
            yield UnwritableMount(
                target=target,
                is_read_only=kind == READ_ONLY,
                owner=owner,
                is_unreadable=kind == UNREADABLE,
            )
