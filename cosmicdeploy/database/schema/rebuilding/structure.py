"""The structure of a schema in the server's own words, to compare two schemas object by object."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.tables.table_texts import read_table_texts
from cosmicdeploy.text.shorten import cut

LONGEST_LINE = 160


@dataclass(frozen=True, kw_only=True)
class Structure:
    """Tables, views, routines, triggers and events of a schema.

    `tables` is table → the statement that creates it, without the counter of AUTO_INCREMENT.
    `digest` is the result of `schema_digest`; a restore compares it.
    """

    tables: Mapping[str, str]
    definitions: Definitions
    digest: str


def read_structure(facts: Facts) -> Structure:
    """Read the structure of a schema, and make the schema current. Raises `DatabaseError`."""
    return Structure(
        tables=read_table_texts(facts.session, facts.schema),
        definitions=facts.definitions(),
        digest=facts.schema_digest(),
    )


def table_digests(tables: Mapping[str, str]) -> dict[str, str]:
    """Return table → SHA-256 (hex) of the statement that creates it."""
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in tables.items()}


def structure_differences(expected: Structure, actual: Structure) -> dict[str, str]:
    """Return object → how it differs; empty if both structures are equal.

    A difference of a table is shown by its first line that differs.
    """
    differences = {
        f"table {name}": reason
        for name, text in expected.tables.items()
        if (reason := _table_difference(text, actual.tables.get(name)))
    }
    existing = {each.label: each for each in actual.definitions.objects}
    for each in expected.definitions.objects:
        if reason := _object_difference(each, existing.get(each.label)):
            differences[each.label] = reason
    if not differences and expected.digest != actual.digest:
        differences["the schema"] = "its columns, indexes or constraints differ"
    return differences


def _table_difference(expected: str, actual: str | None) -> str:
    if actual is None:
        return "missing"
    if actual == expected:
        return ""
    # Split only at \n: other line ends may be part of a text in the table's definition.
    pairs = zip_longest(expected.split("\n"), actual.split("\n"), fillvalue="")
    before, after = next((pair for pair in pairs if pair[0] != pair[1]), (expected, actual))
    return f"{_shown(before)} becomes {_shown(after)}"


def _object_difference(expected: Definition, actual: Definition | None) -> str:
    if actual is None:
        return "missing"
    changed = [
        name.replace("_", " ")
        for name in Definition.model_fields
        if getattr(actual, name) != getattr(expected, name)
    ]
    return f"another {' and '.join(changed)}" if changed else ""


def _shown(line: str) -> str:
    return cut(line.strip().rstrip(","), LONGEST_LINE) or "nothing"
