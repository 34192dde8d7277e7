"""Dumps with text that no dump tool wrote are refused."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest
import zstandard

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.on_disk.manifest import Content, Manifest, Objects, TableRows
from cosmicdeploy.database.backups.on_disk.state import State
from cosmicdeploy.database.dump_format.opening import opening_fault
from cosmicdeploy.database.dump_format.scan import DumpScan
from cosmicdeploy.database.restore.verify import verify_backup
from cosmicdeploy.database.schema.definitions import Definition, Kind
from cosmicdeploy.database.schema.schemas import set_default_collation
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit

SANDBOX = b"/*M!999999\\- enable the sandbox mode */ \n"
HEADER = b"-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)\n--\n"
BODY = b"CREATE TABLE `t` (\n  `a` int\n);\n"
END = b"-- Dump completed on 2026-02-02  1:02:03\n"
NO_SANDBOX = "lacks the sandbox line"


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ("MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for Linux", True),
        ("MariaDB dump 10.19-11.8.9-MariaDB, for Linux", True),
        ("MariaDB dump 10.19-12.0.1-MariaDB, for Linux", True),
        ("MariaDB dump 10.19-11.4.2-MariaDB, for Linux", True),
        ("MariaDB dump 10.19-11.4.1-MariaDB, for Linux", False),
        ("MariaDB dump 10.19  Distrib 10.11.7-MariaDB, for Linux", False),
        ("MariaDB dump 10.19  Distrib 10.5.25-MariaDB, for Linux", True),
        ("MySQL dump 10.17  Distrib 10.3.39-MariaDB, for Linux", False),
        ("MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)", False),
        ("MySQL dump 10.13  Distrib 9.7.4-2, for Linux (x86_64)", False),
    ],
)
def test_a_missing_sandbox_line_is_noticed_for_tools_that_write_it(line: str, lacks: bool) -> None:
    header = f"-- {line}\n".encode()
    assert bool(opening_fault(header)) is lacks
    assert not opening_fault(SANDBOX + header)


@pytest.mark.parametrize("before", [b"\\! sh\n", b"SELECT 1;\n", b" ", b"", b"DELIMITER ;;\n"])
def test_text_before_the_header_is_noticed(before: bytes) -> None:
    whole = SANDBOX + HEADER
    fault = opening_fault(before + whole if before else BODY)
    assert fault == "the dump does not begin with the header of a dump tool"


COMMANDS = [
    b"\\! touch /tmp/x\n",
    b"system touch /tmp/x\n",
    b"source /tmp/x\n",
    b"\\. /tmp/x\n",
    b"tee /tmp/x\n",
    b"\\T /tmp/x\n",
    b"pager sh\n",
    b"\\P sh\n",
    b"edit\n",
    b"\\r mysql elsewhere.example\n",
    b"connect mysql elsewhere.example\n",
    b"delimiter ;;\nDROP TABLE x;;\ndelimiter ;\n",
    b"/*!99999 \\! sh\n*/;\n",
]
STATEMENTS = [
    b"LOAD DATA LOCAL INFILE '/root/.my.cnf' INTO TABLE t;\n",
    b"SET GLOBAL general_log_file = '/tmp/x';\n",
    b"/*!40101 SET GLOBAL init_connect = 'x' */;\n",
    b"SET @@global.max_connections = 1;\n",
    b"SET PASSWORD = PASSWORD('x');\n",
    b"GRANT ALL ON *.* TO x;\n",
    b"CREATE USER x;\n",
    b"INSTALL SONAME 'x';\n",
    b"SELECT 'x' INTO OUTFILE '/tmp/x';\n",
    b"PREPARE s FROM 'DROP TABLE x';\n",
    b"CALL p();\n",
    b"DELETE FROM `t`;\n",
    b"USE `live`;\n",
    b"DROP DATABASE `live`;\n",
]


@pytest.mark.parametrize("added", [*COMMANDS, *STATEMENTS])
def test_statements_that_no_dump_tool_writes_are_reported(tmp_path: Path, added: bytes) -> None:
    verified = verify_backup(backup(tmp_path, SANDBOX + HEADER + added + BODY + END))
    reason = verified.reasons[-1]
    word = added.split()[0].decode().strip("/*!0123456789 ").upper()
    assert reason.startswith("the dump has statements that no dump tool writes: ")
    assert word in reason.upper()


def test_a_statement_without_an_end_is_reported(tmp_path: Path) -> None:
    """The database's client runs an unfinished statement at the end of its input."""
    dump = SANDBOX + HEADER + BODY + b"DROP TABLE `live`.`t`\n" + END
    [reason] = verify_backup(backup(tmp_path, dump)).reasons
    assert "DROP TABLE" in reason


