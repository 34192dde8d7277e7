"""Check the text of recorded objects: a forged manifest could hold any statement."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cosmicdeploy.database.dump_format.statements import ACCOUNT, unknown_statement
from cosmicdeploy.database.schema.definitions import Definition

CREATES = re.compile(
    rb"CREATE (?:ALGORITHM ?= ?\w+ )?(?:DEFINER ?= ?" + ACCOUNT + rb"(?:@" + ACCOUNT + rb")? )?"
    rb"(?:SQL SECURITY \w+ )?(?:AGGREGATE )?(PACKAGE BODY|[A-Z]+)\b",
    re.IGNORECASE,
)


def unrecognized(objects: Iterable[Definition]) -> list[str]:
    """Return the labels of objects whose text does not create an object of their kind.

    A text is recognized only if it creates the object in the current schema, as a server writes it.
    """
    return [each.label for each in objects if not _creates(each)]


def _creates(definition: Definition) -> bool:
    text = definition.statement.encode("utf-8", "replace")
    created = CREATES.match(text)
    kind = created[1].decode().upper() if created else ""
    return kind == definition.kind and not unknown_statement(text)
