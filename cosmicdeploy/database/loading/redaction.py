"""Remove values of rows from the server's error messages."""

from __future__ import annotations

import re

# Numbers of errors whose messages quote only names of objects or accounts.
NAMES_ONLY = frozenset(
    {1044, 1045, 1049, 1050, 1051, 1054, 1068, 1072, 1091, 1115, 1142, 1146, 1193, 1227, 1273}
    | {1286, 1304, 1305, 1356, 1359, 1419, 1449}
)
# The end of a message about a value: it names the column or the key.
COLUMN = re.compile(r" for (?:column|key) ('[^']*'|`[^']*`)(?: at row \d+)?\Z")
# Numbers of errors whose messages may end like this.
ABOUT_A_VALUE = frozenset({1062, 1264, 1265, 1366, 1406, 1586})
# An error that a trigger or a routine raises. Its author may have put values into the message.
RAISED = 1644
# "Table has no partition for value …": the only message with a value that is not quoted.
BARE_VALUE = re.compile(r"(\bfor value ).*", re.DOTALL)
LONGEST = 200


def redact_values(code: int, message: str) -> str:
    """Return the message of a server's error, without any value of a row that it may quote.

    `code` is the error's number. Names of objects, accounts, columns and keys stay if the server
    always quotes only a name at that position.
    """
    if code in NAMES_ONLY:
        return message[:LONGEST]
    if code == RAISED:
        return "code in the schema (a trigger or a routine) refused it"
    column = COLUMN.search(message) if code in ABOUT_A_VALUE else None
    body = message[: column.start()] if column else message
    shown, quote, _ = BARE_VALUE.sub(r"\1…", body).partition("'")
    if quote:
        shown += "'…'"
    return shown[:LONGEST] + (column[0] if column else "")
