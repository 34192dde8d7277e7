"""The scan of a dump counts rows and reports unexpected statements, in chunks of any size."""

import pytest

from cosmicdeploy.database.dump_format.scan import DumpScan, without_schema_name

pytestmark = pytest.mark.unit

DUMP = rb"""/*M!999999\- enable the sandbox mode */
-- MariaDB dump 10.19
CREATE TABLE `sites` (
  `id` int COMMENT 'CREATE TABLE `no` ('
) ENGINE=InnoDB;
INSERT INTO `sites` VALUES
(1,'\nCREATE TABLE `data` (');
/*!50001 CREATE VIEW `v` AS SELECT 1 AS `id` */;
CREATE TABLE `odd ``name``` (
  `id` int
);
CREATE TABLE `empty` (
  `id` int
);
INSERT INTO `odd ``name``` VALUES
(1),
(2),
(3);
INSERT INTO `sites` (`id`, `na'me`) VALUES
(2,'\\'),
(3,'),\n(');
DELIMITER ;;
CREATE PROCEDURE `p`() BEGIN
INSERT INTO `sites` VALUES
(1,'not in the dump');
END;;
DELIMITER ;
-- Dump completed on 2026-02-02  1:02:03
"""
SIZES = [1, 2, 7, 64, 4096]


@pytest.mark.parametrize("size", SIZES)
def test_tables_and_rows_are_counted_across_chunk_borders(size: int) -> None:
    scan = scanned(DUMP, size)
    assert scan.rows == {"sites": 3, "odd `name`": 3, "empty": 0}
    assert scan.is_complete
    assert scan.schema_statements == set()


@pytest.mark.parametrize("size", SIZES)
def test_rows_on_one_line_are_counted(size: int) -> None:
    dump = rb"""CREATE TABLE `a` (
  `x` text
);
INSERT INTO `a` VALUES (1,'),(\'('),(2,'\\'),(3,_binary '\n');
INSERT INTO `a` (`x`, `y (`) VALUES (4,'it''s (');
"""
    assert scanned(dump, size).rows == {"a": 4}


@pytest.mark.parametrize("size", [65536, 65537])
@pytest.mark.parametrize("text", [rb"\'", rb"\\", rb"\\\'(", rb"''(", b"("])
def test_the_rows_of_a_line_with_large_strings_are_counted(text: bytes, size: int) -> None:
    row = b"(1,'" + text * (1_000_000 // len(text)) + b"')"
    dump = b"CREATE TABLE `a` (\n);\nINSERT INTO `a` VALUES " + b",".join([row] * 3) + b";\n"
    assert scanned(dump, size).rows == {"a": 3}


def test_a_line_of_many_megabytes_is_scanned_to_its_end() -> None:
    row = b"INSERT INTO `a` VALUES\n('" + b"x" * 5_000_000 + b"CREATE TABLE `b` (');\n"
    scan = scanned(b"CREATE TABLE `a` (\n);" + row + b"CREATE TABLE `c` (\n);\n", 65536)
    assert scan.rows == {"a": 1, "c": 0}


@pytest.mark.parametrize("cut", [30, 41, 42, 46])
def test_a_dump_cut_before_or_within_its_last_line_is_not_complete(cut: int) -> None:
    assert len(DUMP.splitlines(keepends=True)[-1]) == 41
    assert not scanned(DUMP[:-cut], 16).is_complete


def test_a_trailer_that_is_not_the_last_line_does_not_count() -> None:
    assert not scanned(DUMP + b"INSERT INTO `sites` VALUES (2);\n", 16).is_complete
    assert not scanned(b"", 16).is_complete


@pytest.mark.parametrize(
    "line",
    [
        b"ALTER DATABASE `platform` ENCRYPTION 'N';",
        b"ALTER DATABASE `platform` CHARACTER SET latin1; DROP DATABASE `platform`;",
        b"USE `platform`;",
        b"/*!40000 DROP DATABASE IF EXISTS `platform`*/;",
        b"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `platform`;",
    ],
)
def test_statements_that_name_a_schema_are_recorded(line: bytes) -> None:
    scan = scanned(b"-- x\n" + line + b"\n", 3)
    assert len(scan.schema_statements) == 1


def test_the_collation_that_a_dump_sets_for_a_routine_is_expected() -> None:
    """mariadb-dump writes it with the name of the dumped schema."""
    line = b"ALTER DATABASE `odd ``name` CHARACTER SET latin1 COLLATE latin1_swedish_ci"
    assert scanned(line + b" ;\n", 3).unexpected == set()
    assert (
        without_schema_name(line)
        == b"ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci"
    )
    assert without_schema_name(b"SELECT 1") == b"SELECT 1"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"REPLACE INTO `a` VALUES\n(1,'x');", "REPLACE INTO `a`"),
        (b"INSERT  IGNORE INTO `a` VALUES (1,'x');", "INSERT  IGNORE INTO `a`"),
        (b"insert into a (b) values (1,'x');", "insert into a "),
    ],
)
def test_rows_in_an_unknown_form_are_reported_without_their_data(line: bytes, shown: str) -> None:
    assert scanned(b"-- x\n" + line + b"\n", 3).unknown_rows == {shown}


def scanned(dump: bytes, size: int) -> DumpScan:
    """Scan a dump in chunks of this size."""
    scan = DumpScan()
    for start in range(0, len(dump), size):
        scan.feed(dump[start : start + size])
    return scan
