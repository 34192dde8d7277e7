"""Bodies of events, triggers and routines that the database's own tools stumble over."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.errors import BackupError

# A dump tool looks for a delimiter that an event's text does not hold. Those before MariaDB 11.4
# and MySQL 8.0 look for ever where it holds the first one that they try.
DELIMITER = ";;"
# Strings and comments, of which the client heeds no command. Elsewhere it takes a line that begins
# with DELIMITER for its own, and loses the end of that line.
HIDDEN = re.compile(
    r"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"|`[^`]*`"
    r"|--(?=\s)[^\n]*|#[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
PLAIN = re.compile(  # under NO_BACKSLASH_ESCAPES
    r"'[^']*'|\"[^\"]*\"|`[^`]*`|--(?=\s)[^\n]*|#[^\n]*|/\*.*?\*/", re.DOTALL
)
COMMAND = re.compile(r"^delimiter\b", re.IGNORECASE | re.MULTILINE)


def withheld_events_warnings(definitions: Definitions) -> list[str]:
    """A warning where a dump has to do without events, and why; none where it need not.

    A restore takes them from the manifest in any case.
    """
    named = [event.name for event in definitions.of("EVENT") if DELIMITER in event.statement]
    if not named:
        return []
    return [
        f"the dump leaves out the events, since {DELIMITER} in the text of {', '.join(named)} lets"
        " dump tools hang; a restore takes them from the manifest"
    ]


def require_loadable_bodies(objects: Sequence[Definition]) -> None:
    """Raise `BackupError` where the database's client would take a line of a body for its own
    command, so that a restored body would differ."""
    found = [each for each in objects if each.kind not in ("EVENT", "VIEW") and _commands(each)]
    if found:
        raise BackupError(
            "a line of a body begins with the word DELIMITER, which the database's client changes"
            f" when it loads a dump: {', '.join(each.label for each in found)}",
            todo="create it again with the word within a line, or in backticks",
        )


def _commands(definition: Definition) -> bool:
    plain = "NO_BACKSLASH_ESCAPES" in definition.sql_mode
    bare = (PLAIN if plain else HIDDEN).sub("''", definition.statement)
    return bool(COMMAND.search(bare))
