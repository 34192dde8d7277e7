"""Compare column types: find out whether a new type can hold every value of an old one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from cosmicdeploy.migrations.sql import NotUnderstood, parse

INTEGERS = ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT")
# Text types, with the number of characters that always fits, at four bytes each.
TEXTS = {"TINYTEXT": 63, "TEXT": 16383, "MEDIUMTEXT": 4194303, "LONGTEXT": 1073741823}
# Binary types, with the number of bytes that fits.
BLOBS = {"TINYBLOB": 255, "BLOB": 65535, "MEDIUMBLOB": 16777215, "LONGBLOB": 4294967295}
# Types whose argument is their length, each with the larger types of its family.
LENGTHS = {"CHAR": TEXTS, "VARCHAR": TEXTS, "BINARY": BLOBS, "VARBINARY": BLOBS}
# Types whose argument is the number of decimal places of the seconds.
FRACTIONS = ("DATETIME", "TIMESTAMP", "TIMESTAMPTZ", "TIME")
SYNONYMS = {"BOOLEAN": "TINYINT", "BOOL": "TINYINT", "INTEGER": "INT"}


@dataclass(frozen=True)
class ColumnType:
    """A column type; `arguments` is what its parentheses contain, such as a length."""

    name: str
    unsigned: bool
    arguments: tuple[str, ...]

    @property
    def length(self) -> int:
        """The first argument, such as the length or the number of digits; 0 if there is none."""
        return int(self.arguments[0]) if self.arguments else 0


def type_of(kind: exp.DataType) -> ColumnType:
    """Convert a column type of sqlglot, which names unsigned types with a "U", such as `UINT`."""
    name = kind.this.name if hasattr(kind.this, "name") else str(kind.this)
    unsigned = name.startswith("U") and (name[1:] in INTEGERS or name[1:] in ("DECIMAL", "DOUBLE"))
    name = name[1:] if unsigned else name
    column = kind.parent  # ZEROFILL makes a type unsigned
    unsigned = unsigned or bool(column and column.find(exp.ZeroFillColumnConstraint))
    return ColumnType(SYNONYMS.get(name, name), unsigned, tuple(e.name for e in kind.expressions))


def live_type(written: str) -> ColumnType:
    """Parse a type as `information_schema` writes it. Raises `NotUnderstood` if that fails."""
    (tree,) = parse(f"CREATE TABLE t (c {written})")
    kind = tree.find(exp.DataType)
    if kind is None:
        raise NotUnderstood(f"the type {written} is not known")
    return type_of(kind)


def can_hold(new: ColumnType, old: ColumnType) -> bool:
    """Return whether the new type can hold every value of the old one; False if that is unclear."""
    if new.name == old.name:
        return _same_type_holds(new, old)
    if new.unsigned != old.unsigned and not (old.unsigned and new.name in INTEGERS):
        return False
    if old.name in INTEGERS and new.name in INTEGERS:
        return INTEGERS.index(new.name) > INTEGERS.index(old.name)
    if (old.name, new.name) in (("CHAR", "VARCHAR"), ("BINARY", "VARBINARY")):
        return new.length >= (old.length or 1)
    wider = (old.name, new.name) == ("FLOAT", "DOUBLE") and not new.arguments
    return wider or _text_type_holds(new, old)


def _same_type_holds(new: ColumnType, old: ColumnType) -> bool:
    if new.unsigned != old.unsigned:
        return False
    if new.name in ("ENUM", "SET"):
        return set(new.arguments) >= set(old.arguments)
    if new.name == "DECIMAL":
        return _integer_digits(new) >= _integer_digits(old) and _scale(new) >= _scale(old)
    if new.name in LENGTHS or new.name in FRACTIONS:
        return new.length >= old.length
    # The argument of an integer type is only its display width.
    return new.name in INTEGERS or new.arguments == old.arguments


def _text_type_holds(new: ColumnType, old: ColumnType) -> bool:
    for sizes in (TEXTS, BLOBS):
        if new.name not in sizes:
            continue
        # For a text type with a length, the server chooses the smallest type that holds it.
        room = new.length or sizes[new.name]
        if old.name in sizes:
            return room >= sizes[old.name]
        if LENGTHS.get(old.name) is sizes:
            return room >= (old.length or 1)
    return False


def _scale(kind: ColumnType) -> int:
    return int(kind.arguments[1]) if len(kind.arguments) > 1 else 0


def _integer_digits(kind: ColumnType) -> int:
    """Return the number of digits before the decimal point; by default there are 10."""
    return (kind.length or 10) - _scale(kind)
