"""The allow-list of statements that may be in a dump: those that dump tools write.

Any other statement was added by hand or by an unknown tool; it is reported and never run. The name
of an object must not include a schema, so that a load creates the object in the current schema.
Bodies of views, routines, triggers and events are not checked: a legitimate body can contain any
statement and can refer to other schemas. INSERTs of rows do not come here: `splitter` recognizes
them.
"""

from __future__ import annotations

import re

# Enough for all that may precede the word that says what a statement creates or drops.
HEAD_BYTES = 1024
# The start or end of a version comment, whose content only servers of certain versions run.
VERSION_COMMENT = re.compile(rb"/\*M?!\d* ?|\*/")
# The start of a version comment whose content every supported server runs. A server that skips a
# comment ends it at the first `*/`, even inside a name or a string; no server skips this one.
ALWAYS = rb"/\*!(?:4\d{4}|50[0-5]\d\d) "
# The patterns are atomic or possessive, so that each text matches in one way only.
NAME = rb"(?>`(?:[^`\n]|``)++`)"
# A name without `*`, so that it cannot end a comment.
NAME_IN_COMMENT = rb"(?>`(?:[^`\n*]|``)++`)"
QUOTED = rb"(?:" + NAME + rb'|(?>"(?:[^"\n]|"")++"))'
ACCOUNT = rb"(?>`(?:[^`]|``)*+`|\"(?:[^\"]|\"\")*+\"|'[^']*+'|[\w.%]++)"
COMMENT = rb"(?>/\*(?!M?!).*?\*/|--(?:[ \t][^\n]*+)?\n|\#[^\n]*+\n)"
GAP = rb"(?:\s|" + COMMENT + rb")+"

VARIABLE = (
    rb"(?:CHARACTER_SET_CLIENT|CHARACTER_SET_RESULTS|COLLATION_CONNECTION|TIME_ZONE|UNIQUE_CHECKS"
    rb"|FOREIGN_KEY_CHECKS|SQL_MODE|SQL_NOTES|NOTE_VERBOSITY|AUTOCOMMIT"
    rb"|SYSTEM_VERSIONING_INSERT_HISTORY)"
)
SAVED = rb"@(?:OLD|saved?)_\w+"
ASSIGNED = (
    rb"(?:" + SAVED + rb" *= *@@(?:SESSION\.)?" + VARIABLE
    + rb"|(?:@@(?:SESSION\.)?)?" + VARIABLE + rb" *= *(?:" + SAVED + rb"|\w+|'[\w,+:/ -]*'))"
)  # fmt: skip
SETTING = rb"SET (?:NAMES \w+|" + ASSIGNED + rb"(?:, *" + ASSIGNED + rb")*)"

# With these statements, Percona's dump tool checks whether the server has RocksDB.
ROCKSDB = rb"|".join(
    re.escape(words)
    for words in (
        b"SELECT COUNT(*) INTO @rocksdb_has_p_s_session_variables FROM INFORMATION_SCHEMA.TABLES"
        b" WHERE TABLE_SCHEMA = 'performance_schema' AND TABLE_NAME = 'session_variables'",
        b"SET @rocksdb_get_is_supported = IF (@rocksdb_has_p_s_session_variables,"
        b" 'SELECT COUNT(*) INTO @rocksdb_is_supported FROM performance_schema.session_variables"
        b" WHERE VARIABLE_NAME=\\'rocksdb_bulk_load\\'', 'SELECT 0')",
        b"SET @rocksdb_enable_bulk_load = IF (@rocksdb_is_supported,"
        b" 'SET SESSION rocksdb_bulk_load = 1', 'SET @rocksdb_dummy_bulk_load = 0')",
        b"SET @rocksdb_disable_bulk_load = IF (@rocksdb_is_supported,"
        b" 'SET SESSION rocksdb_bulk_load = @old_rocksdb_bulk_load',"
        b" 'SET @rocksdb_dummy_bulk_load = 0')",
        b"PREPARE s FROM @rocksdb_get_is_supported",
        b"PREPARE s FROM @rocksdb_enable_bulk_load",
        b"PREPARE s FROM @rocksdb_disable_bulk_load",
        b"EXECUTE s",
        b"DEALLOCATE PREPARE s",
    )
)
# Statements in which no name or string can end a comment, so any version comment may hold them.
ANYWHERE = (
    SETTING + rb"|" + ROCKSDB
    + rb"|ANALYZE TABLE " + NAME_IN_COMMENT + rb" UPDATE HISTOGRAM ON "
    + NAME_IN_COMMENT + rb"(?:, ?" + NAME_IN_COMMENT + rb")* WITH \d+ BUCKETS"
    + rb"(?: AUTO UPDATE| MANUAL UPDATE)?"
)  # fmt: skip
# Statements with a name that may contain `*/`.
NAMED = (
    rb"DROP (?:TABLE|VIEW|TRIGGER|PROCEDURE|FUNCTION|PACKAGE(?: BODY)?|EVENT|SEQUENCE) IF EXISTS "
    + NAME
    + rb"|LOCK TABLES " + NAME + rb" WRITE|UNLOCK TABLES|COMMIT|START TRANSACTION"
    + rb"|ALTER TABLE " + NAME + rb" (?:DISABLE|ENABLE) KEYS"
    + rb"|(?:DO|SELECT) SETVAL\(" + NAME + rb", ?-?\d+, ?\d+\)"
    + rb"|CREATE SEQUENCE " + NAME + rb"(?:[\w\s=+-]|'[^'\\]*')*"
)  # fmt: skip
WHOLE = re.compile(
    rb"(?:" + ANYWHERE + rb"|" + NAMED + rb")"
    + rb"|/\*M?!\d{5,6} (?:" + ANYWHERE + rb") ?\*/"
    + rb"|" + ALWAYS + rb"(?:" + NAMED + rb") ?\*/",
    re.IGNORECASE,
)  # fmt: skip

