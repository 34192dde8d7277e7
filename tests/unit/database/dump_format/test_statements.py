"""The allow-list accepts the statements that dump tools write, and no similar ones."""

import pytest

from cosmicdeploy.database.dump_format.scan import DumpScan

pytestmark = pytest.mark.unit

LIVE = b"`shop`.`orders`"
FORGED = [
    b"DROP TABLE IF EXISTS " + LIVE,
    b"DROP TABLE IF EXISTS `a`, " + LIVE,
    b"DROP TABLE IF EXISTS orders",
    b"DROP TABLE IF EXISTS `shop` . `orders`",
    b"DROP TABLE IF EXISTS `shop`/**/.`orders`",
    b"DROP TABLE /* a */ IF EXISTS " + LIVE,
    b"/*!50001 DROP VIEW IF EXISTS `shop`.`v`*/",
    b"/*!50003 DROP PROCEDURE IF EXISTS `shop`.`p` */",
    b"/*!50106 DROP EVENT IF EXISTS `shop`.`e` */",
    b"DROP SEQUENCE IF EXISTS `shop`.`s`",
    b"DROP INDEX a ON " + LIVE,
    b"ALTER TABLE " + LIVE + b" DROP COLUMN x",
    b"ALTER TABLE `a` DROP COLUMN x",
    b"/*!40000 ALTER TABLE " + LIVE + b" DISABLE KEYS */",
    b"/*!99999 ALTER TABLE `a*/ DROP TABLE shop.orders -- ` DISABLE KEYS */",
    b"CREATE OR REPLACE TABLE " + LIVE + b" (\n  `a` int\n)",
    b"CREATE TABLE " + LIVE + b" (\n  `a` int\n)",
    b"CREATE TABLE `a` (\n  `a` int\n) SELECT * FROM " + LIVE,
    b"CREATE TABLE `a` (\n  `a` int COMMENT 'x'\n) ENGINE=MRG_MyISAM UNION=(" + LIVE + b")",
    b"CREATE TABLE `a` (\n  `a` int\n) ENGINE=FEDERATED CONNECTION='mysql://u:s3cret@h/d/t'",
    b"CREATE TABLE `a` (\n  `a` int\n) ENGINE=CONNECT FILE_NAME='/etc/x'",
    b"CREATE TABLE `a` (\n  `a` int COMMENT '\\' /*'\n) /*' */ SELECT * FROM " + LIVE,
    b'CREATE TABLE `a` (\n  `a` int COMMENT "\'"\n) UNION=(' + LIVE + b') COMMENT="\'"',
    b"CREATE TABLE `a` (\n  `a` int\n) /*!99999 ' */ UNION=(" + LIVE + b") /*!99999 ' */",
    b"CREATE TABLE `a` (\n  `a` int\n) /*!40000 UNION=(" + LIVE + b") */",
    b"CREATE TABLE `a` (\n  `a` int,\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES "
    + LIVE
    + b" (`a`)\n)",
    b"CREATE TEMPORARY TABLE `a` (\n  `a` int\n)",
    b"CREATE DATABASE x",
    b"CREATE OR REPLACE DATABASE x",
    b"CREATE OR REPLACE USER 'x'@'%'",
    b"CREATE INDEX a ON " + LIVE + b" (a)",
    b"CREATE FUNCTION `f` RETURNS STRING SONAME 'x.so'",
    b"CREATE SEQUENCE `shop`.`s` start with 1",
    b"CREATE VIEW `shop`.`v` AS SELECT 1",
    b"CREATE OR REPLACE VIEW `v` AS SELECT 1",
    b"/*!50001 CREATE VIEW `shop`.`v` AS SELECT 1 AS `a` */",
    b"/*!50001 CREATE ALGORITHM=MERGE */\n/*!50013 DEFINER=`r`@`%` SQL SECURITY DEFINER */\n"
    b"/*!50001 VIEW `shop`.`v` AS select 1 */",
    b"CREATE DEFINER=`r`@`%` PROCEDURE `shop`.`p`() SELECT 1",
    b"CREATE DEFINER=`r`@`%` PROCEDURE `shop` /* x */ .`p`() SELECT 1",
    b"CREATE DEFINER=`r`@`%` FUNCTION `shop`.`f`() RETURNS int RETURN 1",
    b"/*!50106 CREATE*/ /*!50117 DEFINER=`r`@`%`*/ /*!50106 EVENT `shop`.`e` ON SCHEDULE"
    b" EVERY 1 DAY"
    b" DO SELECT 1 */",
    b"/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`%`*/ /*!50003 TRIGGER `shop`.`t` BEFORE INSERT ON "
    + LIVE
    + b" FOR EACH ROW SET @x=1 */",
    b"/*!50003 CREATE*/ /*!50003 TRIGGER t /* FOR EACH ROW */ BEFORE INSERT ON shop.orders"
    b" FOR EACH ROW SET @x=1 */",
    b"/*!50003 CREATE*/ /*!50003 TRIGGER t BEFORE INSERT ON shop /* */ . orders /* */"
    b" FOR EACH ROW SET @x=1 */",
    b"/*!50003 CREATE*/ /*!50003 TRIGGER t BEFORE INSERT ON shop /* . */ . orders"
    b" FOR EACH ROW SET @x=1 */",
    b"/*!99999 CREATE*/ /*!99999 TRIGGER t BEFORE INSERT ON a FOR EACH ROW */ DROP TABLE " + LIVE,
    b"/*!99999 CREATE TABLE `a` (\n  `a` int\n) */ DROP TABLE " + LIVE,
    b"SET STATEMENT max_statement_time=9 FOR DELETE FROM " + LIVE,
    b"SET @a=1, GLOBAL general_log=1",
    b"SET @OLD_SQL_MODE=@@SQL_MODE, GLOBAL general_log=1",
    b"SET @OLD_SQL_MODE=@@SQL_MODE, @@GLOBAL.general_log=1",
    b"SET @saved_x = (SELECT 1 FROM shop.orders)",
    b"SET SQL_MODE = (SELECT shop.f())",
    b"SET SESSION SQL_LOG_BIN=0",
    b"SET SQL_LOG_BIN=0",
    b"SET PASSWORD = '*1'",
    b"SET ROLE x",
    b"SET CHARACTER SET utf8mb4, GLOBAL general_log=1",
    b"/*!99999 SET SQL_MODE='*/ DROP TABLE shop.orders -- ' */",
    b"SET @rocksdb_get_is_supported = 'DROP TABLE shop.orders'",
    b"SET @rocksdb_get_is_supported = IF (1, 'DROP TABLE shop.orders', 'SELECT 0')",
    b"PREPARE s FROM 'DROP TABLE shop.orders'",
    b"PREPARE s FROM @a",
    b"EXECUTE p",
    b"EXECUTE IMMEDIATE 'DROP TABLE shop.orders'",
    b"SELECT COUNT(*) INTO @rocksdb_x FROM shop.orders FOR UPDATE",
    b"SELECT 'x' INTO OUTFILE '/tmp/x'",
    b"DO SETVAL(`shop`.`s`, 1, 0)",
    b"DO SLEEP(1000)",
    b"LOCK TABLES " + LIVE + b" WRITE",
    b"LOCK TABLES `a` WRITE, " + LIVE + b" WRITE",
    b"ANALYZE TABLE " + LIVE,
    b"INSERT INTO " + LIVE + b" VALUES (1)",
    b"INSERT INTO `a` SELECT * FROM " + LIVE,
    b"INSERT INTO `a` (`x`) SELECT 1; DELETE FROM shop.orders; INSERT INTO `a` (`x`) VALUES\n(1)",
    b"REPLACE INTO " + LIVE + b" VALUES (1)",
    b"UPDATE " + LIVE + b" SET a = 1",
    b"DELETE FROM " + LIVE,
    b"TRUNCATE TABLE " + LIVE,
    b"RENAME TABLE " + LIVE + b" TO `a`",
    b"GRANT ALL ON *.* TO x",
    b"CALL shop.p()",
    b"HANDLER " + LIVE + b" OPEN",
    b"LOAD DATA INFILE '/tmp/x' INTO TABLE " + LIVE,
    b"BEGIN NOT ATOMIC DELETE FROM shop.orders; END",
    b"WITH a AS (SELECT 1) DELETE FROM shop.orders",
    b"/*!50000 DROP TABLE " + LIVE + b" */",
    b"/*M!100000 DROP TABLE " + LIVE + b" */",
    b"/*! DROP TABLE " + LIVE + b" */",
    b"/* x */ DROP TABLE " + LIVE,
    b"(DELETE FROM shop.orders)",
]


