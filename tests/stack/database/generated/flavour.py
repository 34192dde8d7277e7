"""The servers for which random schemas are made, and features that only some servers have."""

from __future__ import annotations

from dataclasses import dataclass

ANSI_QUOTES, NO_BACKSLASH_ESCAPES = "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"


@dataclass(frozen=True)
class Flavour:
    """A server: its vendor, and whether its version is the newest tested one of this vendor."""

    vendor: str
    is_newest: bool

    @property
    def is_mariadb(self) -> bool:
        return self.vendor == "MariaDB"


FLAVOURS = {
    "stable": Flavour("MariaDB", is_newest=False),
    "newest": Flavour("MariaDB", is_newest=True),
    "mysql-8": Flavour("MySQL", is_newest=False),
    "mysql-9": Flavour("MySQL", is_newest=True),
}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement that creates or fills an object.

    `kind` is the object's kind as a DROP statement names it, or "ROW". `name` is the name of the
    object, or of the row's table. `feature` is what the statement tries, for the counts of a run.
    While the statement runs, the session has `sql_mode`, and the schema has `collation`.
    """

    kind: str
    name: str
    sql: str
    feature: str
    sql_mode: str = ""
    collation: str = ""


@dataclass(frozen=True)
class RandomSchema:
    """The statements that create one random schema; no two schemas share a name."""

    statements: tuple[Statement, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.statements)

    def __str__(self) -> str:
        lines = []
        for each in self.statements:
            lines.append(f"-- sql_mode {each.sql_mode!r}, schema {each.collation!r}")
            lines.append(each.sql.encode("unicode_escape").decode() + ";")
        return "\n".join(lines)


def identifier(name: str) -> str:
    """Quote a name."""
    return "`" + name.replace("`", "``") + "`"


def string(text: str, sql_mode: str = "") -> str:
    """Quote a text as a literal that a server with this sql_mode reads unchanged."""
    if NO_BACKSLASH_ESCAPES not in sql_mode:
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"


def hexed(text: str) -> str:
    """Return a literal that has the same value in every sql_mode and on every connection."""
    return f"_utf8mb4 X'{text.encode().hex()}'"