TABLE = re.compile(rb"(?:" + ALWAYS + rb")?CREATE TABLE (?:IF NOT EXISTS )?" + NAME + rb" \(")
# Words in a CREATE TABLE that refer to other tables, or to data that is not in the dump.
ELSEWHERE = re.compile(
    rb"\b(?:SELECT|UNION|CONNECTION)\b|\bREFERENCES\s+x\s*\."
    rb"|\bENGINE\b(?! ?= ?(?:InnoDB|MyISAM|Aria|MEMORY|ROCKSDB)\b)",
    re.IGNORECASE,
)
TEXTS = rb"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"|`[^`]*`|" + COMMENT
TEXTS_NO_BACKSLASH = rb"'[^']*'|\"[^\"]*\"|`[^`]*`|" + COMMENT  # under NO_BACKSLASH_ESCAPES
# A version comment that some servers skip.
SKIPPED = rb"|/\*M?!(?!(?:4\d{4}|50[0-5]\d\d) ).*?\*/"
# The four ways in which a server may read a statement: with or without backslash escapes, and with
# or without the content of version comments. A statement must be harmless in all four.
READINGS = [
    re.compile(texts + comments, re.DOTALL)
    for texts in (TEXTS, TEXTS_NO_BACKSLASH)
    for comments in (b"", SKIPPED)
]

# What separates the parts of a CREATE that stands in several version comments.
MARKS = rb"(?:\s|" + ALWAYS.rstrip() + rb"(?=\s)|\*/)+"
# What may stand between TRIGGER and FOR EACH ROW, a part that the server stores as it was typed. A
# dot is not allowed, since it would follow the name of a schema.
ELEMENT = rb"(?:\s|" + COMMENT + rb"|" + QUOTED + rb"|[\w$\x80-\xff]++|,)"
OBJECT = re.compile(
    rb"(?:" + ALWAYS + rb")?CREATE" + MARKS
    + rb"(?:ALGORITHM ?= ?\w+" + MARKS + rb")?"
    + rb"(?:DEFINER ?= ?" + ACCOUNT + rb"(?:@" + ACCOUNT + rb")?" + MARKS + rb")?"
    + rb"(?:SQL SECURITY \w+" + MARKS + rb")?"
    + rb"(?:VIEW " + NAME + rb"(?: ?\(" + NAME + rb"(?:, ?" + NAME + rb")*\))? AS\s"
    + rb"|EVENT " + QUOTED + rb" ON\s"
    + rb"|(?:PROCEDURE|PACKAGE(?: BODY)?) " + QUOTED + rb"(?=\s*\(|\s+[A-Z])"
    + rb"|(?:AGGREGATE )?FUNCTION " + QUOTED + rb"\s*\("
    + rb"|TRIGGER\b" + ELEMENT + rb"*?\bFOR" + GAP + rb"EACH" + GAP + rb"ROW\b)",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
SHOWN = re.compile(rb"[^'\"(\n]{0,80}")


def without_version_comments(statement: bytes) -> bytes:
    """Return the first 1024 bytes of a statement, without the marks of version comments."""
    return VERSION_COMMENT.sub(b"", statement[:HEAD_BYTES])


def first_words(statement: bytes) -> str:
    """Return the first words of a statement, up to where values may begin."""
    shown = SHOWN.match(without_version_comments(statement).lstrip())
    return (shown[0].decode("utf-8", "replace").strip() if shown else "") or "…"


def unknown_statement(statement: bytes) -> str:
    """Return the first words of a statement if no dump tool writes it, else ""."""
    return "" if _is_known(statement) else first_words(statement)


def _is_known(statement: bytes) -> bool:
    if TABLE.match(statement):
        return not any(ELSEWHERE.search(_words(statement, texts)) for texts in READINGS)
    return bool(WHOLE.fullmatch(statement) or OBJECT.match(statement))


def _words(statement: bytes, texts: re.Pattern[bytes]) -> bytes:
    """Return a statement with `x` in place of each quoted name, without strings and comments."""
    return texts.sub(lambda found: b"x" if found[0][:1] == b"`" else b" ", statement)
