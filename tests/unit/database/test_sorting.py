"""Each part of a dump goes where it belongs, and nothing is lost on the way."""

import io

import pytest

from cosmicdeploy.database.sorting import LARGEST_STATEMENT, Sorting, is_event

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
/*!50003 CREATE*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `a` SET @x=1*/;;
/*!50106 CREATE*/ /*!50117 DEFINER=`r`@`%`*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY DO
SELECT 1 */ ;;
DELIMITER ;
REPLACE INTO `a` VALUES (9,9);
ALTER DATABASE `platform` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;
-- Dump completed
"""


class Target:
    """Stands for the database: what went where."""

    def __init__(self, *, large: tuple[str, ...] = (), events: bool = False) -> None:
        self.ran: list[bytes] = []
        self.rows: list[bytes] = []
        self.settings: list[bytes] = []
        self.rest = io.BytesIO()
        self.sorting = Sorting(self.ran.append, self.open, self.rest, large=large, events=events)

    def open(self, settings: list[bytes]) -> "Target":
        self.settings = list(settings)
        return self

    def put(self, statement: bytes) -> None:
        self.rows.append(statement)

    def feed(self, dump: bytes, size: int = 64) -> "Target":
        for start in range(0, len(dump), size):
            self.sorting.feed(dump[start : start + size])
        self.sorting.end()
        return self


def test_tables_and_rows_go_straight_and_the_rest_waits() -> None:
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
    rest = target.rest.getvalue()
    assert b"TRIGGER" in rest and b"REPLACE" in rest and b"SET NAMES" in rest
    assert b"INSERT INTO" not in rest and b"LOCK" not in rest and b"EVENT" not in rest
    assert b"\nALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci ;\n" in rest


def test_events_only_where_they_are_wanted() -> None:
    assert b"EVENT `e`" in Target(events=True).feed(DUMP).rest.getvalue()


def test_a_large_table_gets_its_indexes_afterwards() -> None:
    target = Target(large=("a",)).feed(DUMP)
    assert b"KEY `x`" not in b"".join(target.ran)
    assert [later.keys for later in target.sorting.deferred] == [
        b"ALTER TABLE `a` ADD KEY `x` (`x`)"
    ]


def test_a_huge_statement_and_an_unfinished_one_are_left_to_the_client() -> None:
    huge = b"INSERT INTO `a` VALUES\n('" + b"x" * LARGEST_STATEMENT + b"'),\n(2,2);\n"
    target = Target().feed(huge + DUMP + b"INSERT INTO `a` VALUES\n(7,7)", 65536)
    assert len(target.rows) == 2
    rest = target.rest.getvalue()
    assert rest.startswith(huge) and rest.endswith(b"INSERT INTO `a` VALUES\n(7,7)")


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
def test_events_are_told_from_other_objects(statement: bytes, expected: bool) -> None:
    assert is_event(statement) is expected
