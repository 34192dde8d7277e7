"""Check the first lines of a dump: the header of the dump tool, and MariaDB's sandbox line.

The database's client runs some lines of a dump as its own commands: `\\! sh` starts a shell. Newer
tools of MariaDB therefore begin each dump with a "sandbox" line, which disables these commands. If
the dump of such a tool lacks the line, the dump has been altered.
"""

from __future__ import annotations

import re

SANDBOX = rb"/\*M!999999\\-[^\n]*\n"
OPENING = re.compile(rb"(?P<sandbox>" + SANDBOX + rb")?-- (?:MariaDB|MySQL) dump [^\n]+\n")
MARIADB = re.compile(rb"(\d+)\.(\d+)\.(\d+)-MariaDB")
# MariaDB series → the first release in it whose dump tool writes the sandbox line. Taken from
# MariaDB's release notes.
FIRST_RELEASES = {
    (10, 5): 25,
    (10, 6): 18,
    (10, 11): 8,
    (11, 0): 6,
    (11, 1): 5,
    (11, 2): 4,
    (11, 4): 2,
}
# Every tool of a later series writes the line. Of the earlier series, only the listed ones do.
LAST_LISTED_SERIES = (11, 4)
# Enough for the first two lines of a dump.
OPENING_BYTES = 1024


def opening_fault(head: bytes) -> str:
    """Return what is wrong with the first lines of a dump; "" if nothing is."""
    opening = OPENING.match(head)
    if opening is None:
        return "the dump does not begin with the header of a dump tool"
    if opening["sandbox"] is None and _writes_sandbox(opening[0]):
        return "the dump lacks the sandbox line that its tool writes"
    return ""


def has_sandbox_line(head: bytes) -> bool:
    """Return whether a dump begins with the sandbox line."""
    return re.match(SANDBOX, head) is not None


def _writes_sandbox(header: bytes) -> bool:
    version = MARIADB.search(header)
    if version is None:
        return False
    major, minor, patch = map(int, version.groups())
    first = FIRST_RELEASES.get((major, minor))
    return (major, minor) > LAST_LISTED_SERIES if first is None else patch >= first
