"""Dump tools and compressors that lie or lack: a backup is good only where it holds all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.verify import (
    verify_restore,
)
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.dumps import fake_tool

pytestmark = pytest.mark.stack


@pytest.fixture
def access(two_tables: DatabaseAccess) -> DatabaseAccess:
    return two_tables


@contextmanager
def without_zstd(engine: Engine, access: DatabaseAccess) -> Iterator[None]:
    """A container that cannot compress."""
    there, hidden = "/usr/bin/zstd", "/usr/bin/hidden"
    assert engine.exec(access.container_id, ["mv", there, hidden]).exit_code == 0
    try:
        yield
    finally:
        engine.exec(access.container_id, ["mv", hidden, there])


@pytest.mark.fault("dump tool that lies")
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ('$REAL "$@"; exit 3\n', "exit code 3"),
        ("$REAL \"$@\" | sed '$d'\n", "closing line"),
        ('$REAL "$@" --ignore-table=platform.b\n', "missing in the dump: b"),
        (
            "$REAL \"$@\" | sed 's/^INSERT INTO `a`/INSERT IGNORE INTO `a`/'\n",
            "INSERT IGNORE INTO `a`",
        ),
        ('$REAL "$@" --databases\n', "CREATE DATABASE"),
        ('$REAL "$@"; echo "mysqldump: Error 2013: gone" >&2\n', "reported an error"),
        ('$REAL "$@" --where=id=1\n', "Rows are missing in the dump: a (1 of 2)"),
    ],
)
def test_a_dump_with_any_flaw_is_not_good(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, script: str, why: str
) -> None:
    with fake_tool(engine, access, script), pytest.raises(BackupError) as caught:
        create_backup(engine, access, catalogue)
    assert why in caught.value.what
    (entry,) = catalogue.list()
    assert entry.manifest.status == "failed" and why in entry.manifest.reason


# A writer: a row is gone while the dump is made, the first time.
FLICKERING = """
sql() { test -e /tmp/seen || mariadb --no-defaults -uroot -e "$1" platform; }
sql 'DELETE FROM a WHERE id = 2'
$REAL "$@" || exit
sql "INSERT INTO a VALUES (2, 'two')"
touch /tmp/seen
"""


def test_a_row_that_was_absent_for_a_moment_is_not_reported_missing(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    with fake_tool(engine, access, FLICKERING):
        backup = create_backup(engine, access, catalogue)
    assert engine.exec(access.container_id, ["rm", "/tmp/seen"]).exit_code == 0
    assert backup.is_good
    assert backup.manifest.objects.tables["a"].before == 1


@pytest.mark.fault("compressor that lies")
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ('$REAL "$@"; exit 3\n', "exit code 3"),
        ('$REAL "$@" | head -c 200\n', "is cut short, or has data after its end"),
        ('$REAL "$@" | head -c -4\n', "is cut short, or has data after its end"),
        ("exec cat\n", "cannot be decompressed"),
        ('$REAL "$@"; $REAL "$@" </dev/null\n', "is cut short, or has data after its end"),
    ],
)
def test_a_compressed_dump_with_any_flaw_is_not_good(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, script: str, why: str
) -> None:
    with fake_tool(engine, access, script, "zstd"), pytest.raises(BackupError) as caught:
        create_backup(engine, access, catalogue)
    assert why in caught.value.what
    (entry,) = catalogue.list()
    assert entry.manifest.status == "failed" and why in entry.manifest.reason


def test_a_container_that_cannot_compress_yields_the_same_backup(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    there = create_backup(engine, access, catalogue)
    with without_zstd(engine, access):
        here = create_backup(engine, access, catalogue)
        with (
            fake_tool(engine, access, '$REAL "$@"; exit 3\n'),
            pytest.raises(BackupError, match="exit code 3"),
        ):
            create_backup(engine, access, catalogue)
    assert here.manifest.objects == there.manifest.objects
    assert verify_restore(engine, access, here).reasons == ()
    assert verify_restore(engine, access, there).reasons == ()


@pytest.mark.fault("option files in the database's container")
def test_option_files_of_the_container_change_nothing(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    options = (
        "[client]\nsocket=/nowhere\n[mysqldump]\ninsert-ignore\nno-data\nwhere=id=1\nno-such-option"
        "\n[mysql]\ninit-command=DROP TABLE a\n"
    )
    write = ["sh", "-c", 'printf %s "$1" >/root/.my.cnf', "sh", options]
    assert engine.exec(access.container_id, write).exit_code == 0
    try:
        backup = create_backup(engine, access, catalogue)
        assert verify_restore(engine, access, backup).reasons == ()
    finally:
        engine.exec(access.container_id, ["rm", "/root/.my.cnf"])
    assert {name: rows.before for name, rows in backup.manifest.objects.tables.items()} == {
        "a": 2,
        "b": 1,
    }