def test_a_copy_without_the_sandbox_line_is_refused(tmp_path: Path) -> None:
    [reason] = verify_backup(backup(tmp_path, HEADER + BODY + END)).reasons
    assert NO_SANDBOX in reason
    assert verify_backup(backup(tmp_path, SANDBOX + HEADER + BODY + END)).passed


EVENT = "CREATE DEFINER=`r`@`%` EVENT `e` ON SCHEDULE EVERY 1 DAY DO DELETE FROM a.b"
RECORDED: list[tuple[Kind, str]] = [
    ("EVENT", EVENT),
    ("FUNCTION", "CREATE DEFINER=`r`@`%` FUNCTION `e`(n INT) RETURNS int(11) RETURN n"),
    ("FUNCTION", "CREATE DEFINER=`r` AGGREGATE FUNCTION `e`(n INT) RETURNS int(11) RETURN n"),
    ("PROCEDURE", "CREATE DEFINER=`r`@`%` PROCEDURE `e`()\r\nBEGIN\r\nEND"),
    ("PACKAGE", 'CREATE DEFINER="r"@"%" PACKAGE "e" AS FUNCTION f RETURN INT; END'),
    ("PACKAGE BODY", 'CREATE DEFINER="r"@"%" PACKAGE BODY "e" AS x INT; END'),
    ("VIEW", "CREATE ALGORITHM=MERGE DEFINER=`r`@`%` SQL SECURITY INVOKER VIEW `e` AS select 1"),
    ("TRIGGER", "CREATE DEFINER=`r`@`%` trigger e before insert on t for each row SET @x = 1"),
]


@pytest.mark.parametrize(("kind", "statement"), RECORDED)
def test_an_object_in_a_manifest_is_recognized(tmp_path: Path, kind: Kind, statement: str) -> None:
    assert verify_backup(with_object(tmp_path, kind, statement)).passed


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("EVENT", EVENT.replace("`e`", "`live`.`e`")),
        ("EVENT", "DROP TABLE `live`.`t`"),
        ("EVENT", "DROP EVENT IF EXISTS `e`"),
        *(("EVENT", statement) for kind, statement in RECORDED if kind != "EVENT"),
        *((kind, EVENT) for kind, _ in RECORDED if kind != "EVENT"),
        *((kind, text.replace("`e`", "`live`.`e`")) for kind, text in RECORDED if "`e`" in text),
        ("TRIGGER", RECORDED[-1][1].replace("on t", "on live.t")),
        ("PACKAGE", RECORDED[5][1]),
    ],
)
def test_an_object_of_a_manifest_must_create_its_kind_and_name_no_schema(
    tmp_path: Path, kind: Kind, statement: str
) -> None:
    [reason] = verify_backup(with_object(tmp_path, kind, statement)).reasons
    assert reason == (
        f"objects of the manifest have other texts than a server writes: {kind.lower()} e"
    )


def with_object(tmp_path: Path, kind: Kind, statement: str) -> Backup:
    recorded = Definition(
        kind=kind, name="e", statement=statement, charset="utf8mb4", collation="utf8mb4_bin"
    )
    forged = backup(tmp_path, SANDBOX + HEADER + BODY + END)
    field = "event_definitions" if kind == "EVENT" else "object_definitions"
    return replace(forged, manifest=forged.manifest.updated(**{field: (recorded,)}))


def test_the_reason_does_not_show_a_password() -> None:
    scan = DumpScan()
    scan.feed(b"GRANT USAGE ON *.* TO x IDENTIFIED BY 's3cret';\n")
    assert scan.unexpected == {"GRANT USAGE ON *.* TO x IDENTIFIED BY"}


def backup(folder: Path, dump: bytes) -> Backup:
    """Return a backup with a matching manifest; the owner of a destination could forge both."""
    packed = zstandard.ZstdCompressor().compress(dump)
    data = folder / "20260202-010203-abcd.sql.zst"
    data.write_bytes(packed)
    manifest = Manifest(
        id="20260202-010203-abcd",
        status="good",
        created_at=datetime.now(UTC),
        database="platform",
        server_vendor="MariaDB",
        server_version="10.11.19",
        objects=Objects(tables={"t": TableRows(before=0, after=0)}),
        raw=content(dump),
        compressed=content(packed),
    )
    return Backup(manifest=manifest, data=data, state=State())


def content(data: bytes) -> Content:
    return Content(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def test_a_forged_collation_is_not_run() -> None:
    session = Mock(spec=Session)
    with pytest.raises(BackupError, match="is not the name of a collation"):
        set_default_collation(session, "s", "utf8mb4_bin, READ ONLY = 1")
    session.execute.assert_not_called()
