"""Find bodies of events, triggers and routines that break the database's own tools."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.errors import BackupError

# A dump tool looks for a delimiter that is not in the text of an event. Tools before MariaDB 11.4
# and MySQL 8.0 loop for ever if the text holds the first delimiter that they try.
DELIMITER = ";;"
# Strings and comments, in which the client looks for no commands. Elsewhere it takes a line that
# begins with DELIMITER as its own command, and loses the rest of that line.
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
    """Return a warning if a dump has to omit the events, with the reason; else nothing.

    A restore takes the events from the manifest in any case.
    """
    named = [event.name for event in definitions.of("EVENT") if DELIMITER in event.statement]
    if not named:
        return []
    return [
        f"the dump leaves out the events, since {DELIMITER} in the text of {', '.join(named)} makes"
        " dump tools hang; a restore takes them from the manifest"
    ]


def require_loadable_bodies(objects: Sequence[Definition]) -> None:
    """Raise `BackupError` if the database's client would take a line of a body for its own command.

    The body would be different once the dump is loaded.
    """
    broken = [
        each for each in objects if each.kind not in ("EVENT", "VIEW") and _holds_command(each)
    ]
    if broken:
        raise BackupError(
            "A line of a body begins with the word DELIMITER, which the database's client changes"
            f" when it loads a dump: {', '.join(each.label for each in broken)}",
            todo="create it again with the word within a line, or in backticks",
        )


def _holds_command(definition: Definition) -> bool:
    plain = "NO_BACKSLASH_ESCAPES" in definition.sql_mode
    bare = (PLAIN if plain else HIDDEN).sub("''", definition.statement)
    return bool(COMMAND.search(bare))
