-- kind: tables, rows, unique and prefix keys, foreign keys also in cycles

CREATE TABLE ring_a (id INT PRIMARY KEY, b INT, word VARCHAR(50), UNIQUE KEY word (word(9)))

CREATE TABLE ring_b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES ring_a (id) ON DELETE CASCADE)

INSERT INTO ring_a VALUES (1, 1, 'ü')

INSERT INTO ring_b VALUES (1, 1)

ALTER TABLE ring_a ADD CONSTRAINT ring FOREIGN KEY (b) REFERENCES ring_b (id) ON UPDATE SET NULL

-- kind: numbers, texts, binary values, times, ENUM, SET, BIT, JSON

CREATE TABLE typed (id INT PRIMARY KEY, n DECIMAL(65,30), d DOUBLE, b BIT(64), t LONGTEXT, x LONGBLOB, at DATETIME(6), s TIMESTAMP NULL, y YEAR, e ENUM('a','b''c'), z SET('x','y'), j JSON)

INSERT INTO typed VALUES (1, -0.000000000000000000000000000001, 1.7976931348623157e308, 7, 'it''s 😀', X'00FF0D0A1A', '9999-12-31 23:59:59.999999', '2026-10-25 00:30:00', 2155, 'b''c', 'x,y', '{"a": [1, "ü"]}')

-- kind: zero dates

SET sql_mode = ''

CREATE TABLE zeros (id INT PRIMARY KEY, d DATE NOT NULL, t DATETIME NOT NULL DEFAULT '0000-00-00')

INSERT INTO zeros VALUES (1, '0000-00-00', '2026-00-10')

-- kind: generated columns, invisible columns, defaults that are expressions

CREATE TABLE computed (id INT PRIMARY KEY, a INT, v INT AS (a * 2) VIRTUAL, s VARCHAR(40) AS (CONCAT(a, 'it''s')) STORED, h INT DEFAULT 7 INVISIBLE, m VARCHAR(40) DEFAULT (CONCAT('x', 'y')), KEY s (s))

INSERT INTO computed (id, a, h) VALUES (1, 5, 6)

-- kind: CHECK constraints

CREATE TABLE checked (id INT PRIMARY KEY, a INT CHECK (a < 1000), CONSTRAINT small CHECK (a <> 5))

INSERT INTO checked VALUES (1, 7)

-- kind: CHECK constraints that are not enforced
-- only: mysql-8 mysql-9

CREATE TABLE unchecked (id INT PRIMARY KEY, CONSTRAINT off CHECK (id < 0) NOT ENFORCED)

INSERT INTO unchecked VALUES (1)

-- kind: partitions and subpartitions

CREATE TABLE parts (id INT NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION `a b` VALUES LESS THAN (5) COMMENT 'it''s', PARTITION rest VALUES LESS THAN MAXVALUE)

INSERT INTO parts VALUES (1), (7)

-- kind: FULLTEXT and SPATIAL keys, descending keys

CREATE TABLE searched (id INT PRIMARY KEY, t TEXT, g GEOMETRY NOT NULL, FULLTEXT KEY t (t), SPATIAL KEY g (g), KEY down (id DESC))

INSERT INTO searched VALUES (1, 'some words', ST_GeomFromText('POINT(1 2)'))

-- kind: keys that the optimizer ignores
-- only: stable newest

CREATE TABLE unseen (id INT PRIMARY KEY, a INT, KEY a (a) IGNORED)

-- kind: keys that the optimizer ignores
-- only: mysql-8 mysql-9

CREATE TABLE unseen (id INT PRIMARY KEY, a INT, KEY a (a) INVISIBLE)

-- kind: functional and multi-valued keys, generated invisible primary keys
-- only: mysql-8 mysql-9

CREATE TABLE functional (id INT PRIMARY KEY, a VARCHAR(9), j JSON, KEY low ((LOWER(a))), KEY many ((CAST(j->'$[*]' AS UNSIGNED ARRAY))))

INSERT INTO functional VALUES (1, 'Ü', '[3, 5]')

SET sql_generate_invisible_primary_key = 1

CREATE TABLE keyless (a INT)

SET sql_generate_invisible_primary_key = 0

INSERT INTO keyless VALUES (1), (2)

-- kind: columns bound to a spatial reference system
-- only: stable newest

CREATE TABLE places (id INT PRIMARY KEY, p POINT REF_SYSTEM_ID=4326)

-- kind: columns bound to a spatial reference system
-- only: mysql-8 mysql-9

CREATE TABLE places (id INT PRIMARY KEY, p POINT SRID 4326)

-- kind: UUID, INET4, INET6, compressed columns
-- only: stable newest

CREATE TABLE own (id UUID PRIMARY KEY DEFAULT UUID(), a INET6, b INET4, c TEXT COMPRESSED)

