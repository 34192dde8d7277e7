"""A dump is split as the database's client splits it, whatever the size of the chunks."""

import pytest

from cosmicdeploy.database.dump_format.splitter import LONGEST_TEXT, Rows, Splitter, Text
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit

TRIGGER = rb"""CREATE TRIGGER `t` BEFORE INSERT ON `a` FOR EACH ROW BEGIN
  -- it's a comment; with a quote
  /* and ;; another's */ # ;; don't
  SET NEW.x = ';;', NEW.y = "it''s \" ;;", NEW.`;;` = 1;
INSERT INTO `a` VALUES
(1,'not a row of the dump');
END"""
DUMP = (
    rb"""/*M!999999\- enable the sandbox mode */
-- it's a dump; of
--
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `a` (
  `x` text DEFAULT ';' COMMENT 'it''s; \'INSERT INTO `b` VALUES\n(',
  `-- y` int
) ENGINE=InnoDB;
INSERT INTO `a` VALUES
('1;\n(2);\nDELIMITER ;;','\\'),
('CREATE TABLE `no` (;',''';--'),
(NULL,'');
INSERT INTO `odd ``;name``` (`a;`, `b (`) VALUES
(1,2);
DELIMITER ;;
"""
    + TRIGGER
    + rb""";;
DELIMITER ;
/*!50003 SET sql_mode = 'NO_BACKSLASH_ESCAPES' */ ;
SELECT 'C:\';
/*!50003 SET sql_mode = @saved_sql_mode */ ;
SELECT '\';';
-- Dump completed on 2026-02-02  1:02:03
"""
)


def split(dump: bytes, size: int) -> list[Text | Rows]:
    """Split a dump that arrives in chunks of this size; assert that no byte is lost."""
    splitter = Splitter()
    pieces = [
        piece
        for start in range(0, len(dump), size)
        for piece in splitter.feed(dump[start : start + size])
    ]
    assert b"".join(piece.data for piece in pieces) + splitter.rest() == dump
    return pieces


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_statements_end_at_their_delimiter(size: int) -> None:
    pieces = split(DUMP, size)
    statements = [p.statement for p in pieces if isinstance(p, Text) and p.statement]
    assert statements[0] == b"/*!40101 SET NAMES utf8mb4 */"
    assert statements[1].startswith(b"CREATE TABLE `a`") and statements[1].endswith(b"InnoDB")
    assert statements[2:] == [
        TRIGGER,
        b"/*!50003 SET sql_mode = 'NO_BACKSLASH_ESCAPES' */",
        rb"SELECT 'C:\'",
        b"/*!50003 SET sql_mode = @saved_sql_mode */",
        rb"SELECT '\';'",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_rows_are_distinguished_from_text_that_looks_like_rows(size: int) -> None:
    rows = [piece for piece in split(DUMP, size) if isinstance(piece, Rows)]
    assert {piece.table for piece in rows} == {"a", "odd `;name`"}
    inserts = b"".join(piece.data + b"|" * piece.last for piece in rows).split(b"|")
    assert inserts[0].startswith(b"INSERT INTO `a` VALUES\n('1;")
    assert inserts[0].endswith(b"(NULL,'');\n")
    assert inserts[1:] == [b"INSERT INTO `odd ``;name``` (`a;`, `b (`) VALUES\n(1,2);\n", b""]


def test_a_row_of_any_size_arrives_in_pieces() -> None:
    splitter = Splitter()
    list(splitter.feed(b"INSERT INTO `a` VALUES\n('"))
    for _ in range(10):
        [piece] = splitter.feed(b"x" * 1_000_000)
        assert isinstance(piece, Rows) and not piece.last
        assert len(splitter.rest()) == 2
    [piece] = splitter.feed(b"');\n")
    assert isinstance(piece, Rows) and piece.last


def test_a_statement_that_never_ends_does_not_fill_the_memory() -> None:
    splitter = Splitter()
    list(splitter.feed(b"REPLACE INTO `a` VALUES ('"))
    with pytest.raises(BackupError, match="never ends") as caught:
        list(splitter.feed(b"secret" * LONGEST_TEXT))
    assert caught.value.details == ("REPLACE INTO `a` VALUES",)
