"""Find bodies of events, triggers and routines that the database's own tools cannot handle.

If an object has such a body, the dump leaves out all objects of that kind, and a restore takes them
from the manifest.
"""

from __future__ import annotations

import re

from cosmicdeploy.database.schema.definitions import ROUTINES, Definition, Definitions, Kind
from cosmicdeploy.database.vendors import Vendor

# The first delimiter that a dump tool tries for an event. The tools of versions before MariaDB 11.4
# and MySQL 8.0 loop forever if the event's text contains this delimiter.
FIRST_DELIMITER = ";;"
# Strings, quoted names and comments: the client looks for no commands of its own in them. Elsewhere
# it takes a line that begins with the word DELIMITER as a command, and drops the line.
HIDDEN = re.compile(
    r"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"|`[^`]*`"
    r"|--(?!\S)[^\n]*|#[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
HIDDEN_NO_BACKSLASH = re.compile(  # under NO_BACKSLASH_ESCAPES
    r"'[^']*'|\"[^\"]*\"|`[^`]*`|--(?!\S)[^\n]*|#[^\n]*|/\*.*?\*/", re.DOTALL
)
COMMAND = re.compile(r"^delimiter\b", re.IGNORECASE | re.MULTILINE)
# The characters that begin a string, a quoted name or a comment with an end mark.
OPEN = re.compile(r"['\"`]|/\*")
# Option of the dump tools → the kinds of objects that the option includes in a dump.
OPTIONS: dict[str, tuple[Kind, ...]] = {
    "routines": ROUTINES,
    "triggers": ("TRIGGER",),
    "events": ("EVENT",),
}


def withheld_objects(definitions: Definitions, vendor: Vendor) -> dict[str, str]:
    """Return kind of objects → warning, for each kind that a dump must leave out.

    The kinds are named as in the options of the dump tools.
    """
    warnings = {}
    for option, kinds in OPTIONS.items():
        faults = [
            f"the text of {each.label} {fault}"
            for each in definitions.of(*kinds)
            if (fault := _fault(each, vendor))
        ]
        if faults:
            named = "; ".join(faults)
            warnings[option] = (
                f"the dump leaves out the {option}, since the database's own tools cannot handle"
                f" all of them: {named}; a restore takes the {option} from the manifest"
            )
    return warnings


def cut_objects(definitions: Definitions, vendor: Vendor) -> list[str]:
    """Return the labels of objects whose text ends within a string, a quoted name or a comment.

    The server reports the text of some kinds only up to a NUL character, so such a text was cut.
    """
    kinds: tuple[Kind, ...] = (*ROUTINES, "EVENT") if vendor.cuts_routines else ("EVENT",)
    return [each.label for each in definitions.of(*kinds) if OPEN.search(_bare(each))]


def _fault(definition: Definition, vendor: Vendor) -> str:
    """Return why the database's own tools cannot handle an object; "" if they can."""
    if definition.kind == "EVENT" and FIRST_DELIMITER in definition.statement:
        return f"holds {FIRST_DELIMITER}, which makes dump tools hang"
    if "\0" in definition.statement:
        return "holds a NUL character, at which dump tools cut it"
    if _holds_command(definition):
        return "has a line that begins with the word DELIMITER, which the client drops"
    if vendor.ends_on_last_line and _ends_in_line_comment(definition):
        return "ends in a comment without a line end, which hides the end of the statement"
    return ""


def _holds_command(definition: Definition) -> bool:
    return bool(COMMAND.search(_bare(definition)))


def _ends_in_line_comment(definition: Definition) -> bool:
    text = definition.statement
    ends = [found for found in _hidden(definition).finditer(text) if found.end() == len(text)]
    return any(found[0].startswith(("--", "#")) for found in ends)


def _bare(definition: Definition) -> str:
    """Return the text of an object with `0` in place of each string, quoted name and comment."""
    return _hidden(definition).sub("0", definition.statement)


def _hidden(definition: Definition) -> re.Pattern[str]:
    no_backslash = "NO_BACKSLASH_ESCAPES" in definition.sql_mode
    return HIDDEN_NO_BACKSLASH if no_backslash else HIDDEN
