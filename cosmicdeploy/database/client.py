"""The database's own command-line tools, run inside its container.

The password crosses as environment of the one command (`MYSQL_PWD`): the engine shows an exec's
command line in its events and to whoever inspects it, but not its environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.database.access import NO_LIMIT, DatabaseAccess, open_session
from cosmicdeploy.database.backups.archive import LEVEL
from cosmicdeploy.database.dump.silence import explained_silence
from cosmicdeploy.database.schema.schemas import shadow_name
from cosmicdeploy.engine.commands.abandoned_commands import terminate_marked, terminated_on_error
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import DatabaseError

SCHEMA_VARIABLE = "COSMICDEPLOY_SCHEMA"

# A line for each tool, empty where there is none; then what the first says of itself.
PROBE = """
first() { for name; do command -v "$name" && return; done; echo; }
first mariadb-dump mysqldump
first mariadb mysql
first stdbuf
first zstd
"$(first mariadb-dump mysqldump)" "$1" --help 2>/dev/null
exit 0
"""
# The dump tools write 4 KiB at a time, and each write wakes everyone on the way to us. Measured on
# two cores: 0.5 GB through an exec in 8.1 s as they are, in 6.0 s so.
IN_LARGE_PIECES = "-o1M"
# As much as a pipe holds: then the dump goes on while the compressor is at work. Measured on two
# cores: 0.35 GB in 4.7 s, against 5.2 s in larger pieces and 5.4 s in the tools' own.
IN_PIPEFULS = "-o64K"
# Compresses what a command prints, and ends with the command's exit code, or the compressor's where
# that alone failed: a pipeline has only its last command's.
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

# Options in files of the container would change what a dump holds (insert-ignore, where): none is
# read. This has to be the first.
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
    # A SELECT with a limit of its own heeds no sql_select_limit of the server's.
    f"--where=1 LIMIT {NO_LIMIT}",
)
EVENTS = "--events"
# Option → how it is given; MariaDB's and older clients do not have every one of them.
PROBED_FLAGS = {
    "no-tablespaces": "--no-tablespaces",
    "set-gtid-purged": "--set-gtid-purged=OFF",
    "column-statistics": "--column-statistics=0",
}
SELECT_LIMIT = "SELECT @@sql_select_limit LIMIT 1"


@dataclass(frozen=True, kw_only=True)
class Client:
    """The tools of one database container. `packs`: what it dumps comes compressed with zstd."""

    engine: Engine
    access: DatabaseAccess
    dump_tool: str
    dump_prefix: tuple[str, ...]
    packs: bool
    query_tool: str
    login: tuple[str, ...]
    dump_flags: tuple[str, ...]

    def dump(
        self,
        sink: Callable[[bytes], None],
        silence: float,
        *,
        events: bool = True,
        tables: Sequence[str] = (),
    ) -> ExecResult:
        """Dump the schema, or some of its tables, into `sink`.

        Raises `BackupError` where the tool prints nothing for `silence` seconds, and what the
        engine or the sink raises.
        """
        schema = self.access.name
        flags = [*self.dump_flags, *([EVENTS] if events else [])]
        tool = [self.dump_tool, *self.login, *flags, schema, *tables]
        return self._run(schema, [*self.dump_prefix, *tool], sink=sink, silence=silence)

    def select_limit(self) -> int:
        """How many rows a session of the tools gets that asks for no number of its own."""
        tool = [self.query_tool, *self.login, "--batch", "--skip-column-names"]
        result = self._run(self.access.name, [*tool, f"--execute={SELECT_LIMIT}"])
        if result.exit_code != 0:
            raise DatabaseError(
                "the client in the database's container cannot log in",
                where=self.access.where,
                todo="let this user log in from localhost as well",
                details=error_lines(result),
            )
        return int(result.text)

    def _run(
        self,
        schema: str,
        argv: Sequence[str],
        *,
        sink: Callable[[bytes], None] | None = None,
        silence: float | None = None,
    ) -> ExecResult:
        environment = {"MYSQL_PWD": self.access.password, SCHEMA_VARIABLE: schema}
        place = self.access.container_id
        tool = Path(self.dump_tool).name
        with (
            terminated_on_error(self.engine, place) as mark,
            explained_silence(self.access, tool, silence or 0),
        ):
            return self.engine.exec(
                place,
                argv,
                environment={**environment, **mark},
                sink=sink,
                silence=silence,
            )


def end_left_behind(engine: Engine, access: DatabaseAccess) -> None:
    """End what dumps the live schema or loads a backup beside it: while nobody else may do either,
    that is the command of a process that was killed.

    Raises `EngineError` where the database's container does not answer.
    """
    for schema in (access.name, shadow_name(access.name)):
        end_tools(engine, access, schema)


def end_tools(engine: Engine, access: DatabaseAccess, schema: str) -> None:
    """End whatever dumps this schema or loads into it. Raises `EngineError`."""
    engine.exec(access.container_id, terminate_marked(f"{SCHEMA_VARIABLE}={schema}"))


def find_client(engine: Engine, access: DatabaseAccess) -> Client:
    """The tools that the database's container has, by either vendor's names.

    Raises `DatabaseError` where it has none or where the database does not answer; `EngineError`
    where the container does not.
    """
    told = engine.exec(access.container_id, ["sh", "-c", PROBE, "sh", NO_FILES])
    tools = told.text.split("\n", 4)
    if told.exit_code != 0 or not all(tools[:2]):
        raise DatabaseError(
            "the database container lacks a dump tool or a client",
            where=f"container {access.container_id[:12]}",
            todo="use an image with mariadb-dump and mariadb, or mysqldump and mysql",
        )
    dump_tool, query_tool, stdbuf, zstd, dump_help = tools
    return Client(
        engine=engine,
        access=access,
        dump_tool=dump_tool,
        dump_prefix=_dump_prefix(stdbuf, zstd),
        packs=bool(zstd),
        query_tool=query_tool,
        login=_login(access),
        dump_flags=(*DUMP_FLAGS, *known_flags(dump_help)),
    )


def _dump_prefix(stdbuf: str, zstd: str) -> tuple[str, ...]:
    pieces = IN_PIPEFULS if zstd else IN_LARGE_PIECES
    buffered = (stdbuf, pieces) if stdbuf else ()
    return ("sh", "-c", PACK, "sh", zstd, f"-{LEVEL}", *buffered) if zstd else buffered


def _login(access: DatabaseAccess) -> tuple[str, ...]:
    # The server itself knows best where its socket is: images tell it to both in option files.
    with open_session(access) as session:
        socket = str(session.rows("SELECT @@socket")[0][0])
    return NO_FILES, f"--user={access.user}", "--host=localhost", f"--socket={socket}"


def known_flags(help_text: str, flags: Mapping[str, str] = PROBED_FLAGS) -> tuple[str, ...]:
    """Those of the probed flags that a tool's help names."""
    return tuple(flag for option, flag in flags.items() if _knows(help_text, option))


def _knows(help_text: str, option: str) -> bool:
    return bool(re.search(rf"--(\[no-\])?{option}\b", help_text))


def error_lines(result: ExecResult) -> list[str]:
    """Lines of standard error that tell of an error."""
    return [line for line in _stderr(result) if re.search(r"\berror\b", line, re.IGNORECASE)]


def warning_lines(result: ExecResult) -> list[str]:
    """The other lines of standard error."""
    errors = error_lines(result)
    return [line for line in _stderr(result) if line not in errors]


def _stderr(result: ExecResult) -> list[str]:
    return [line.strip() for line in result.error_text.splitlines() if line.strip()]