@pytest.mark.parametrize("statement", FORGED)
def test_a_statement_that_no_dump_tool_writes_is_reported(statement: bytes) -> None:
    words = unexpected(statement + b";\n")
    assert words and all(words) and "s3cret" not in str(words)


@pytest.mark.parametrize("statement", FORGED)
def test_a_changed_delimiter_hides_no_statement(statement: bytes) -> None:
    assert unexpected(b"DELIMITER ;;\n" + statement + b";;\nDELIMITER ;\n")


WRITTEN = [
    b"SET NAMES utf8mb4",
    b"/*!40101 SET NAMES utf8mb4 */",
    b"/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
    b"/*!40103 SET TIME_ZONE='+00:00' */",
    b"/*!50106 SET @save_time_zone= @@TIME_ZONE */",
    b"/*!50003 SET time_zone             = 'Europe/Zurich' */",
    b"/*!50003 SET sql_mode              = 'STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES' */",
    b"/*!50003 SET sql_mode              = '' */",
    b"/*!50003 SET character_set_results = @saved_cs_results */",
    b"/*!50003 SET collation_connection  = utf8mb4_uca1400_ai_ci */",
    b"/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */",
    b"SET @OLD_AUTOCOMMIT=@@AUTOCOMMIT, @@AUTOCOMMIT=0",
    b"set autocommit=0",
    b"commit",
    b"SET @saved_cs_client     = @@character_set_client",
    b"/*!50503 SET character_set_client = utf8mb4 */",
    b"/*!101100 SET @old_system_versioning_insert_history="
    b"@@session.system_versioning_insert_history, @@session.system_versioning_insert_history=1 */",
    b"DROP TABLE IF EXISTS `odd ``.``name`",
    b"/*!50001 DROP TABLE IF EXISTS `v`*/",
    b"/*!50001 DROP VIEW IF EXISTS `v`*/",
    b"/*!50032 DROP TRIGGER IF EXISTS `t` */",
    b"/*!50003 DROP FUNCTION IF EXISTS `f` */",
    b"/*!50003 DROP PACKAGE BODY IF EXISTS `p` */",
    b"/*!50106 DROP EVENT IF EXISTS `e` */",
    b"LOCK TABLES `a` WRITE",
    b"UNLOCK TABLES",
    b"/*!40000 ALTER TABLE `a` ENABLE KEYS */",
    b"ALTER DATABASE `platform` CHARACTER SET latin1 COLLATE latin1_swedish_ci",
    b"/*!80002 ANALYZE TABLE `a` UPDATE HISTOGRAM ON `x`, `y` WITH 100 BUCKETS */",
    b"DROP SEQUENCE IF EXISTS `s`",
    b"CREATE SEQUENCE `s` start with 1 minvalue 1 maxvalue 9223372036854775806 increment by"
    b" -1 cache"
    b" 1000 nocycle ENGINE=InnoDB",
    b"DO SETVAL(`s`, 1, 0)",
    b"SELECT SETVAL(`s`, -1001, 0)",
    b"CREATE TABLE `a` (\n  `select` int COMMENT 'it''s a SELECT; ENGINE=x UNION (',\n"
    b"  CONSTRAINT `f` FOREIGN KEY (`select`) REFERENCES `b` (`id`)\n) ENGINE=InnoDB"
    b" COMMENT='\\\\'",
    b"CREATE TABLE `a` (\n  `id` int\n) ENGINE=InnoDB\n/*!50100 PARTITION BY RANGE (`id`)\n"
    b"(PARTITION p VALUES LESS THAN (1) ENGINE = InnoDB,\n PARTITION q ENGINE = InnoDB) */",
    b"/*!50001 CREATE TABLE `v` (\n  `a` tinyint NOT NULL\n) ENGINE=MyISAM */",
    b"/*!50001 CREATE VIEW `v` AS SELECT\n 1 AS `a`,\n 1 AS `b` */",
    b"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`r`@`%` SQL SECURITY DEFINER */\n"
    b"/*!50001 VIEW `v` (`a`,`b`) AS select `other`.`t`.`a` from `other`.`t` */",
    b"CREATE DEFINER=`r`@`%` PROCEDURE `p`()\nBEGIN DROP TABLE shop.orders; END",
    b'CREATE DEFINER="root"@"%" PROCEDURE "odd ""name"(IN a INT)\nSELECT 1',
    b"CREATE DEFINER=`r`@`%` FUNCTION `f`(n INT) RETURNS int(11)\nRETURN n",
    b"CREATE DEFINER=`role` AGGREGATE FUNCTION `f`(n INT) RETURNS int(11)\nRETURN n",
    b'CREATE DEFINER="r"@"%" PACKAGE BODY "p" AS\nEND',
    b"CREATE PROCEDURE `p`()\nSELECT 1",
    b"/*!50003 CREATE*/ /*!50020 DEFINER=`r`@`%`*/ /*!50003 FUNCTION `f`() RETURNS"
    b" int\nRETURN 1 */",
    b"/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`%`*/ /*!50003 TRIGGER o BEFORE INSERT ON t"
    b" FOR EACH ROW"
    b"\nBEGIN\n  UPDATE shop.orders SET a = 1;\nEND */",
    b"/*!50003 CREATE*/ /*!50003 TRIGGER `o`AFTER  UPDATE -- v1.2; it's\n/* a.b */ ON\n`t`\n# x\n"
    b"FOR /**/ EACH\tROW PRECEDES `x` SET @a=1 */",
    b"/*!50003 CREATE*/ /*!50003 TRIGGER IF NOT EXISTS d\xc3\xbcr BEFORE INSERT OR UPDATE"
    b" OF a, b ON t"
    b" FOR EACH ROW SET @x=1 */",
    b"/*!50106 CREATE*/ /*!50117 DEFINER=`r`@`%`*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY DO\n"
    b"DELETE FROM shop.orders */",
    b"/*!50717 SELECT COUNT(*) INTO @rocksdb_has_p_s_session_variables FROM INFORMATION_SCHEMA."
    b"TABLES WHERE TABLE_SCHEMA = 'performance_schema' AND TABLE_NAME = 'session_variables' */",
    b"/*!50717 SET @rocksdb_get_is_supported = IF (@rocksdb_has_p_s_session_variables,"
    b" 'SELECT COUNT(*)"
    b" INTO @rocksdb_is_supported FROM performance_schema.session_variables WHERE"
    b" VARIABLE_NAME=\\'rocksdb_bulk_load\\'', 'SELECT 0') */",
    b"/*!50717 PREPARE s FROM @rocksdb_get_is_supported */",
    b"/*!50717 SET @rocksdb_enable_bulk_load = IF (@rocksdb_is_supported, 'SET SESSION"
    b" rocksdb_bulk_load = 1', 'SET @rocksdb_dummy_bulk_load = 0') */",
    b"/*!50717 EXECUTE s */",
    b"/*!50717 DEALLOCATE PREPARE s */",
    b"INSERT INTO `a` (`id`, `na'me`) VALUES\n(1,'shop.orders')",
]


@pytest.mark.parametrize("statement", WRITTEN)
def test_a_statement_that_a_dump_tool_writes_is_accepted(statement: bytes) -> None:
    if b"\nBEGIN" in statement:  # its body has semicolons
        assert unexpected(b"DELIMITER ;;\n" + statement + b";;\nDELIMITER ;\n") == set()
    else:
        assert unexpected(statement + b";\n") == set()


def unexpected(dump: bytes) -> set[str]:
    """Return the first words of the statements that no dump tool writes."""
    scan = DumpScan()
    scan.feed(dump)
    return scan.unexpected
