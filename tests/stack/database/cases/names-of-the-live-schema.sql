CREATE TABLE t (id INT PRIMARY KEY, twice INT)

INSERT INTO t VALUES (1, 2)

CREATE FUNCTION doubled(n INT) RETURNS INT DETERMINISTIC RETURN n * 2

CREATE FUNCTION counted() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM platform.t)

CREATE PROCEDURE clear() BEGIN DELETE FROM platform.t; CALL platform.note(1); END

CREATE PROCEDURE note(n INT) INSERT INTO platform.t (id) VALUES (n)

CREATE TRIGGER sums BEFORE INSERT ON t FOR EACH ROW SET NEW.twice = platform.doubled(NEW.id)

CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO DELETE FROM platform.t

CREATE VIEW by_function AS SELECT platform.doubled(id) AS d, counted() AS c FROM platform.t

CREATE VIEW across AS SELECT t.id, s.SCHEMA_NAME AS name FROM platform.t JOIN information_schema.schemata s ON s.SCHEMA_NAME = 'platform'

CREATE VIEW a_on_view AS SELECT d, c, platform.doubled(d) AS e FROM by_function

CREATE TABLE platform (platform INT, a INT)

CREATE VIEW of_the_same_name AS SELECT platform.doubled(platform.a) AS platform FROM platform

CREATE VIEW of_the_same_name_across AS SELECT p.platform FROM platform p JOIN information_schema.schemata s

CREATE FUNCTION of_view() RETURNS INT READS SQL DATA RETURN 1

CREATE VIEW circle AS SELECT id AS d, of_view() AS m FROM t WHERE id < 0

DROP FUNCTION of_view

CREATE FUNCTION of_view() RETURNS INT READS SQL DATA RETURN (SELECT MAX(d) FROM circle)
