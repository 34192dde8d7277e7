"""Find bodies of events, triggers and routines that the database's own tools cannot handle."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.errors import BackupError

# A dump tool needs a delimiter that does not occur in an event's text. The tools of versions before
# MariaDB 11.4 and MySQL 8.0 loop forever if the text contains the first delimiter that they try.
FIRST_DELIMITER = ";;"
# Strings, quoted names and comments: the client looks for no commands of its own in them. Elsewhere
# it takes a line that begins with the word DELIMITER as a command, and drops the line.
HIDDEN = re.compile(
    r"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"|`[^`]*`"
    r"|--(?=\s)[^\n]*|#[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
HIDDEN_NO_BACKSLASH = re.compile(  # under NO_BACKSLASH_ESCAPES
    r"'[^']*'|\"[^\"]*\"|`[^`]*`|--(?=\s)[^\n]*|#[^\n]*|/\*.*?\*/", re.DOTALL
)
COMMAND = re.compile(r"^delimiter\b", re.IGNORECASE | re.MULTILINE)


def withheld_events_warnings(definitions: Definitions) -> list[str]:
    """Return a list with one warning if a dump must leave out all events, else an empty list.

    A restore always takes the events from the manifest.
    """
    named = [event.name for event in definitions.of("EVENT") if FIRST_DELIMITER in event.statement]
    if not named:
        return []
    return [
        f"the dump leaves out the events, since {FIRST_DELIMITER} in the text of"
        f" {', '.join(named)} makes dump tools hang; a restore takes them from the manifest"
    ]


def require_loadable_bodies(objects: Sequence[Definition]) -> None:
    """Raise `BackupError` if the client would take a line of a trigger or routine as a command.

    The database's client drops such a line, so the body would change when the client loads a dump.
    """
    broken = [
        each for each in objects if each.kind not in ("EVENT", "VIEW") and _holds_command(each)
    ]
    if broken:
        raise BackupError(
            "A line of a body begins with the word DELIMITER, so the database's client drops it"
            f" when it loads a dump: {', '.join(each.label for each in broken)}",
            todo="create it again with the word within a line, or in backticks",
        )


def _holds_command(definition: Definition) -> bool:
    no_backslash = "NO_BACKSLASH_ESCAPES" in definition.sql_mode
    bare = (HIDDEN_NO_BACKSLASH if no_backslash else HIDDEN).sub("''", definition.statement)
    return bool(COMMAND.search(bare))
