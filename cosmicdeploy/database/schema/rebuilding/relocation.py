"""Move views to another schema: replace the name of their schema in their texts.

The server usually leaves the schema's name out of a view's text. It keeps the name if the view
calls a function by its full name, or uses another schema, directly or through a function. In a new
schema, such a view would still use the tables and functions of the old schema.

Bodies of routines, triggers and events are not changed: the server looks up the names in a body
only when the body runs, in the schema that the object is in then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cosmicdeploy.database.access import quoted
from cosmicdeploy.database.schema.definitions import Definition, Definitions

NAME = r"`(?:[^`]|``)*`"
# The text of a view as the server writes it, up to the view's query. This part is not changed,
# since the definer's name may be equal to the schema's.
HEAD = re.compile(
    rf"CREATE (?:ALGORITHM=\w+ )?(?:DEFINER={NAME}(?:@{NAME})? )?(?:SQL SECURITY \w+ )?VIEW {NAME} "
)
# A token in a view's query: a string, or a name with all its parts. In a name of two parts, the
# first part is a schema if the name follows FROM or JOIN (a table) or precedes a parenthesis (a
# function). Elsewhere the first part is a table, and the second is its column.
TOKEN = re.compile(
    rf"'(?:[^'\\]|\\.|'')*'"
    rf"|(?P<table>(?:from|join) \(*)?(?P<first>{NAME})(?P<rest>(?:\.{NAME})*)(?P<call>\(?)"
)


def relocated(definitions: Definitions, source: str, target: str) -> Definitions:
    """Return definitions from the schema `source`, changed for the schema `target`.

    If `target` is "", the schema's name is removed from the views.
    """
    objects = tuple(_relocated(each, source, target) for each in definitions.objects)
    return definitions.model_copy(update={"objects": objects})


def unqualified(definitions: Definitions, schema: str) -> Definitions:
    """Return the definitions without the schema's name in views, to compare two schemas."""
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
        parts = 1 + len(re.findall(NAME, token["rest"] or ""))
        names_schema = parts > 2 or (parts == 2 and (token["table"] or token["call"]))
        if token["first"] != name or not names_schema:
            return token[0]
        moved_name = quoted(target) + token["rest"] if target else token["rest"][1:]
        return f"{token['table'] or ''}{moved_name}{token['call']}"

    moved_text = text[:start] + TOKEN.sub(moved, text[start:])
    return definition.model_copy(update={"statement": moved_text})
