CREATE TABLE places (id INT PRIMARY KEY, place GEOMETRY NOT NULL SRID 4326, point POINT NOT NULL SRID 0, SPATIAL KEY (place), SPATIAL KEY at (point))

INSERT INTO places VALUES (1, ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))', 4326), ST_GeomFromText('POINT(-7.25 1000)'))

CREATE TABLE functional (id INT PRIMARY KEY, name VARCHAR(50), tags JSON, UNIQUE KEY lower_name ((LOWER(name))), KEY tag ((CAST(tags->'$[*]' AS UNSIGNED ARRAY))), KEY down (name DESC), KEY unseen (id, name) INVISIBLE COMMENT 'it''s "unseen"')

INSERT INTO functional VALUES (1, 'Ü', '[3, 5]'), (2, NULL, '[]')

CREATE TABLE defaults (id INT PRIMARY KEY, line VARCHAR(9) DEFAULT (_utf8mb4 X'0a'), word TEXT DEFAULT (CONCAT('it''s \\', "\n\0")), made VARCHAR(40) AS (CONCAT(word, _utf8mb4 X'0d0a', CONVERT(X'fc' USING latin1))) VIRTUAL, bytes VARBINARY(9) DEFAULT X'00FF', list JSON DEFAULT (JSON_ARRAY('a"b')))

INSERT INTO defaults (id) VALUES (1), (2)

CREATE TABLE checked (id INT PRIMARY KEY, a INT, CONSTRAINT off CHECK (a < 10) NOT ENFORCED, CONSTRAINT on_too CHECK (a < 1000 OR 'it''s' = _utf8mb4 X'5c'))

INSERT INTO checked VALUES (1, 99)

SET sql_generate_invisible_primary_key = 1

CREATE TABLE keyless (name VARCHAR(9))

SET sql_generate_invisible_primary_key = 0

INSERT INTO keyless VALUES ('one'), ('two')

CREATE TABLE collated (id INT PRIMARY KEY, a VARCHAR(9) COLLATE utf8mb4_0900_as_cs, b VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_ja_0900_as_cs_ks, c VARCHAR(9) CHARACTER SET gb18030) COLLATE utf8mb4_0900_bin COMPRESSION='' AUTOEXTEND_SIZE=4M

INSERT INTO collated VALUES (1, 'é', 'ｱ', '中')
