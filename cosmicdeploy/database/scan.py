"""What a dump says of itself while it streams by."""

from __future__ import annotations

import re

TRAILER = b"-- Dump completed"
TAIL_BYTES = 1024
# A line's first bytes tell what it is; rows of data can be lines of many megabytes.
LINE_START_BYTES = 1024

TABLE = re.compile(rb"^CREATE TABLE (?:IF NOT EXISTS )?`((?:[^`\n]|``)+)` \(", re.MULTILINE)
SCHEMA_STATEMENT = re.compile(
    rb"^(?:/\*!\d+ *)?((?:ALTER|CREATE|DROP) (?:DATABASE|SCHEMA)\b|USE `)[^\n]*",
    re.MULTILINE | re.IGNORECASE,
)


class DumpScan:
    """Feed it the dump in chunks of any size; memory stays constant."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.schema_statements: set[str] = set()
        self.tail = b""
        self._line = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes into account."""
        self.tail = (self.tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
        head, newline, rest = (self._line + chunk).rpartition(b"\n")
        if newline:
            self._recognise(head)
        self._line = rest[:LINE_START_BYTES]

    @property
    def complete(self) -> bool:
        """Whether the dump ends with the tool's own closing line."""
        lines = self.tail.rstrip().splitlines()
        return bool(lines) and lines[-1].startswith(TRAILER)

    def _recognise(self, lines: bytes) -> None:
        for name in TABLE.findall(lines):
            self.tables.add(name.decode("utf-8", "replace").replace("``", "`"))
        for match in SCHEMA_STATEMENT.finditer(lines):
            self.schema_statements.add(match.group(0)[:200].decode("utf-8", "replace"))
