"""Move views to another schema: replace the name of their schema in their texts.

The server leaves the schema's name out of a view's text, except if the view calls a function by its
full name, or uses another schema, itself or through a function. Such a view would use the tables
and functions of the old schema from any other one. Bodies of routines, triggers and events are not
changed: the server reads the names in them only when they run, in the schema in which they end up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import Definition, Definitions

NAME = r"`(?:[^`]|``)*`"
# The text of a view as the server writes it, up to its query. The definer may have the schema's
# name.
HEAD = re.compile(
    rf"CREATE (?:ALGORITHM=\w+ )?(?:DEFINER={NAME}(?:@{NAME})? )?(?:SQL SECURITY \w+ )?VIEW {NAME} "
)
# In such a text: a string, or a name with all its parts. A name of two parts is a table in its
# schema after FROM or JOIN, or a function in its schema before a parenthesis; elsewhere it is the
# column of a table.
TOKEN = re.compile(
    rf"'(?:[^'\\]|\\.|'')*'"
    rf"|(?P<table>(?:from|join) \(*)?(?P<first>{NAME})(?P<rest>(?:\.{NAME})*)(?P<call>\(?)"
)


def relocated(definitions: Definitions, source: str, target: str) -> Definitions:
    """Return the definitions of the schema `source` as they have to be in the schema `target`.

    If `target` is empty, the views do not name their schema.
    """
    objects = tuple(_relocated(each, source, target) for each in definitions.objects)
    return definitions.model_copy(update={"objects": objects})


def unqualified(definitions: Definitions, schema: str) -> Definitions:
    """Return the definitions with views that never name their schema, to compare two schemas."""
    return relocated(definitions, schema, "")


def bodies_naming(objects: Iterable[Definition], schema: str) -> list[str]:
    """Return the labels of routines, triggers and events whose text names this schema.

    A name in a comment or a string counts as well.
    """
    name = re.compile(
        rf"(?:(?<![\w$`]){re.escape(schema)}|{re.escape(quoted(schema))})\s*\.", re.IGNORECASE
    )
    return [each.label for each in objects if each.kind != "VIEW" and name.search(each.statement)]


def _relocated(definition: Definition, source: str, target: str) -> Definition:
    text, name = definition.statement, quoted(source)
    if definition.kind != "VIEW" or name not in text:
        return definition
    head = HEAD.match(text)
    start = head.end() if head else 0

    def moved(token: re.Match[str]) -> str:
        parts = token["rest"].count("`.`") + 2 if token["rest"] else 1
        names_schema = parts > 2 or (parts == 2 and (token["table"] or token["call"]))
        if token["first"] != name or not names_schema:
            return token[0]
        moved_name = quoted(target) + token["rest"] if target else token["rest"][1:]
        return f"{token['table'] or ''}{moved_name}{token['call']}"

    moved_text = text[:start] + TOKEN.sub(moved, text[start:])
    return definition.model_copy(update={"statement": moved_text})
