"""Check the first lines of a dump: the tool that wrote it, and MariaDB's sandbox line.

The database's client runs some lines of a dump as its own commands: `\\! sh` starts a shell. Newer
tools of MariaDB therefore begin each dump with a line that disables these commands. A dump of such
a tool without that line has been changed.
"""

from __future__ import annotations

import re

SANDBOX = rb"/\*M!999999\\-[^\n]*\n"
OPENING = re.compile(rb"(?P<sandbox>" + SANDBOX + rb")?-- (?:MariaDB|MySQL) dump [^\n]+\n")
MARIADB = re.compile(rb"(\d+)\.(\d+)\.(\d+)-MariaDB")
# Series → first release whose tool writes the line, according to MariaDB's release notes.
FIRST_RELEASES = {
    (10, 5): 25,
    (10, 6): 18,
    (10, 11): 8,
    (11, 0): 6,
    (11, 1): 5,
    (11, 2): 4,
    (11, 4): 2,
}
LAST_SERIES_WITHOUT = (11, 4)
# Enough for the first two lines.
OPENING_BYTES = 1024


def opening_fault(head: bytes) -> str:
    """Return what is wrong with the first lines of a dump; "" if nothing is."""
    opening = OPENING.match(head)
    if opening is None:
        return "the dump does not begin as a dump tool's"
    if opening["sandbox"] is None and _writes_sandbox(opening[0]):
        return "the dump lacks the sandbox line that its tool begins with"
    return ""


def _writes_sandbox(header: bytes) -> bool:
    version = MARIADB.search(header)
    if version is None:
        return False
    major, minor, patch = map(int, version.groups())
    first = FIRST_RELEASES.get((major, minor))
    return (major, minor) > LAST_SERIES_WITHOUT if first is None else patch >= first