INSERT INTO own (a, b, c) VALUES ('fe80::1', '10.0.0.1', REPEAT('x', 500))

-- kind: VECTOR
-- only: newest

CREATE TABLE near (id INT PRIMARY KEY, v VECTOR(2) NOT NULL, VECTOR KEY v (v))

INSERT INTO near VALUES (1, VEC_FromText('[1,-2.5]'))

-- kind: VECTOR
-- only: mysql-9

CREATE TABLE near (id INT PRIMARY KEY, v VECTOR(2))

INSERT INTO near VALUES (1, STRING_TO_VECTOR('[1,-2.5]'))

-- kind: views, views on views, views that call functions

CREATE FUNCTION doubled(n INT) RETURNS INT DETERMINISTIC RETURN n * 2

CREATE VIEW z_first AS SELECT doubled(1) AS twice

CREATE ALGORITHM=MERGE DEFINER=ghost@'%' SQL SECURITY INVOKER VIEW a_second AS SELECT * FROM z_first

-- kind: procedures, functions, triggers in their order, with definers that no longer exist

CREATE TABLE watched (id INT PRIMARY KEY, note VARCHAR(9))

CREATE DEFINER=ghost@'%' PROCEDURE odd(IN a INT, OUT b VARCHAR(9)) COMMENT 'it''s' BEGIN /* ;; $$ */ SET b = 'it''s;'; END

CREATE TRIGGER z_first BEFORE INSERT ON watched FOR EACH ROW SET NEW.note = 'a'

CREATE DEFINER=ghost@'%' TRIGGER a_second BEFORE INSERT ON watched FOR EACH ROW FOLLOWS z_first SET @x = 1

-- kind: scheduled events, also disabled ones, under any sql_mode

CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2036-03-29 02:30:00' COMMENT 'it''s' DO SET @x = 1

CREATE EVENT off ON SCHEDULE AT '2036-01-01 00:00:00' DISABLE DO SET @x = 1

SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'

CREATE EVENT ansi ON SCHEDULE EVERY 1 DAY STARTS '2036-03-29 02:30:00' DO SET @x = '\'

-- kind: names with reserved words, quotes, `%`, markup, 64 characters

CREATE TABLE `select` (`it's "x"` INT PRIMARY KEY, `100%` INT, `[/red]` INT, `日本` INT)

CREATE TABLE `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` (id INT PRIMARY KEY)

-- kind: packages of the Oracle mode
-- only: stable newest

SET sql_mode = 'ORACLE'

CREATE PACKAGE pk AS FUNCTION f RETURN INT; END

CREATE PACKAGE BODY pk AS FUNCTION f RETURN INT AS BEGIN RETURN 41; END; END

-- kind: expressions with characters beyond ASCII in tables that are not in utf8mb4
-- only: stable newest

CREATE TABLE shown (id INT PRIMARY KEY, w VARCHAR(9) CHARACTER SET latin1, m VARCHAR(40) AS (CONCAT(w, 'ü')))

INSERT INTO shown (id, w) VALUES (1, 'ö')

-- kind: expressions with characters beyond ASCII in tables that are not in utf8mb4
-- only: mysql-8 mysql-9
-- refused: loses characters .*: shown

CREATE TABLE shown (id INT PRIMARY KEY, w VARCHAR(9) CHARACTER SET latin1, m VARCHAR(40) AS (CONCAT(w, 'ü')))

-- kind: defaults with a second code for their character
-- refused: coded\.d \(its default\)

CREATE TABLE coded (id INT PRIMARY KEY, d VARCHAR(9) CHARACTER SET cp932 DEFAULT _cp932 X'ED40')

-- kind: defaults in any other character set than utf8mb4

CREATE TABLE first (id INT PRIMARY KEY, a VARCHAR(9) CHARACTER SET cp932 DEFAULT _cp932 X'FA5C', b VARCHAR(9) CHARACTER SET sjis NOT NULL DEFAULT 'あ', c ENUM('é') CHARACTER SET latin1 DEFAULT 'é', d VARCHAR(9) CHARACTER SET gbk DEFAULT NULL, e VARCHAR(9) CHARACTER SET big5 DEFAULT (CONCAT('x', 'y')))

INSERT INTO first (id) VALUES (1)

-- kind: values without a character in utf8mb4
-- refused: inexact\.c \(1 rows\)

CREATE TABLE inexact (c VARCHAR(9) CHARACTER SET cp932)

INSERT INTO inexact VALUES (_cp932 X'FA54')

-- kind: an empty VECTOR, as a missing value outside of the strict mode
-- only: mysql-9
-- refused: missing\.v \(1 rows\)

SET sql_mode = ''

CREATE TABLE missing (id INT PRIMARY KEY, v VECTOR(2) NOT NULL)

