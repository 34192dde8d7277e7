CREATE TABLE without_key (a INT)

INSERT INTO without_key VALUES (1)

CREATE TABLE checked (id INT PRIMARY KEY, n INT, j JSON, INDEX (n), CHECK (n > 0) NOT ENFORCED)

INSERT INTO checked VALUES (1, -1, '{}')
