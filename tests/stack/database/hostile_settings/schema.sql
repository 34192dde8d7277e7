SET SESSION sql_mode = 'ALLOW_INVALID_DATES', innodb_strict_mode = 0, foreign_key_checks = 0, check_constraint_checks = 0

CREATE TABLE many (id INT PRIMARY KEY AUTO_INCREMENT, v INT, KEY v (v))

INSERT INTO many (v) SELECT seq FROM seq_1_to_2500

CREATE TABLE texts (id INT PRIMARY KEY, c CHAR(10) NOT NULL, t VARCHAR(20), l VARCHAR(20) CHARACTER SET latin1, b BLOB)

INSERT INTO texts VALUES (0, 'a', '日本 😀', 'é\\', x'00ff27'), (2, '', '', '''"`', NULL), (-1, 'b ', 'a\nb', '', '')

CREATE TABLE moments (id INT PRIMARY KEY, d DATE NOT NULL, dt DATETIME(3), ts TIMESTAMP NOT NULL, other TIMESTAMP NULL, third TIMESTAMP NOT NULL DEFAULT '2020-01-01 00:00:00')

INSERT INTO moments VALUES (1, '0000-00-00', '2020-02-30 10:00:00.123', '2020-06-01 12:00:00', NULL, '2030-01-01 00:00:00'), (2, '2020-00-10', '0000-00-00 00:00:00', 0, 0, 0)

CREATE TABLE checked (id INT PRIMARY KEY, n INT CHECK (n > 0), j JSON, e ENUM('x', 'y') NOT NULL, INDEX (n))

INSERT INTO checked VALUES (1, -1, '{not json', 'z'), (2, 2, '{}', 'x')

CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES checked (id))

INSERT INTO child VALUES (1, 99)

CREATE TABLE `select` (`from` INT PRIMARY KEY, `group by` INT) COMMENT 'it''s "quoted"'

CREATE TABLE kb (id INT PRIMARY KEY) KEY_BLOCK_SIZE=8 ROW_FORMAT=DYNAMIC

CREATE VIEW joined AS SELECT CONCAT(t, "x") AS `a b`, id FROM texts WHERE t <> 'a' OR t IS NULL

CREATE FUNCTION plus(n INT) RETURNS INT DETERMINISTIC RETURN n + 1

CREATE TRIGGER positive BEFORE INSERT ON many FOR EACH ROW SET NEW.v = ABS(NEW.v)
