"""How a dump begins: the tool that wrote it, and whether it forbids the client its own commands.

A client runs some lines of a dump itself: `\\! sh` is a shell. So MariaDB's tool has had each dump
begin with a line that switches these commands off. A copy that lost it is not the tool's work.
"""

from __future__ import annotations

import re

SANDBOX = rb"/\*M!999999\\-[^\n]*\n"
OPENING = re.compile(rb"(?P<sandbox>" + SANDBOX + rb")?-- (?:MariaDB|MySQL) dump [^\n]+\n")
MARIADB = re.compile(rb"(\d+)\.(\d+)\.(\d+)-MariaDB")
# Series → the first release whose tool writes the line, by MariaDB's release notes.
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
# As much as the first two lines take.
OPENING_BYTES = 1024


def opening_fault(head: bytes) -> str:
    """What is wrong with the first lines of a dump; "" where nothing is."""
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
