"""The kind of a statement: what it would do to the live schema."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.tables.columns import LiveColumn
from cosmicdeploy.database.schema.tables.shape import Shape, TableShape
from cosmicdeploy.migrations.classify import created_tables, judge

pytestmark = pytest.mark.unit

TEXT = "utf8mb4"
LIVE = Shape(
    tables={
        "t": TableShape(
            columns={
                "id": LiveColumn(
                    type="bigint(20) unsigned", nullable=False, extra="auto_increment"
                ),
                "n": LiveColumn(type="int(11)", nullable=True),
                "u": LiveColumn(type="int(10) unsigned", nullable=False),
                "s": LiveColumn(type="varchar(255)", nullable=True, charset=TEXT),
                "f": LiveColumn(type="varchar(20)", nullable=False, default="'x'", charset=TEXT),
                "tx": LiveColumn(type="text", nullable=True, charset=TEXT),
                "e": LiveColumn(type="enum('a','b','c')", nullable=False, charset=TEXT),
                "d": LiveColumn(type="decimal(8,2)", nullable=True),
                "ts": LiveColumn(type="timestamp(3)", nullable=True, extra="on update current"),
                "fl": LiveColumn(type="float", nullable=True),
                "bl": LiveColumn(type="varbinary(20)", nullable=True),
                "g": LiveColumn(type="int(11)", nullable=True, extra="stored generated"),
            }
        )
    }
)

STATEMENTS = """
unknown     | SELECT * FROM t
unknown     | (SELECT 1) UNION (SELECT 2)
unknown     | SHOW COLUMNS FROM t
unknown     | EXPLAIN SELECT 1
harmless    | SET FOREIGN_KEY_CHECKS=0
harmless    | START TRANSACTION
harmless    | -- DROP TABLE t
harmless    | ALTER TABLE t COMMENT='DROP COLUMN s'
unknown     | SET GLOBAL sql_mode=''
unknown     | SET @@global.sql_mode=''
unknown     | SET PASSWORD = 'x'
unknown     | SELECT id INTO @x FROM t

additive    | create table `x` (`id` bigint unsigned not null auto_increment primary key)
additive    | CREATE TABLE IF NOT EXISTS x AS SELECT * FROM t
destructive | CREATE OR REPLACE TABLE t (id INT)
additive    | CREATE VIEW v AS SELECT 1
destructive | CREATE OR REPLACE VIEW v AS SELECT 1
additive    | CREATE INDEX i ON t (s)
risky       | CREATE UNIQUE INDEX i ON t (s)
unknown     | CREATE PROCEDURE p() BEGIN DROP TABLE t; END
unknown     | CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 1
unknown     | CREATE USER x IDENTIFIED BY 'y'

additive    | ALTER TABLE t ADD z INT
additive    | ALTER TABLE `t` ADD COLUMN `a b` VARCHAR(9) NOT NULL DEFAULT 'drop' AFTER `s`
additive    | ALTER TABLE t ADD z INT NOT NULL DEFAULT (uuid()), ALGORITHM=INPLACE, LOCK=NONE
additive    | ALTER TABLE t /* DROP COLUMN s */ ADD z INT -- DROP TABLE t
additive    | ALTER TABLE t ADD z INT COMMENT 'x, DROP COLUMN s'
additive    | ALTER TABLE t ADD INDEX i (s), ADD z INT GENERATED ALWAYS AS (n + 1) STORED
destructive | ALTER TABLE t ADD z INT NOT NULL
destructive | ALTER TABLE t ADD z INT NULL, ADD y INT NOT NULL
risky       | ALTER TABLE t ADD z INT UNIQUE
risky       | ALTER TABLE t ADD UNIQUE `u` (`s`)
risky       | ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (n) REFERENCES o (id) ON DELETE CASCADE
risky       | ALTER TABLE t ADD CONSTRAINT c CHECK (n > 1)
unknown     | ALTER TABLE nope ADD z INT
unknown     | ALTER TABLE other.t ADD z INT
unknown     | ALTER TABLE t ENGINE=MyISAM
unknown     | ALTER TABLE t CONVERT TO CHARACTER SET latin1
unknown     | ALTER TABLE t PARTITION BY HASH (id)

