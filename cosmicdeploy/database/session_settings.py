"""The settings of every database session: values, where they apply, and reasons.

A server's configuration or its init_connect may give sessions values that hide rows, change texts
or make the server refuse a backup. So the sessions of the deployer and of the dump tool set their
own values.

What a session cannot set is checked instead. `max_allowed_packet` is compared with the size of each
statement. MariaDB's dump tool takes no settings, so the values in its session are read and checked.

Sessions for queries keep the server's `time_zone`, in which an application stores times without a
zone. Dump tools set sql_mode, time_zone and their transaction themselves. For a load, the first
lines of the dump set sql_mode and time_zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["queries", "dump", "load"]
QUERIES, LOADS = frozenset[Kind]({"queries"}), frozenset[Kind]({"load"})
DUMPS = frozenset[Kind]({"dump"})
# OWN: the sessions of the deployer itself, not those of the dump tool.
OWN, ALL = frozenset[Kind]({"queries", "load"}), frozenset[Kind]({"queries", "dump", "load"})

NO_LIMIT = (1 << 64) - 1
# In seconds. A session is idle while other sessions load a table or build an index.
IDLE = 28800
# In seconds, both: as long as the deployer waits for an answer.
LOCK_WAIT = 600
SEND = 600
# Strict, so that the server never changes a value that the deployer stores.
QUERY_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
# The mode that dump tools set, and ALLOW_INVALID_DATES for dates such as February 30.
ROWS_MODE = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
# The mark of a setting that needs no version comment. Other settings below have a mark such as
# M!100100 or !50708: from this version on, MariaDB (M!) or MySQL (!) reads the content of a version
# comment with this mark. MariaDB skips comments with a mark of MySQL 5.7 or later.
EVERYWHERE = ""
# An empty string. The literal '' would become NULL under the mode EMPTY_STRING_IS_NULL, which still
# applies to the statement that ends this mode.
EMPTY = "REPEAT('x', 0)"


@dataclass(frozen=True)
class SessionSetting:
    """The value of a server's variable, as SQL text, in sessions of these kinds.

    `why` is what another value does. `servers` is the mark of a version comment that only servers
    with this variable read; "" if all servers have the variable. `restricted`: some servers let
    only administrators set the variable. For other users, the variable then keeps the server's
    value. If a load fails because of that value, the error of the load names the object.
    """

    name: str
    value: str
    kinds: frozenset[Kind]
    why: str
    servers: str = EVERYWHERE
    restricted: bool = False

    @property
    def assignment(self) -> str:
        return f"{self.name} = {self.value}"

    @property
    def statement(self) -> str:
        """The statement that sets only this variable.

        It begins with a user variable, since a server that skips the version comment would refuse
        an empty SET.
        """
        assigned = f" , SESSION {self.assignment} "
        return "SET @cosmicdeploy = 0" + (
            f" /*{self.servers}{assigned}*/" if self.servers else assigned.rstrip()
        )

    @property
    def comparison(self) -> str:
        """A query of whether the session has this value, whatever has set it.

        A name without quotes is a value only in a SET; in a query it would be a column.
        """
        is_name = self.value.isidentifier() and self.value != "NULL"
        value = f"'{self.value}'" if is_name else self.value
        return f"SELECT @@SESSION.{self.name} <=> {value} LIMIT 1"


SETTINGS = (
    SessionSetting("sql_select_limit", str(NO_LIMIT), ALL, "truncates results without an error"),
    SessionSetting("sql_big_selects", "1", ALL, "refuses to read large tables"),
    SessionSetting("max_statement_time", "0", OWN, "ends long queries", "M!100100"),
    SessionSetting("max_execution_time", "0", ALL, "ends long queries", "!50708"),
    SessionSetting("character_set_client", "utf8mb4", ALL, "changes names and values"),
    SessionSetting("character_set_results", "utf8mb4", ALL, "replaces characters by ?"),
    SessionSetting("character_set_connection", "utf8mb4", DUMPS, "changes names"),
    SessionSetting("collation_connection", "utf8mb4_bin", OWN, "takes different names for equal"),
    SessionSetting("sql_mode", f"'{QUERY_MODE}'", QUERIES, "changes how SQL is read and written"),
    SessionSetting("sql_mode", f"'{ROWS_MODE}'", LOADS, "replaces zeros and invalid dates"),
    SessionSetting("sql_quote_show_create", "1", OWN, "leaves quotes out of definitions"),
    SessionSetting("sql_auto_is_null", "0", OWN, "changes what IS NULL finds"),
    SessionSetting("sql_safe_updates", "0", OWN, "refuses statements without a key"),
    # MySQL's greeting says that it is on, so the driver would leave it off.
    SessionSetting("autocommit", "1", OWN, "keeps changes and locks in a transaction"),
    SessionSetting("completion_type", "0", OWN, "lets a COMMIT end the session"),
    SessionSetting("group_concat_max_len", "1048576", OWN, "truncates texts"),
    SessionSetting("lc_messages", "'en_US'", OWN, "changes the words of errors"),
    SessionSetting("old_mode", "'UTF8_IS_UTF8MB3'", OWN, "changes casts and checksums", "M!100601"),
    SessionSetting("character_set_collations", EMPTY, OWN, "changes defaults", "M!110201"),
    SessionSetting("sql_if_exists", "0", OWN, "hides that an object is missing", "M!100502"),
    SessionSetting("information_schema_stats_expiry", "0", OWN, "shows old sizes", "!80003"),
    SessionSetting("wait_timeout", str(IDLE), OWN, "ends idle sessions"),
    SessionSetting("net_read_timeout", str(SEND), OWN, "ends sessions that send slowly"),
    SessionSetting("net_write_timeout", str(SEND), OWN, "ends sessions that read slowly"),
    SessionSetting("lock_wait_timeout", str(LOCK_WAIT), QUERIES, "0 waits for no lock at all"),
    SessionSetting("lock_wait_timeout", "60", LOADS, "0 waits for no lock at all"),
    SessionSetting("innodb_lock_wait_timeout", "50", OWN, "ends statements that wait for a row"),
    SessionSetting("idle_transaction_timeout", "0", OWN, "ends snapshots", "M!100300"),
    SessionSetting("idle_readonly_transaction_timeout", "0", OWN, "ends snapshots", "M!100300"),
    SessionSetting("default_storage_engine", "InnoDB", OWN, "creates tables without transactions"),
    SessionSetting("foreign_key_checks", "1", QUERIES, "leaves rows without the row they refer to"),
    SessionSetting("foreign_key_checks", "0", LOADS, "refuses rows in the order of the dump"),
    SessionSetting("unique_checks", "1", QUERIES, "accepts duplicates"),
    SessionSetting("unique_checks", "0", LOADS, "slows a load down"),
    SessionSetting("check_constraint_checks", "0", LOADS, "refuses rows as they were", "M!100201"),
    SessionSetting("explicit_defaults_for_timestamp", "1", LOADS, "adds defaults", "M!100804"),
    SessionSetting("explicit_defaults_for_timestamp", "1", LOADS, "adds defaults", "!80000"),
    SessionSetting("alter_algorithm", "'DEFAULT'", LOADS, "refuses to build indexes", "M!100307"),
    SessionSetting("innodb_compression_default", "0", LOADS, "compresses tables", "M!100100"),
    SessionSetting(
        "restrict_fk_on_non_standard_key", "0", LOADS, "refuses foreign keys of 8.0", "!80400"
    ),
    SessionSetting(
        "default_collation_for_utf8mb4", "utf8mb4_0900_ai_ci", OWN, "changes defaults", "!80011"
    ),
    SessionSetting(
        "show_gipk_in_create_table_and_information_schema", "1", ALL, "hides columns", "!80030"
    ),
    SessionSetting(
        "show_create_table_skip_secondary_engine", "0", ALL, "shortens definitions", "!80018"
    ),
    SessionSetting(
        "innodb_strict_mode", "0", LOADS, "refuses tables as they were", restricted=True
    ),
    SessionSetting(
        "enforce_storage_engine", "NULL", OWN, "changes engines", "M!100100", restricted=True
    ),
    SessionSetting(
        "sql_require_primary_key", "0", LOADS, "refuses tables without a key", "!80013", True
    ),
    SessionSetting(
        "sql_generate_invisible_primary_key", "0", LOADS, "adds columns", "!80030", True
    ),
)
# Every transaction reads the data of one moment and may write, whatever the server's default is.
TRANSACTIONS = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE"


def set_all(kind: Kind) -> str:
    """Return one statement with the settings of this kind of session that every user may set."""
    chosen = settings_of(kind, restricted=False)
    plain = [each.assignment for each in chosen if not each.servers]
    others = [f"/*{each.servers} , {each.assignment} */" for each in chosen if each.servers]
    return f"SET SESSION {', '.join(plain)} {''.join(others)}".rstrip()


def settings_of(kind: Kind, *, restricted: bool) -> list[SessionSetting]:
    """Return the settings of this kind of session: the restricted ones, or all others."""
    return [each for each in _of(kind) if each.restricted == restricted]


def needed_values(kind: Kind) -> dict[str, str]:
    """Return variable → value, for this kind of session."""
    return {each.name: each.value for each in _of(kind)}


def query_values(kind: Kind) -> str:
    """Return a SELECT of the variables in `needed_values`; NULL for those that the server lacks."""
    columns = (
        f"COALESCE(NULL /*{each.servers} , @@{each.name} */)" if each.servers else f"@@{each.name}"
        for each in _of(kind)
    )
    # A SELECT with its own limit ignores sql_select_limit, which may be 0.
    return f"SELECT {', '.join(columns)} LIMIT 1"


def _of(kind: Kind) -> list[SessionSetting]:
    return [each for each in SETTINGS if kind in each.kinds]
