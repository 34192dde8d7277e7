SET SESSION check_constraint_checks = 0

CREATE TABLE checked (id INT PRIMARY KEY, n INT CHECK (n > 0), j JSON, INDEX (n))

INSERT INTO checked VALUES (1, -1, '{not json'), (2, 2, '{}')
