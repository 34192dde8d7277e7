"""The statements that dump tools write, each with the object that it is about.

What else a file holds was put there by another hand, or by a tool that is not known: it is named,
and not run. An object is named without its schema, so that it is one of the schema that is loaded
into. What a view or a body refers to is not looked at: no tool can know what it may. A statement
with rows has its own check (see `scan`).
"""

from __future__ import annotations

import re

# Enough for all that may stand before the word that tells a statement's kind.
HEAD = 1024
# Which servers run the statement; its words stand within.
VERSION_COMMENT = re.compile(rb"/\*M?!\d* ?|\*/")
# Every server runs what such a comment holds, so that nothing within can end it early.
ALWAYS = rb"/\*!(?:4\d{4}|50[0-5]\d\d) "
# Each is read in one way only: none gives back what it took.
NAME = rb"(?>`(?:[^`\n]|``)++`)"
NO_END = rb"(?>`(?:[^`\n*]|``)++`)"
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

# Percona's tool asks whether the server has RocksDB.
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
# No name and no text in these can end a comment, so that any server may be the one that runs them.
ANYWHERE = (
    SETTING + rb"|" + ROCKSDB
    + rb"|ANALYZE TABLE " + NO_END + rb" UPDATE HISTOGRAM ON "
    + NO_END + rb"(?:, ?" + NO_END + rb")* WITH \d+ BUCKETS(?: AUTO UPDATE| MANUAL UPDATE)?"
)  # fmt: skip
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
# Words of a table's own text: other tables behind it, or data that is not in the dump.
ELSEWHERE = re.compile(
    rb"\b(?:SELECT|UNION|CONNECTION)\b|\bREFERENCES\s+x\s*\."
    rb"|\bENGINE\b(?! ?= ?(?:InnoDB|MyISAM|Aria|MEMORY|ROCKSDB)\b)",
    re.IGNORECASE,
)
TEXTS = rb"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"|`[^`]*`|" + COMMENT
PLAIN_TEXTS = rb"'[^']*'|\"[^\"]*\"|`[^`]*`|" + COMMENT  # under NO_BACKSLASH_ESCAPES
PASSED_OVER = rb"|/\*M?!(?!(?:4\d{4}|50[0-5]\d\d) ).*?\*/"  # by some servers
# A dump's text means the same in all of these ways; what does not hides something in one.
READINGS = [
    re.compile(texts + comments, re.DOTALL)
    for texts in (TEXTS, PLAIN_TEXTS)
    for comments in (b"", PASSED_OVER)
]

# What stands between the words of a CREATE that is in comments for servers of different ages.
MARKS = rb"(?:\s|" + ALWAYS.rstrip() + rb"(?=\s)|\*/)+"
# All that may stand in a trigger's head, as it was typed; no dot, which would name a schema.
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
    """The first words of a statement, out of the comments that name servers."""
    return VERSION_COMMENT.sub(b"", statement[:HEAD])


def first_words(statement: bytes) -> str:
    """How a statement begins, up to where values may stand."""
    shown = SHOWN.match(without_version_comments(statement).lstrip())
    return (shown[0].decode("utf-8", "replace").strip() if shown else "") or "…"


def unknown_statement(statement: bytes) -> str:
    """The first words of a statement that no dump tool writes; "" for any other."""
    return "" if _is_written(statement) else first_words(statement)


def _is_written(statement: bytes) -> bool:
    if TABLE.match(statement):
        return not any(ELSEWHERE.search(_words(statement, texts)) for texts in READINGS)
    return bool(WHOLE.fullmatch(statement) or OBJECT.match(statement))


def _words(statement: bytes, texts: re.Pattern[bytes]) -> bytes:
    """A statement with `x` for each name, and without texts and comments."""
    return texts.sub(lambda found: b"x" if found[0][:1] == b"`" else b" ", statement)
