"""A stand-in of a database server, in this process, for the statements of a swap.

The stand-in has schemas with tables, triggers and events; a table is only a name and a text. The
stand-in refuses the statements that a real server refuses, with the same error numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pymysql

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.session import RESET, Session

NAME = r"`((?:[^`]|``)+)`"
PLACE = rf"{NAME}\.{NAME}"
READING = ("SELECT", "SHOW", "SET", "USE")
ACCESS = DatabaseAccess(
    container_id="c", host="h", port=3306, name="live", user="root", password=""
)
Rows = Sequence[tuple[Any, ...]]


class Killed(BaseException):
    """The process was killed right before a statement."""


@dataclass
class Schema:
    """Tables: name → content. Triggers: name → (table, created). Events: name → created.

    `created` has the statement, and the session's settings and the schema's collation when it ran.
    """

    collation: str
    tables: dict[str, str] = field(default_factory=dict)
    triggers: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    events: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class Server:
    """A server that refuses settings with a value in `unknown` and events in `refused_events`.

    Like MariaDB, the server lists no events if it does not know the time zone of one of them,
    unless `lists_all_events`. The time of the events in `over` has passed. With `secure_timestamp`,
    no user may set the time.

    `before` is called right before each statement that changes something, with the statement.
    `enabled_in` has each schema that ever had an enabled event. `grants` are the user's grants, as
    the server reports them. `view_errors` maps a view to the number and text of the error that ends
    every statement about the view. `views` are the views that were created.
    """

    schemas: dict[str, Schema] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    refused_events: set[str] = field(default_factory=set)
    lists_all_events: bool = False
    enabled_in: set[str] = field(default_factory=set)
    over: set[str] = field(default_factory=set)
    secure_timestamp: bool = False
    grants: Sequence[str] = ("GRANT ALL PRIVILEGES ON *.* TO `root`@`%`",)
    view_errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    views: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _statement: None

    def state(self, *names: str) -> dict[str, Schema]:
        """Return a copy of these schemas, or of all schemas if no names are given."""
        return deepcopy({n: s for n, s in self.schemas.items() if not names or n in names})

    def session(self) -> Session:
        return Session(Connection(self), "root@h:3306/live")  # type: ignore[arg-type]


def killing(at: int) -> Callable[[str], None]:
    """Return a `before` that kills the process at the `at`-th statement that changes something."""
    left = [at]

    def before(_statement: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    return before


class Connection:
    """A connection: its settings, and the schema that it uses."""

    def __init__(self, server: Server) -> None:
        self._server, self._schema = server, "live"
        self._settings: dict[str, str] = {}
        self._is_long_ago = False
        self.encoding = "utf8"
        self.description: Sequence[tuple[str]] = ()
        self._rows: Rows = ()
        self._default_settings()

    @contextmanager
    def cursor(self) -> Iterator[Connection]:
        yield self

    def close(self) -> None:
        pass

    def fetchall(self) -> Rows:
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    def execute(self, sql: str | bytes, parameters: tuple[Any, ...] | None) -> None:
        charset = "latin-1" if self._settings["character_set_client"] == "latin1" else "utf-8"
        text = (sql if isinstance(sql, bytes) else sql.encode()).decode(charset)
        parameters = tuple(  # the driver sends UTF-8
            each.encode().decode(charset) if isinstance(each, str) else each
            for each in parameters or ()
        )
        if not text.startswith(READING):
            self._server.before(text)
        for pattern, action in ACTIONS:
            if match := re.match(pattern, text, re.DOTALL):
                self._rows = action(self, match, parameters) or ()
                return
        raise AssertionError(f"the stand-in does not know this statement: {text}")

    def _of(self, name: str) -> Schema:
        if name not in self._server.schemas:
            raise pymysql.err.OperationalError(1049, f"Unknown database '{name}'")
        return self._server.schemas[name]

    def _default_settings(self) -> None:
        self._settings = {
            "sql_mode": "STRICT_TRANS_TABLES", "time_zone": "SYSTEM",
            "character_set_client": "utf8mb4", "collation_connection": "utf8mb4_general_ci",
        }  # fmt: skip

    def _set(self, match: re.Match[str], parameters: tuple[Any, ...]) -> Rows:
        values = iter(parameters)
        for assignment in match[1].split(", "):
            name, _, value = assignment.partition(" = ")
            value = str(next(values)) if value == "%s" else value.strip("'")
            if value in self._server.unknown:
                raise pymysql.err.OperationalError(1298, f"Unknown: '{value}' ({name})")
            self._settings[name] = value
        return ()

    def _names(self, match: re.Match[str], parameters: tuple[Any, ...]) -> Rows:
        schema = self._server.schemas.get(parameters[0])
        of = getattr(schema, match[1], {})
        zones = {each["time_zone"] for each in of.values()} if match[1] == "events" else set()
        if zones & self._server.unknown and not self._server.lists_all_events:
            raise pymysql.err.OperationalError(1728, "Cannot load from mysql.event")
        return [(name, "InnoDB") if match[1] == "tables" else (name,) for name in sorted(of)]

    def _event_status(self, _: re.Match[str], parameters: tuple[Any, ...]) -> Rows:
        statement = self._of(parameters[0]).events[parameters[1]]["statement"]
        status = "ENABLED" if " ENABLE DO " in statement else "DISABLED"
        return [(str(parameters[0]).upper(), "OTHER"), (parameters[0], status)]

    def _schemata(self, match: re.Match[str], parameters: tuple[Any, ...]) -> Rows:
        schema = self._server.schemas.get(parameters[0])
        columns = {"1": 1, "default_character_set_name": "utf8mb4"}
        if schema is None:
            return ()
        columns["default_collation_name"] = schema.collation
        return [tuple(columns[each] for each in match[1].split(", "))]

    def _create_schema(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        if match[1] in self._server.schemas:
            raise pymysql.err.ProgrammingError(1007, "Can't create database; database exists")
        self._server.schemas[match[1]] = Schema(match[2])
        return ()

    def _alter_schema(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        if match[2] in self._server.unknown:
            raise pymysql.err.OperationalError(1273, f"Unknown collation: '{match[2]}'")
        self._of(match[1]).collation = match[2]
        return ()

    def _drop_schema(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        self._server.schemas.pop(match[1], None)
        return ()

    def _use(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        self._of(match[1])
        self._schema = match[1]
        return ()

    def _show(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        schema, name = self._of(self._schema), match[2]
        created = schema.events[name] if match[1] == "EVENT" else schema.triggers[name][1]
        statement = "Create Event" if match[1] == "EVENT" else "SQL Original Statement"
        row = {**created, statement: created["statement"]}
        self.description = [(column,) for column in row]
        return [tuple(row.values())]

    def _drop(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        schema = self._of(match[3])
        of: dict[str, Any] = schema.events if match[1] == "EVENT" else schema.triggers
        if match[4] not in of and not match[2]:
            raise pymysql.err.OperationalError(1360, f"No {match[1]} {match[4]}")
        of.pop(match[4], None)
        return ()

    def _created(self, match: re.Match[str]) -> dict[str, str]:
        collation = self._of(self._schema).collation
        return {**self._settings, "statement": match[0], "Database Collation": collation}

    def _create_event(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        schema, name = self._of(self._schema), match[1] or match[2]
        if name in self._server.refused_events:
            raise pymysql.err.OperationalError(1577, "Cannot proceed: system tables are damaged")
        if name in schema.events:
            raise pymysql.err.OperationalError(1537, f"Event '{name}' already exists")
        if name in self._server.over and not self._is_long_ago:
            return self._create_over(schema, name, match)
        schema.events[name] = self._created(match)
        if " ENABLE DO " in match[0]:
            self._server.enabled_in.add(self._schema)
        return ()

    def _create_over(self, schema: Schema, name: str, match: re.Match[str]) -> Rows:
        if " ON COMPLETION PRESERVE " in match[0]:
            created = self._created(match)
            created["statement"] = match[0].replace(" ENABLE DO ", " DISABLE DO ")
            schema.events[name] = created
        return ()

    def _set_time(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        if self._server.secure_timestamp:
            raise pymysql.err.OperationalError(1290, "running with the --secure-timestamp option")
        self._is_long_ago = match[1] != "DEFAULT"
        return ()

    def _create_trigger(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        created = self._created(match)
        del created["time_zone"]  # only events have one
        self._of(self._schema).triggers[match[1]] = match[2], created
        return ()

    def _grants(self, *_: object) -> Rows:
        return [(grant,) for grant in self._server.grants]

    def _show_fields(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        if error := self._server.view_errors.get(match[1]):
            raise pymysql.err.OperationalError(*error)
        return ()

    def _create_view(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        self._show_fields(match, ())
        self._server.views.append(match[1])
        return ()

    def _rename(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        moves = re.findall(rf"{PLACE} TO {PLACE}", match.string)
        for source, table, _target, _name in moves:
            if any(table == of for of, _ in self._of(source).triggers.values()):
                raise pymysql.err.OperationalError(1435, "Trigger in wrong schema")
        for source, table, target, name in moves:
            if name in self._of(target).tables:
                raise pymysql.err.OperationalError(1050, f"Table '{name}' already exists")
            self._of(target).tables[name] = self._of(source).tables.pop(table)
        return ()

    def _drop_tables(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        for schema, table in re.findall(PLACE, match.string):
            self._of(schema).tables.pop(table, None)
        return ()

    def _create_table(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        self._of(match[1]).tables[match[2]] = ""
        return ()

    def _insert(self, match: re.Match[str], parameters: tuple[Any, ...]) -> Rows:
        self._of(match[1]).tables[match[2]] = parameters[0]
        return ()

    def _select(self, match: re.Match[str], _: tuple[Any, ...]) -> Rows:
        return [(self._of(match[1]).tables[match[2]],)]


Action = Callable[[Connection, re.Match[str], tuple[Any, ...]], Rows]
ACTIONS: Sequence[tuple[str, Action]] = (
    (r"SELECT VERSION", lambda *_: [("10.11.9-MariaDB",)]),
    (r"SELECT GET_LOCK", lambda *_: [(1,)]),
    (r"SELECT CURRENT_USER", lambda *_: [("root@%",)]),
    (r"SHOW GRANTS", Connection._grants),
    (r"SELECT CAST\(%s AS BINARY\) LIKE", lambda _, __, given: [(given[0] == given[1],)]),
    (r"SELECT .* FROM mysql\.procs_priv", lambda *_: ()),
    (rf"SHOW FIELDS FROM {NAME}", Connection._show_fields),
    (r"SELECT [\w, ]+ FROM information_schema\.tables .*NOT IN", lambda *_: ()),
    (r"SELECT (.+) FROM information_schema\.schemata", Connection._schemata),
    (r"SELECT event_schema, status FROM information_schema\.events ", Connection._event_status),
    # Whose tables SHOW CREATE TABLE would show: none has an expression.
    (r"SELECT table_name FROM information_schema\.tables .*'BASE TABLE'$", lambda *_: ()),
    (r"SELECT [\w, ]+ FROM information_schema\.(tables|events|triggers) ", Connection._names),
    (r"SELECT COALESCE\(SUM\(data_length\)", lambda *_: [(0,)]),
    (r"SELECT .*information_schema\.", lambda *_: ()),  # views, routines, foreign keys
    (rf"SELECT record FROM {PLACE}", Connection._select),  # noqa: S608 - a pattern
    (RESET, lambda self, *_: self._default_settings()),
    (r"SET SESSION lock_wait_timeout", lambda *_: ()),
    (r"SET SESSION timestamp = (\w+)", Connection._set_time),
    (r"SET NAMES", lambda *_: ()),
    (r"SET SESSION (.*)", Connection._set),
    (rf"USE {NAME}", Connection._use),
    (rf"SHOW CREATE (EVENT|TRIGGER) {NAME}", Connection._show),
    (rf"CREATE DATABASE {NAME} CHARACTER SET utf8mb4 COLLATE (\w+)", Connection._create_schema),
    (rf"ALTER DATABASE {NAME} COLLATE (\w+)", Connection._alter_schema),
    (rf"DROP DATABASE IF EXISTS {NAME}", Connection._drop_schema),
    (rf"DROP (EVENT|TRIGGER) (IF EXISTS )?{PLACE}", Connection._drop),
    (rf"CREATE .*?EVENT (?:{NAME}|(\w+)) .*", Connection._create_event),
    (rf"CREATE .*?TRIGGER {NAME} .*? ON {NAME} .*", Connection._create_trigger),
    (rf"CREATE .*?VIEW {NAME} .*", Connection._create_view),
    (r"RENAME TABLE ", Connection._rename),
    (r"DROP TABLE IF EXISTS ", Connection._drop_tables),
    (rf"CREATE TABLE {PLACE}", Connection._create_table),
    (rf"INSERT INTO {PLACE}", Connection._insert),
)
