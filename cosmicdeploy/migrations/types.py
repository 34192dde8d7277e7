"""Compare column types: does the new one hold every value of the old one?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from cosmicdeploy.migrations.sql import NotUnderstood, parse

INTEGERS = ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT")
# The longest value that always fits: in characters of four bytes; in bytes for binary types.
TEXTS = {"TINYTEXT": 63, "TEXT": 16383, "MEDIUMTEXT": 4194303, "LONGTEXT": 1073741823}
BLOBS = {"TINYBLOB": 255, "BLOB": 65535, "MEDIUMBLOB": 16777215, "LONGBLOB": 4294967295}
LENGTHS = {"CHAR": TEXTS, "VARCHAR": TEXTS, "BINARY": BLOBS, "VARBINARY": BLOBS}
FRACTIONS = ("DATETIME", "TIMESTAMP", "TIMESTAMPTZ", "TIME")
SAME = {"BOOLEAN": "TINYINT", "BOOL": "TINYINT", "INTEGER": "INT"}


@dataclass(frozen=True)
class Type:
    """A column type: its plain name, and the arguments in its parentheses."""

    name: str
    unsigned: bool
    arguments: tuple[str, ...]

    @property
    def length(self) -> int:
        return int(self.arguments[0]) if self.arguments else 0


def type_of(kind: exp.DataType) -> Type:
    """Convert sqlglot's type, which has separate names for unsigned types."""
    name = kind.this.name if hasattr(kind.this, "name") else str(kind.this)
    unsigned = name.startswith("U") and (name[1:] in INTEGERS or name[1:] in ("DECIMAL", "DOUBLE"))
    name = name[1:] if unsigned else name
    column = kind.parent  # ZEROFILL makes a number unsigned
    unsigned = unsigned or bool(column and column.find(exp.ZeroFillColumnConstraint))
    return Type(SAME.get(name, name), unsigned, tuple(e.name for e in kind.expressions))


def live_type(written: str) -> Type:
    """Parse a type as `information_schema` writes it. Raises `NotUnderstood`."""
    (tree,) = parse(f"CREATE TABLE t (c {written})")
    kind = tree.find(exp.DataType)
    if kind is None:
        raise NotUnderstood(f"the type {written} is not known")
    return type_of(kind)


def holds(new: Type, old: Type) -> bool:
    """Return whether the new type holds every value of the old one; False if that is unsure."""
    if new.name == old.name:
        return _holds_as_same(new, old)
    if new.unsigned != old.unsigned and not (old.unsigned and new.name in INTEGERS):
        return False
    if old.name in INTEGERS and new.name in INTEGERS:
        return INTEGERS.index(new.name) > INTEGERS.index(old.name)
    if (old.name, new.name) in (("CHAR", "VARCHAR"), ("BINARY", "VARBINARY")):
        return new.length >= (old.length or 1)
    wider = (old.name, new.name) == ("FLOAT", "DOUBLE") and not new.arguments
    return wider or _holds_as_text(new, old)


def _holds_as_same(new: Type, old: Type) -> bool:
    if new.unsigned != old.unsigned:
        return False
    if new.name in ("ENUM", "SET"):
        return set(new.arguments) >= set(old.arguments)
    if new.name == "DECIMAL":
        return _digits(new) >= _digits(old) and _scale(new) >= _scale(old)
    if new.name in LENGTHS or new.name in FRACTIONS:
        return new.length >= old.length
    # The number after an integer type is only its display width.
    return new.name in INTEGERS or new.arguments == old.arguments


def _holds_as_text(new: Type, old: Type) -> bool:
    for sizes in (TEXTS, BLOBS):
        if new.name not in sizes:
            continue
        # With a length, the server chooses the smallest type that is large enough.
        room = new.length or sizes[new.name]
        if old.name in sizes:
            return room >= sizes[old.name]
        if LENGTHS.get(old.name) is sizes:
            return room >= (old.length or 1)
    return False


def _scale(kind: Type) -> int:
    return int(kind.arguments[1]) if len(kind.arguments) > 1 else 0


def _digits(kind: Type) -> int:
    """Return the number of digits before the point."""
    return (kind.length or 10) - _scale(kind)
