"""What a server says of a statement that it refuses, without any row's value."""

from __future__ import annotations

import re

# Where the quotes of a message hold names of the schema or of the server, and nothing else.
NAMES_ONLY = frozenset(
    {1044, 1045, 1049, 1050, 1051, 1054, 1068, 1072, 1091, 1115, 1142, 1146, 1193, 1227, 1273}
    | {1286, 1304, 1305, 1356, 1359, 1419, 1449}
)
# The end of a message about a value, where it names the column or the key.
PLACE = re.compile(r" for (?:column|key) ('[^']*'|`[^']*`)(?: at row \d+)?\Z")
ABOUT_A_VALUE = frozenset({1062, 1264, 1265, 1366, 1406, 1586})
# What a schema's own code raises says whatever its author wrote, with whatever was in a row.
RAISED = 1644
# "Table has no partition for value …": the one message with a value out of quotes.
BARE_VALUE = re.compile(r"(\bfor value ).*", re.DOTALL)
LONGEST = 200


def without_values(code: int, message: str) -> str:
    """A server's message with all that it quotes left out, unless these are names."""
    if code in NAMES_ONLY:
        return message[:LONGEST]
    if code == RAISED:
        return "the schema's own code refused it"
    place = PLACE.search(message) if code in ABOUT_A_VALUE else None
    body = message[: place.start()] if place else message
    plain, quote, _ = BARE_VALUE.sub(r"\1…", body).partition("'")
    return (plain + "'…'" * bool(quote))[:LONGEST] + (place[0] if place else "")
