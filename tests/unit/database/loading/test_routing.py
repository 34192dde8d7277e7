"""The router sends each statement of a dump to its target and loses none."""

import pytest

from cosmicdeploy.database.loading.routing import LARGEST_QUEUED, Router, is_event
from cosmicdeploy.errors import BackupError

pytestmark = pytest.mark.unit

DUMP = b"""-- a dump
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
DROP TABLE IF EXISTS `a`;
CREATE TABLE `a` (
  `id` int NOT NULL,
  `x` int,
  PRIMARY KEY (`id`),
  KEY `x` (`x`)
) ENGINE=InnoDB;
LOCK TABLES `a` WRITE;
/*!40000 ALTER TABLE `a` DISABLE KEYS */;
INSERT INTO `a` VALUES
(1,1),
(2,2);
INSERT INTO `a` VALUES
(3,3);
/*!40000 ALTER TABLE `a` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET sql_mode = '' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `a` FOR EACH ROW SET @x=1*/;;
/*!50106 CREATE*/ /*!50117 DEFINER=`r`@`%`*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY DO
SELECT 1 */ ;;
DELIMITER ;
ALTER DATABASE `platform` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;
-- Dump completed
"""


class Deferred:
    """Collects the statements that run after the rows are loaded."""

    def __init__(self, statements: list[bytes]) -> None:
        self.put = statements.append


class Target:
    """Stands for the database: records where the router sent each statement."""

    def __init__(self, *, large: tuple[str, ...] = (), limit: int = 1 << 30) -> None:
        self.ran: list[bytes | bytearray] = []
        self.rows: list[bytes] = []
        self.settings: list[bytes] = []
        self.rest: list[bytes] = []
        self.router = Router(
            self.ran.append, self.open, Deferred(self.rest), large=large, limit=limit
        )

    def open(self, settings: list[bytes]) -> "Target":
        self.settings = list(settings)
        return self

    def put(self, statement: bytes) -> None:
        self.rows.append(statement)

    def feed(self, dump: bytes, size: int = 64) -> "Target":
        for start in range(0, len(dump), size):
            self.router.feed(dump[start : start + size])
        self.router.end()
        return self


def test_tables_and_rows_are_loaded_directly_and_the_rest_is_deferred() -> None:
    target = Target().feed(DUMP)
    assert target.rows == [
        b"INSERT INTO `a` VALUES\n(1,1),\n(2,2)",
        b"INSERT INTO `a` VALUES\n(3,3)",
    ]
    assert target.settings == [
        b"/*!40101 SET NAMES utf8mb4 */",
        b"/*!40103 SET TIME_ZONE='+00:00' */",
    ]
    kinds = [statement.split()[0] for statement in target.ran]
    assert kinds == [b"/*!40101", b"/*!40103", b"DROP", b"CREATE", b"/*!50003"]
    rest = b"\n".join(target.rest)
    assert b"TRIGGER" in rest and b"SET NAMES" in rest
    assert b"INSERT INTO" not in rest and b"LOCK" not in rest and b"EVENT" not in rest
    assert b"ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci" in target.rest


def test_the_indexes_of_a_large_table_are_deferred() -> None:
    target = Target(large=("a",)).feed(DUMP)
    assert b"KEY `x`" not in b"".join(target.ran)
    assert [each.keys for each in target.router.deferred] == [b"ALTER TABLE `a` ADD KEY `x` (`x`)"]


def test_a_huge_insert_is_run_by_itself() -> None:
    huge = b"INSERT INTO `a` VALUES\n('" + b"x" * LARGEST_QUEUED + b"'),\n(2,2)"
    target = Target().feed(DUMP + huge + b");\n", 65536)
    assert len(target.rows) == 2 and b"INSERT INTO" not in b"\n".join(target.rest)
    assert target.ran[-1] == huge + b")"


def test_a_statement_too_large_for_the_server_does_not_fill_the_memory() -> None:
    target = Target(limit=1000)
    target.router.feed(b"INSERT INTO `a` VALUES\n('")
    for _ in range(10):
        target.router.feed(b"x" * 1000)
        assert len(target.router._insert) <= 1000
    with pytest.raises(BackupError, match="Table a has a row that takes"):
        target.router.feed(b"');\n")


def test_an_object_too_large_for_the_server_is_named() -> None:
    target = Target(limit=100)
    body = b"DELIMITER ;;\nCREATE TRIGGER `t` BEFORE INSERT ON `a` FOR EACH ROW SET @x = '%s' ;;\n"
    with pytest.raises(BackupError, match=r"has a statement \(CREATE TRIGGER `t`"):
        target.router.feed(body % (b"secret" * 100))


def test_rows_are_loaded_with_dates_that_are_in_no_calendar() -> None:
    """Under the SQL mode that the dump tool sets, the server would store 0000-00-00 instead."""
    header = b"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
    target = Target().feed(header + DUMP)
    wanted = b"SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'"
    assert target.ran[1] == target.router.settings[1] == wanted


@pytest.mark.parametrize(
    "added",
    [
        b"DROP TABLE `live`.`a`;\n",
        b"DROP TABLE `a`\n",
        b"INSERT INTO `a` VALUES\n(7,7)",
        b"\\! sh\n",
    ],
)
def test_a_statement_that_no_dump_tool_writes_is_never_run(added: bytes) -> None:
    target = Target()
    with pytest.raises(BackupError, match="did not load: no dump tool writes this"):
        target.feed(DUMP + added)
    assert not any(added[:14] in ran for ran in [*target.ran, *target.rows[2:]])


def test_text_after_a_statement_stays_part_of_it() -> None:
    """The server refuses a text with two statements, so the second statement never runs."""
    rows = b"INSERT INTO `a` VALUES\n(1); DROP TABLE `live`.`a`; INSERT INTO `a` VALUES\n(2)"
    body = b"CREATE PROCEDURE `p`() SELECT 1\nDELIMITER //\n//\nDROP TABLE `live`.`a`"
    target = Target().feed(rows + b";\nDELIMITER ;;\n" + body + b";;\nDELIMITER ;\n")
    assert target.rows == [rows]
    assert target.rest == [body]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (b"/*!50106 DROP EVENT IF EXISTS `e` */", True),
        (b"CREATE DEFINER='a b'@'%' EVENT `e` ON SCHEDULE EVERY 1 DAY DO SELECT 1", True),
        (b"CREATE OR REPLACE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", True),
        (b"CREATE DEFINER=`EVENT `@`%` PROCEDURE `EVENT`() SELECT 1", False),
        (b"/*!50003 CREATE*/ /*!50003 TRIGGER `EVENT` BEFORE INSERT ON `a` SET @x=1 */", False),
    ],
)
def test_events_are_distinguished_from_other_objects(statement: bytes, expected: bool) -> None:
    assert is_event(statement) is expected