destructive | DROP TABLE IF EXISTS t
destructive | drop view v
destructive | DROP INDEX i ON t
destructive | TRUNCATE t
destructive | RENAME TABLE t TO u
destructive | ALTER TABLE t RENAME TO u
destructive | ALTER TABLE t RENAME COLUMN s TO s2
destructive | ALTER TABLE t RENAME INDEX a TO b
destructive | ALTER TABLE t ADD z INT, DROP s
destructive | ALTER TABLE t DROP COLUMN IF EXISTS s
destructive | ALTER TABLE t DROP INDEX i
destructive | ALTER TABLE t DROP FOREIGN KEY k
destructive | ALTER TABLE t ALTER f DROP DEFAULT
additive    | ALTER TABLE t ALTER f SET DEFAULT 'y'
unknown     | ALTER TABLE t DROP PRIMARY KEY
unknown     | ALTER TABLE t DROP PARTITION p0
unknown     | ALTER TABLE t TRUNCATE PARTITION p0
unknown     | ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u

additive    | ALTER TABLE t MODIFY s VARCHAR(300)
additive    | ALTER TABLE t MODIFY s TEXT
additive    | ALTER TABLE t MODIFY S VARCHAR(255) COLLATE utf8mb4_bin
destructive | ALTER TABLE t MODIFY s VARCHAR(50)
destructive | ALTER TABLE t MODIFY s VARCHAR(300) NOT NULL
destructive | ALTER TABLE t MODIFY s TINYTEXT
destructive | ALTER TABLE t MODIFY s TEXT(10)
additive    | ALTER TABLE t MODIFY s TEXT(255)
destructive | ALTER TABLE t MODIFY tx TEXT(10)
destructive | ALTER TABLE t MODIFY bl BLOB(10)
destructive | ALTER TABLE t MODIFY s VARCHAR(255) CHARACTER SET latin1
destructive | ALTER TABLE t MODIFY s VARCHAR(255) DEFAULT 'x' COLLATE latin1_bin
destructive | ALTER TABLE t MODIFY s JSON
destructive | ALTER TABLE t MODIFY f VARCHAR(20) NOT NULL
additive    | ALTER TABLE t MODIFY f VARCHAR(20) NULL DEFAULT 'y'
additive    | ALTER TABLE t MODIFY tx LONGTEXT
destructive | ALTER TABLE t MODIFY tx VARCHAR(100)
additive    | ALTER TABLE t MODIFY n BIGINT
destructive | ALTER TABLE t MODIFY n SMALLINT
destructive | ALTER TABLE t MODIFY n INT UNSIGNED
destructive | ALTER TABLE t MODIFY n INT ZEROFILL
destructive | ALTER TABLE t MODIFY n BIGINT(5) ZEROFILL
additive    | ALTER TABLE t MODIFY u INT(10) UNSIGNED ZEROFILL NOT NULL
risky       | ALTER TABLE t MODIFY n INT UNIQUE
risky       | ALTER TABLE t MODIFY n BIGINT CHECK (n > 1)
risky       | ALTER TABLE t CHANGE n n BIGINT REFERENCES o (id)
destructive | ALTER TABLE t MODIFY n SMALLINT UNIQUE
additive    | ALTER TABLE t MODIFY u BIGINT NOT NULL
destructive | ALTER TABLE t MODIFY u INT NOT NULL
destructive | ALTER TABLE t MODIFY id BIGINT UNSIGNED NOT NULL
additive    | ALTER TABLE t MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT
additive    | ALTER TABLE t MODIFY e ENUM('c','b','a','d') NOT NULL
destructive | ALTER TABLE t MODIFY e ENUM('a','b') NOT NULL
additive    | ALTER TABLE t MODIFY d DECIMAL(10,4)
destructive | ALTER TABLE t MODIFY d DECIMAL(8,4)
additive    | ALTER TABLE t MODIFY ts TIMESTAMP(6) NULL ON UPDATE CURRENT_TIMESTAMP(6)
destructive | ALTER TABLE t MODIFY ts TIMESTAMP(6) NULL
destructive | ALTER TABLE t MODIFY ts TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP
additive    | ALTER TABLE t MODIFY fl DOUBLE
destructive | ALTER TABLE t MODIFY fl DOUBLE(8,2)
additive    | ALTER TABLE t MODIFY bl BLOB
unknown     | ALTER TABLE t MODIFY g INT
unknown     | ALTER TABLE t MODIFY nope INT
additive    | ALTER TABLE `t` CHANGE `s` `s` VARCHAR(400) CHARACTER SET utf8mb4 DEFAULT NULL
destructive | ALTER TABLE `t` CHANGE `s` `s` VARCHAR(50) DEFAULT NULL
destructive | ALTER TABLE t CHANGE s s2 VARCHAR(255)

