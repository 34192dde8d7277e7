"""Values that utf8mb4 does not cover: the column is refused by name, or all are restored equal."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.dump.exact_values import EXACT
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.swap.swap import drop_replaced_data
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.databases import cursor, run, run_all

pytestmark = pytest.mark.stack

# Character sets of MariaDB and MySQL. The test skips a character set that the server lacks.
CHARSETS = (
    *("armscii8", "ascii", "big5", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852"),
    *("cp866", "cp932", "dec8", "eucjpms", "euckr", "gb18030", "gb2312", "gbk", "geostd8"),
    *("greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "latin1", "latin2", "latin5"),
    *("latin7", "macce", "macroman", "sjis", "swe7", "tis620", "ucs2", "ujis", "utf16"),
    *("utf16le", "utf32", "utf8mb3", "utf8mb4"),
)


def fill(access: DatabaseAccess, charset: str, first_bytes: range) -> None:
    """Fill the column of table `t`, which has this character set, with every code that it accepts.

    These are codes of one byte, and codes of two bytes with the given first bytes.
    """
    with cursor(access) as opened:
        opened.execute("SET SESSION sql_mode = ''")
        opened.execute("CREATE TABLE codes (n INT PRIMARY KEY, b VARBINARY(4))")
        singles = [bytes([n]) for n in range(256)]
        codes = singles + [bytes([first]) + second for first in first_bytes for second in singles]
        opened.executemany("INSERT INTO codes VALUES (%s, %s)", list(enumerate(codes)))
        opened.execute(f"CREATE TABLE t (n INT PRIMARY KEY, c VARCHAR(4) CHARACTER SET {charset})")
        opened.execute("INSERT IGNORE INTO t SELECT n, b FROM codes")
        opened.execute(
            "DELETE t FROM t JOIN codes USING (n) WHERE NOT CAST(c AS BINARY) <=> CAST(b AS BINARY)"
        )
        opened.execute("DROP TABLE codes")


@pytest.mark.parametrize(
    ("charset", "first_bytes"),
    [
        ("sjis", range(0x81, 0x83)),
        *(pytest.param(each, range(256), marks=pytest.mark.torture) for each in CHARSETS),
    ],
)
@pytest.mark.fault("character sets that utf8mb4 does not cover")
def test_each_code_is_restored_unchanged_or_its_column_refused(
    engine: Engine,
    any_server: DatabaseAccess,
    catalogue: Catalogue,
    charset: str,
    first_bytes: range,
) -> None:
    if not run(any_server, "SHOW CHARACTER SET LIKE %s", charset):
        return
    fill(any_server, charset, first_bytes)
    back = f"CONVERT(CONVERT(c USING utf8mb4) USING {charset})"
    differs = f"NOT CAST({back} AS BINARY) <=> CAST(c AS BINARY)"
    [(inexact,)] = run(any_server, f"SELECT COUNT(*) FROM t WHERE {differs}")  # noqa: S608
    seen: list[int] = []
    if inexact:
        assert charset not in EXACT
        with pytest.raises(BackupError, match=rf"t\.c \({inexact} rows\)"):
            create_backup(engine, any_server, catalogue, on_bytes=seen.append)
        assert seen == []
        run(any_server, f"DELETE FROM t WHERE {differs}")  # noqa: S608
    codes = "SELECT n, HEX(c) FROM t ORDER BY n"  # the driver cannot read each code
    original = run(any_server, codes)
    restore_backup(engine, any_server, create_backup(engine, any_server, catalogue))
    drop_replaced_data(any_server)
    assert run(any_server, codes) == original


def test_an_error_value_is_refused_with_its_rows_if_the_enum_has_an_empty_member(
    engine: Engine, any_server: DatabaseAccess, catalogue: Catalogue
) -> None:
    run_all(
        any_server,
        "SET SESSION sql_mode = ''\n\nCREATE TABLE t (id INT PRIMARY KEY, e ENUM('a', ''),"
        " plain ENUM('a', 'b'))\n\nINSERT INTO t VALUES (1, 'x', 'x'), (2, '', 'a'), (3, 'y', 'y')",
    )
    with pytest.raises(BackupError, match=r"ENUM's error value.*: t\.e \(2 rows\)"):
        create_backup(engine, any_server, catalogue)
