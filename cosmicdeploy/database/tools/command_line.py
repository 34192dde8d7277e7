"""Command lines of the dump tool and the client, for every vendor and version."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from cosmicdeploy.database.backups.on_disk.archive import COMPRESSION_LEVEL
from cosmicdeploy.database.session_settings import NO_LIMIT, set_all

# An environment variable of each command, which names its schema. If the deployer was killed, the
# next run finds and stops the command by this variable.
SCHEMA_VARIABLE = "COSMICDEPLOY_SCHEMA"

# A script that prints the path of each tool on a line of its own, or an empty line if the container
# lacks the tool. Then the script prints the help of the dump tool.
PROBE = """
first() { for name; do command -v "$name" && return; done; echo; }
first mariadb-dump mysqldump
first mariadb mysql
first stdbuf
first zstd
"$(first mariadb-dump mysqldump)" "$1" --help 2>/dev/null
exit 0
"""
# A buffer size, as an option of stdbuf. Without it the dump tools write 4 KiB at a time, and each
# write wakes every process between the tool and the deployer. Measured on two cores, 0.5 GB through
# an exec of the engine: 8.1 s by default, 6.0 s with this buffer.
LARGE_BUFFER = "-o1M"
# As much as a pipe holds, so that the dump tool continues while the compressor works. Measured on
# two cores, 0.35 GB: 4.7 s, against 5.2 s with the large buffer and 5.4 s by default.
PIPE_SIZED_BUFFER = "-o64K"
# A script that compresses the output of a command. Its exit code is that of the command if the
# command failed, else that of the compressor. A plain pipeline would hide that the command failed.
COMPRESS = """
pack=$1; level=$2; shift 2
exec 3>&1
codes=$({
  { "$@" 3>&- 4>&-; echo "$?" >&4; } | "$pack" -q -c --check "$level" >&3 4>&-
  echo "$?" >&4
} 4>&1)
set -- $codes
test "$1" -ne 0 && exit "$1"
exit "$2"
"""

# Option files in the container could change the content of a dump (insert-ignore, where), so the
# tools must not read them. The tools require this option to come first.
NO_OPTION_FILES = "--no-defaults"

CHARACTER_SET, INIT_COMMAND = "--default-character-set", "--init-command"
# Options of both tools that change their session.
SESSION_FLAGS = (CHARACTER_SET, INIT_COMMAND)
# Options with which the client prints no column names, and a row as a line with tabs between the
# values.
VALUES_ONLY = ("--batch", "--skip-column-names")
NULL = "NULL"
DUMP_FLAGS = (
    "--single-transaction",
    "--quick",
    "--hex-blob",
    f"{CHARACTER_SET}=utf8mb4",
    "--max-allowed-packet=1G",
    "--tz-utc",
    "--comments",
    "--dump-date",
    # A SELECT with its own limit ignores the server's sql_select_limit.
    f"--where=1 LIMIT {NO_LIMIT}",
)
# Kinds of objects that a dump may hold, as the tools' options name them.
OBJECTS = ("routines", "triggers", "events")
# In bytes: the default and the smallest size of the INSERTs that a dump tool writes.
USUAL_INSERT, SMALLEST_INSERT = 1046528, 4096
# In bytes. More than the server adds to a statement's size for the network protocol.
PACKET_MARGIN = 1024
# Options that the tools of some vendors or versions lack: name in the help text → flag.
OPTIONAL_FLAGS = {
    INIT_COMMAND.lstrip("-"): f"{INIT_COMMAND}={set_all('dump')}",
    "no-tablespaces": "--no-tablespaces",
    "set-gtid-purged": "--set-gtid-purged=OFF",
    "column-statistics": "--column-statistics=0",
}


def dump_prefix(stdbuf: str, zstd: str) -> tuple[str, ...]:
    """Return the words to put before the dump tool's command line, to buffer and compress.

    `stdbuf` and `zstd` are the paths of these tools, "" if the container lacks them.
    """
    size = PIPE_SIZED_BUFFER if zstd else LARGE_BUFFER
    buffered = (stdbuf, size) if stdbuf else ()
    if not zstd:
        return buffered
    return ("sh", "-c", COMPRESS, "sh", zstd, f"-{COMPRESSION_LEVEL}", *buffered)


def object_flags(without: Collection[str]) -> tuple[str, ...]:
    """Return the flags that include all kinds of objects in a dump except these kinds."""
    return tuple(f"--skip-{kind}" if kind in without else f"--{kind}" for kind in OBJECTS)


def as_names(*names: str) -> tuple[str, ...]:
    """Return the arguments that name these objects, even if a name looks like an option."""
    return ("--", *names) if any(name.startswith("-") for name in names) else names


def insert_size(largest: int) -> tuple[str, ...]:
    """Return the option with which each INSERT of several rows fits a server's largest packet.

    `largest` is the size in bytes of that packet. Returns no option if INSERTs of the tool's
    default size fit anyway.
    """
    size = max(SMALLEST_INSERT, largest - PACKET_MARGIN)
    return () if size >= USUAL_INSERT else (f"--net-buffer-length={size}",)


def known_flags(help_text: str, flags: Mapping[str, str] = OPTIONAL_FLAGS) -> tuple[str, ...]:
    """Return the optional flags that a tool supports according to its help text."""
    return tuple(flag for option, flag in flags.items() if _is_known(help_text, option))


def _is_known(help_text: str, option: str) -> bool:
    return bool(re.search(rf"--(\[no-\])?{option}\b", help_text))
