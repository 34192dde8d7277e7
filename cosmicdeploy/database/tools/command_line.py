"""Command lines of the dump tool and the client, for every vendor and version."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cosmicdeploy.database.access import NO_LIMIT
from cosmicdeploy.database.backups.archive import LEVEL

# Marks each command with its schema, so that a command of a killed process can be ended later.
SCHEMA_VARIABLE = "COSMICDEPLOY_SCHEMA"

# Prints one line for each tool, empty if there is none, then the help of the dump tool.
PROBE = """
first() { for name; do command -v "$name" && return; done; echo; }
first mariadb-dump mysqldump
first mariadb mysql
first stdbuf
first zstd
"$(first mariadb-dump mysqldump)" "$1" --help 2>/dev/null
exit 0
"""
# The dump tools write 4 KiB at a time, and each write wakes every process up to the deployer.
# Measured on two cores: 0.5 GB through an exec in 8.1 s by default, in 6.0 s with large pieces.
IN_LARGE_PIECES = "-o1M"
# As much as a pipe holds, so the dump goes on while the compressor works. Measured on two cores:
# 0.35 GB in 4.7 s, against 5.2 s in larger pieces and 5.4 s in the tools' own.
IN_PIPEFULS = "-o64K"
# Compresses the output of a command. Ends with the exit code of the command, or of the compressor
# if only that failed: a plain pipeline returns the code of its last command alone.
PACK = """
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

# Option files in the container could change what a dump holds (insert-ignore, where), so none is
# read. The tools require this option to come first.
NO_FILES = "--no-defaults"

DUMP_FLAGS = (
    "--single-transaction",
    "--quick",
    "--routines",
    "--triggers",
    "--hex-blob",
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
    "--tz-utc",
    "--comments",
    "--dump-date",
    # A SELECT with its own limit ignores the server's sql_select_limit.
    f"--where=1 LIMIT {NO_LIMIT}",
)
EVENTS = "--events"
# Option → flag; MariaDB's and older tools do not know every one of them.
PROBED_FLAGS = {
    "no-tablespaces": "--no-tablespaces",
    "set-gtid-purged": "--set-gtid-purged=OFF",
    "column-statistics": "--column-statistics=0",
}
SELECT_LIMIT = "SELECT @@sql_select_limit LIMIT 1"


def dump_prefix(stdbuf: str, zstd: str) -> tuple[str, ...]:
    """Return the command that buffers and compresses a dump, as far as the container can."""
    pieces = IN_PIPEFULS if zstd else IN_LARGE_PIECES
    buffered = (stdbuf, pieces) if stdbuf else ()
    return ("sh", "-c", PACK, "sh", zstd, f"-{LEVEL}", *buffered) if zstd else buffered


def known_flags(help_text: str, flags: Mapping[str, str] = PROBED_FLAGS) -> tuple[str, ...]:
    """Return those of the probed flags that the help text of a tool names."""
    return tuple(flag for option, flag in flags.items() if _is_known(help_text, option))


def _is_known(help_text: str, option: str) -> bool:
    return bool(re.search(rf"--(\[no-\])?{option}\b", help_text))