data        | INSERT INTO t (s) VALUES ('/*! x */ --x; DROP TABLE t')
data        | UPDATE t SET s = 'x' WHERE id > 5
destructive | UPDATE t SET s = NULL
destructive | UPDATE t SET s = NULL WHERE 1 = 1
data        | DELETE FROM t WHERE id > 5
destructive | DELETE FROM t
destructive | DELETE FROM t WHERE 1 = 1
unknown     | REPLACE INTO t VALUES (1)
unknown     | CALL p()

unknown     | /*!50000 DROP TABLE t */
unknown     | /*M! DROP TABLE t */
unknown     | ALTER TABLE t ADD z INT /*!50000 , DROP COLUMN s */
unknown     | SELECT 1--1; DROP TABLE t
destructive | SELECT 1; DROP TABLE t
destructive | INSERT INTO t (s) VALUES ('a'';'); TRUNCATE t
unknown     | ALTER TABLE t ADD z INT, WHATEVER
unknown     | SELECT 'not closed
""".strip()


@pytest.mark.parametrize("line", [line for line in STATEMENTS.splitlines() if line])
def test_a_statement_is_judged_by_what_it_does_to_the_live_schema(line: str) -> None:
    kind, sql = (part.strip() for part in line.split("|", 1))
    verdict = judge(sql, LIVE)
    assert verdict.kind == kind, verdict
    assert verdict.why or not verdict.is_refused, "a refusal has a reason"


def test_a_table_that_the_same_deploy_creates_has_nothing_to_lose() -> None:
    new = created_tables("CREATE TABLE x (id INT)", LIVE)
    assert new == {"x"}
    assert created_tables("CREATE TABLE IF NOT EXISTS t (id INT)", LIVE) == set()
    for sql in (
        "ALTER TABLE x ADD UNIQUE (id)",
        "ALTER TABLE x ADD y INT NOT NULL",
        "DROP TABLE x",
    ):
        assert judge(sql, LIVE, new).kind == "additive"
    assert judge("UPDATE x SET id = 1", LIVE, new).kind == "data"
    assert judge("UPDATE x, t SET t.s = NULL", LIVE, new).kind == "destructive"
    for elsewhere in ("DROP TABLE other.x", "DROP TABLE x, other.x", "DELETE FROM other.x"):
        assert judge(elsewhere, LIVE, new).kind == "destructive"


def test_all_reasons_are_given() -> None:
    why = judge("ALTER TABLE t MODIFY f VARCHAR(10), DROP COLUMN s", LIVE).why
    assert "f may not hold every value that it can hold as varchar(20)" in why
    assert "f loses its default" in why and "drops the column s" in why


def test_a_column_gets_the_character_set_of_its_table() -> None:
    table = TableShape(charset="latin1", columns=LIVE.tables["t"].columns)
    verdict = judge("ALTER TABLE t MODIFY s VARCHAR(255)", Shape(tables={"t": table}))
    assert "from utf8mb4 to latin1" in verdict.why