INSERT INTO missing (id) VALUES (1)

-- kind: an empty VECTOR, as a missing value outside of the strict mode
-- only: newest

SET sql_mode = ''

CREATE TABLE missing (id INT PRIMARY KEY, v VECTOR(2) NOT NULL)

INSERT INTO missing (id) VALUES (1)

-- kind: names with a line end
-- refused: column 'a.nb' of 'named'

CREATE TABLE named (`a
b` INT)

-- kind: comments with escapes of routines and events under NO_BACKSLASH_ESCAPES
-- refused: comments .*: procedure odd

SET sql_mode = 'NO_BACKSLASH_ESCAPES'

CREATE PROCEDURE odd() COMMENT 'a\b' SELECT 1

-- kind: FLOAT values with more than six digits, unless `backup.exact` is false
-- refused: rounded\.lat

CREATE TABLE rounded AS SELECT CAST(47.376887 AS FLOAT) AS lat

-- kind: views that cannot be queried
-- refused: cannot be queried: broken

CREATE TABLE gone (id INT)

CREATE VIEW broken AS SELECT id FROM gone

DROP TABLE gone

-- kind: triggers that name their schema before their body
-- only: mysql-8 mysql-9

CREATE TABLE named (id INT)

CREATE TRIGGER platform.named_too BEFORE INSERT ON platform.named FOR EACH ROW SET NEW.id = 1

-- kind: triggers that name their schema before their body
-- only: stable newest
-- refused: trigger bound names its schema

CREATE TABLE t (id INT)

CREATE TRIGGER platform.bound BEFORE INSERT ON platform.t FOR EACH ROW SET NEW.id = 1

-- kind: triggers under NO_BACKSLASH_ESCAPES on tables with a backslash in an expression
-- only: stable newest

CREATE TABLE slashed (id INT PRIMARY KEY, CONSTRAINT slash CHECK (id < 100 OR '' = 'it''s \\'))

INSERT INTO slashed VALUES (1)

SET sql_mode = 'NO_BACKSLASH_ESCAPES'

CREATE TRIGGER unread AFTER UPDATE ON slashed FOR EACH ROW SET @x = '\'

-- kind: triggers under NO_BACKSLASH_ESCAPES on tables with a backslash in an expression
-- only: mysql-8 mysql-9
-- refused: unread on slashed

CREATE TABLE slashed (id INT PRIMARY KEY, CONSTRAINT slash CHECK (id < 100 OR '' = 'it''s \\'))

INSERT INTO slashed VALUES (1)

SET sql_mode = 'NO_BACKSLASH_ESCAPES'

CREATE TRIGGER unread AFTER UPDATE ON slashed FOR EACH ROW SET @x = '\'

-- kind: control characters in expressions, from a text with a backslash under NO_BACKSLASH_ESCAPES
-- only: mysql-8 mysql-9

SET sql_mode = 'NO_BACKSLASH_ESCAPES'

CREATE TABLE backspace (id INT PRIMARY KEY, c MEDIUMTEXT DEFAULT (_utf8mb4'a\b'))

-- kind: control characters in expressions, from a text with a backslash under NO_BACKSLASH_ESCAPES
-- only: stable newest
-- refused: read: backspace

SET sql_mode = 'NO_BACKSLASH_ESCAPES'

CREATE TABLE backspace (id INT PRIMARY KEY, c MEDIUMTEXT DEFAULT (_utf8mb4'a\b'))

-- kind: tables without transactions: MyISAM
-- refused: inconsistent: old \(MyISAM\)

CREATE TABLE old (id INT) ENGINE=MyISAM

-- kind: tables without transactions: Aria
-- only: stable newest
-- refused: inconsistent: old \(Aria\)

CREATE TABLE old (id INT) ENGINE=Aria

-- kind: tables without transactions: ARCHIVE
-- only: mysql-8 mysql-9
-- refused: inconsistent: old \(ARCHIVE\)

CREATE TABLE old (id INT) ENGINE=ARCHIVE

-- kind: tables whose rows are elsewhere: MERGE
-- refused: data .*: all_old \(MRG_M[Yy]ISAM\)

CREATE TABLE all_old (id INT) ENGINE=MERGE UNION=()

-- kind: tables whose rows are elsewhere: BLACKHOLE
-- only: mysql-8 mysql-9
-- refused: data .*: hole \(BLACKHOLE\)

CREATE TABLE hole (id INT) ENGINE=BLACKHOLE

-- kind: sequences
-- only: stable newest
-- refused: sequences .*: numbers \(SEQUENCE\)

CREATE SEQUENCE numbers

-- kind: system-versioned tables
-- only: stable newest
-- refused: history .*: past

CREATE TABLE past (id INT) WITH SYSTEM VERSIONING
