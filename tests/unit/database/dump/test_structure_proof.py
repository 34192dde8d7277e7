"""The statements of a dump are divided into blocks, each of which creates one table."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

import pytest

from cosmicdeploy.database.dump import structure_proof
from cosmicdeploy.database.dump.structure_proof import StructureProver
from cosmicdeploy.database.dump_format.scan import DumpScan
from cosmicdeploy.database.loading import table_blocks
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.rebuilding.structure import Structure
from cosmicdeploy.errors import BackupError
from tests.unit.database.fake_server import ACCESS

pytestmark = pytest.mark.unit

DUMP = b"""/*M!999999\\- enable the sandbox mode */
-- MariaDB dump
/*!40101 SET NAMES utf8mb4 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
DROP TABLE IF EXISTS `a`;
/*!40101 SET @saved_cs_client = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `a` (
  `id` int(11)
) ENGINE=InnoDB;
/*!40101 SET character_set_client = @saved_cs_client */;
LOCK TABLES `a` WRITE;
INSERT INTO `a` VALUES
(1),
(2);
UNLOCK TABLES;
/*!50003 SET @saved_sql_mode = @@sql_mode */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`%`*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW
SET @x = 1 */;;
DELIMITER ;
/*!50003 SET sql_mode = @saved_sql_mode */ ;
DROP TABLE IF EXISTS `b`;
CREATE TABLE `b` (
  `id` int(11)
) ENGINE=InnoDB;
/*!50001 CREATE VIEW `v` AS SELECT 1 AS `id`*/;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
-- Dump completed
"""


class Connections:
    """Stands for the connections to the server: records their settings and their blocks."""

    def __init__(self, *arguments: Any, on_refusal: Any) -> None:
        self.settings, self.count, self.on_refusal = arguments[2], arguments[3], on_refusal
        self.blocks: list[list[bytes]] = []

    def put(self, *block: bytes) -> None:
        self.blocks.append([statement.split(b"(")[0].strip() for statement in block])

    def close(self, **_: bool) -> None:
        pass


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Connections]:
    opened: list[Connections] = []

    def create(*arguments: Any, on_refusal: Any) -> Connections:
        opened.append(Connections(*arguments, on_refusal=on_refusal))
        return opened[-1]

    monkeypatch.setattr(structure_proof, "_TableConnections", create)
    return opened


def prover(begin: threading.Event | None = None) -> StructureProver:
    expected = Structure(tables={}, definitions=Definitions(collation="c"), digest="d")
    if begin is None:
        begin = threading.Event()
        begin.set()
    return StructureProver(ACCESS, "live__proof", expected, ExitStack(), 1 << 20, begin)


def test_each_block_creates_a_table_under_its_own_settings(opened: list[Connections]) -> None:
    proving = prover()
    scan = DumpScan(proving.take)
    for start in range(0, len(DUMP), 50):
        scan.feed(DUMP[start : start + 50])
    proving._blocks.end()
    [connections] = opened
    assert [b"NAMES" in each or b"FOREIGN_KEY" in each for each in connections.settings] == [
        True,
        True,
    ]
    first, second = connections.blocks
    assert first == [
        b"DROP TABLE IF EXISTS `a`",
        b"/*!40101 SET @saved_cs_client = @@character_set_client */",
        b"/*!40101 SET character_set_client = utf8mb4 */",
        b"CREATE TABLE `a`",
        b"/*!40101 SET character_set_client = @saved_cs_client */",
        b"/*!50003 SET @saved_sql_mode = @@sql_mode */",
        b"/*!50003 SET sql_mode = @saved_sql_mode */",
    ]
    assert second == [
        b"DROP TABLE IF EXISTS `b`",
        b"CREATE TABLE `b`",
        b"/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */",
    ]


def test_a_dump_without_tables_opens_no_connection(opened: list[Connections]) -> None:
    proving = prover()
    proving.take(b"/*!40101 SET NAMES utf8mb4 */")
    proving._blocks.end()
    assert opened == []


def test_a_refused_setting_is_an_error_and_a_refused_table_is_noted(
    opened: list[Connections],
) -> None:
    proving = prover()
    for statement in (b"SET NAMES utf8mb4", b"DROP TABLE IF EXISTS `a`"):
        proving.take(statement)
    refusal = BackupError("refused", details=["ERROR 1118: Row size too large"])
    opened[0].on_refusal(b"CREATE TABLE `a` (\n  `id` int)", refusal)
    assert proving._faults == {"table a": "ERROR 1118: Row size too large"}
    with pytest.raises(BackupError):
        opened[0].on_refusal(b"SET NAMES utf8mb4", refusal)


def test_refused_tables_are_created_once_more_one_by_one(opened: list[Connections]) -> None:
    proving = prover()
    proving.take(b"SET NAMES utf8mb4")
    for name in (b"a", b"b", b"c"):
        proving.take(b"DROP TABLE IF EXISTS `%s`" % name)
        proving.take(b"CREATE TABLE `%s` (\n  `id` int\n)" % name)
    proving._blocks.end()
    refusal = BackupError("refused", details=["ERROR 1005: errno: 150"])
    for name in (b"c", b"b"):
        opened[0].on_refusal(b"CREATE TABLE `%s` (\n  `id` int\n)" % name, refusal)
    proving._create_again()
    assert proving._faults == {}
    assert [(len(each.blocks), each.count) for each in opened] == [(3, 4), (2, 1)]
    assert opened[1].settings == [b"SET NAMES utf8mb4"]
    assert [block[-1] for block in opened[1].blocks] == [b"CREATE TABLE `b`", b"CREATE TABLE `c`"]


@pytest.mark.parametrize("most", [2, 1000])
def test_no_table_is_created_while_a_commit_could_spoil_the_snapshot(
    opened: list[Connections], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """A table is created only once the rows are counted, or once too many tables wait."""
    monkeypatch.setattr(table_blocks, "MOST_WAITING", most)
    begin = threading.Event()
    proving = prover(begin)
    for number in range(4):
        proving.take(b"DROP TABLE IF EXISTS `t%d`" % number)
    assert bool(opened) == (most == 2)
    begin.set()
    proving.take(b"DROP TABLE IF EXISTS `t4`")
    assert len(opened[0].blocks) == 4
    proving._blocks.end()
    assert len(opened) == 1 and len(opened[0].blocks) == 5
