"""The statements that dump tools write.

What else a file holds was put there by another hand, or by a tool that is not known: it is named,
and not run. A statement with rows has its own check (see `scan`).
"""

from __future__ import annotations

import re

# Which servers run the statement; its words stand within.
VERSION_COMMENT = re.compile(rb"/\*M?!\d* ?|\*/")
# Enough for all that may stand before the word that tells a statement's kind.
HEAD = 1024

WRITTEN = re.compile(
    rb"\s*(?:"
    # Variables of the session, never the server's, and no account.
    rb"SET\s+(?!GLOBAL\b|PERSIST|PASSWORD\b|ROLE\b|DEFAULT\b|@@GLOBAL\b|@@PERSIST)"
    rb"|CREATE\b(?!\s+(?:USER|ROLE|SERVER|TABLESPACE|UNDO|LOGFILE|RESOURCE|DATABASE|SCHEMA)\b)"
    rb"|DROP\s+(?:TABLE|VIEW|TRIGGER|PROCEDURE|FUNCTION|PACKAGE|EVENT|SEQUENCE)\b"
    rb"|(?:INSERT|REPLACE)\b|(?:ALTER|LOCK|ANALYZE)\s+TABLES?\b|UNLOCK\s+TABLES\b"
    rb"|COMMIT\b|START\s+TRANSACTION\b|(?:DO|SELECT)\s+SETVAL\("
    # Percona's tool asks whether the server has RocksDB.
    rb"|SELECT COUNT\(\*\) INTO @rocksdb_\w+ FROM|PREPARE s FROM @rocksdb_\w+\s*\Z"
    rb"|EXECUTE s\s*\Z|DEALLOCATE PREPARE s\s*\Z"
    rb")",
    re.IGNORECASE,
)
SHOWN = re.compile(rb"[^'\"`(\n]{0,40}")


def bare(statement: bytes) -> bytes:
    """The first words of a statement, out of the comments that name servers."""
    return VERSION_COMMENT.sub(b"", statement[:HEAD])


def first_words(statement: bytes) -> str:
    """How a statement begins, up to where values may stand."""
    shown = SHOWN.match(bare(statement).lstrip())
    return shown[0].decode("utf-8", "replace").strip() if shown else ""


def unwritten(statement: bytes) -> str:
    """The first words of a statement that no dump tool writes; "" for any other."""
    return "" if WRITTEN.match(bare(statement)) else first_words(statement)
