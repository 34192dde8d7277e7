"""The dump tool and the client in the database's container.

The password is passed in the environment of each command (`MYSQL_PWD`). The engine shows the
command line of an exec in its events and when the exec is inspected, but never its environment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.session_settings import needed_values, query_values
from cosmicdeploy.database.tools.command_line import (
    DUMP_FLAGS,
    NO_OPTION_FILES,
    NULL,
    PROBE,
    SCHEMA_VARIABLE,
    SESSION_FLAGS,
    VALUES_ONLY,
    as_names,
    dump_prefix,
    insert_size,
    known_flags,
    object_flags,
)
from cosmicdeploy.database.tools.messages import error_lines
from cosmicdeploy.database.tools.silence import explain_silence
from cosmicdeploy.engine.commands.abandoned_commands import terminated_on_error
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import DatabaseError


@dataclass(frozen=True, kw_only=True)
class ContainerTools:
    """The dump tool and the client in one container, and how to call them.

    `dump_tool` and `query_tool` are the paths of the dump tool and the client. `dump_prefix` is put
    before the dump tool's command line, to buffer and compress the output. `compresses`: a dump
    arrives compressed. `login` are the options with which both tools log in.
    """

    engine: Engine
    access: DatabaseAccess
    dump_tool: str
    dump_prefix: tuple[str, ...]
    compresses: bool
    query_tool: str
    login: tuple[str, ...]
    dump_flags: tuple[str, ...]

    def dump(
        self,
        sink: Callable[[bytes], None],
        silence: float,
        *,
        without: Collection[str] = (),
        tables: Sequence[str] = (),
    ) -> ExecResult:
        """Dump the schema, or only the given tables, into `sink`, without these kinds of objects.

        The caller has to check the exit code. Raises `BackupError` if the tool prints nothing for
        `silence` seconds, and any error of the engine or of `sink`.
        """
        schema = self.access.name
        flags = [*self.dump_flags, *object_flags(without)]
        tool = [self.dump_tool, *self.login, *flags, *as_names(schema, *tables)]
        return self._run(schema, [*self.dump_prefix, *tool], sink=sink, silence=silence)

    def seen_settings(self) -> dict[str, str]:
        """Return name → value, in the dump tool's session, of the settings that a dump needs.

        The client reads them, in a session with the same options as the dump tool's. Settings that
        the server does not have are missing. Raises `DatabaseError` if the client cannot log in.
        """
        tool = [self.query_tool, *self.login, *self._session_flags, *VALUES_ONLY]
        result = self._run(self.access.name, [*tool, f"--execute={query_values('dump')}"])
        if result.exit_code != 0:
            raise DatabaseError(
                "The client in the database's container cannot log in",
                where=self.access.where,
                todo="let this user log in from localhost too",
                details=error_lines(result),
            )
        values = zip(needed_values("dump"), result.text.rstrip("\n").split("\t"), strict=True)
        return {name: value for name, value in values if value != NULL}

    @property
    def _session_flags(self) -> list[str]:
        """The dump tool's options that change its session and that the client has too."""
        return [flag for flag in self.dump_flags if flag.startswith(SESSION_FLAGS)]

    def _run(
        self,
        schema: str,
        argv: Sequence[str],
        *,
        sink: Callable[[bytes], None] | None = None,
        silence: float | None = None,
    ) -> ExecResult:
        environment = {"MYSQL_PWD": self.access.password, SCHEMA_VARIABLE: schema}
        container = self.access.container_id
        tool = Path(self.dump_tool).name  # only a dump has `silence`, so no other tool is explained
        with (
            terminated_on_error(self.engine, container) as mark,
            explain_silence(self.access, tool, silence or 0),
        ):
            return self.engine.exec(
                container,
                argv,
                environment={**environment, **mark},
                sink=sink,
                silence=silence,
            )


def find_tools(engine: Engine, access: DatabaseAccess) -> ContainerTools:
    """Find the tools in the database's container, under MariaDB's names or under MySQL's.

    Raises `DatabaseError` if the container lacks the dump tool or the client, or the database does
    not answer; `EngineError` if the container does not answer.
    """
    probe = engine.exec(access.container_id, ["sh", "-c", PROBE, "sh", NO_OPTION_FILES])
    lines = probe.text.split("\n", 4)
    if probe.exit_code != 0 or not all(lines[:2]):
        raise DatabaseError(
            "The database container lacks a dump tool or a client",
            where=f"container {access.container_id[:12]}",
            todo="use an image with mariadb-dump and mariadb, or mysqldump and mysql",
        )
    dump_tool, query_tool, stdbuf, zstd, dump_help = lines
    with open_session(access) as session:
        [(socket, packet)] = session.rows("SELECT @@socket, @@GLOBAL.max_allowed_packet")
    return ContainerTools(
        engine=engine,
        access=access,
        dump_tool=dump_tool,
        dump_prefix=dump_prefix(stdbuf, zstd),
        compresses=bool(zstd),
        query_tool=query_tool,
        # Images name the socket in option files. The tools must not read these, so ask the server.
        login=(NO_OPTION_FILES, f"--user={access.user}", "--host=localhost", f"--socket={socket}"),
        dump_flags=(*DUMP_FLAGS, *insert_size(int(packet)), *known_flags(dump_help)),
    )
