"""Two small tables, for tests that need no more than a few rows."""

TABLES = """
CREATE TABLE a (id INT PRIMARY KEY, t TEXT)

INSERT INTO a VALUES (1, 'one'), (2, 'two')

CREATE TABLE b (id INT PRIMARY KEY)

INSERT INTO b VALUES (7)
"""
