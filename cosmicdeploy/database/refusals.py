"""What a server or its client says of a statement that it refuses, without any row's value."""

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

# As MariaDB's client shows a statement that failed, before the error.
STATEMENT_SHOWN = "--------------\n"
ERROR = re.compile(
    r"^ERROR(?: (?P<code>\d+) \((?P<state>\w+)\))?(?P<line> at line \d+)?: (?P<message>.*)",
    re.MULTILINE | re.DOTALL,
)


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


def client_error(text: str) -> list[str]:
    """The error in what a client wrote to standard error, on one line; where there is none, the
    last lines that cannot be of a statement."""
    before, shown, _ = text.partition(STATEMENT_SHOWN)
    start = max(text.find(f"{STATEMENT_SHOWN}\nERROR ", len(before) + 1), 0) if shown else 0
    error = ERROR.search(text, start)
    if error is None:
        return before.splitlines()[-10:]
    code = int(error["code"] or 0)
    message = "" if (error["state"] or "").startswith("45") else error["message"].strip()
    said = without_values(code, message) if message else without_values(RAISED, message)
    number = f" {code} ({error['state']})" if code else ""
    return [f"ERROR{number}{error['line'] or ''}: {said}"]
