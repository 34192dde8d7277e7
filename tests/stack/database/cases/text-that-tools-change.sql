CREATE TABLE words (n INT, word VARCHAR(50))

CREATE EVENT two_delimiters ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO SELECT ';;', '$$', '//'

CREATE PROCEDURE comment_at_the_end() SELECT 1 -- no line end after this

CREATE PROCEDURE hash_at_the_end() SELECT 1 # nor after this

CREATE PROCEDURE version_comments() BEGIN /*!50000 SELECT 1; */ /*M!100100 SELECT 2; */ /* SELECT 3; */ END

CREATE PROCEDURE delimiter_line() BEGIN DECLARE
delimiter INT;
SET
DELIMITER = 1; SELECT ';;'; END

CREATE FUNCTION quotes() RETURNS TEXT DETERMINISTIC RETURN 'it''s \'; "`\\' -- ;; ' "

CREATE TRIGGER comments BEFORE INSERT ON words FOR EACH ROW /* ; */ SET NEW.word = ';;' -- ;; $$

CREATE VIEW of_words AS SELECT n, '*/ ;; -- /*!' AS `a;;b`, "it's\n" AS word FROM words
