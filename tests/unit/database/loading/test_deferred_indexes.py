"""Indexes are created after the rows are loaded, unless the table would be different then."""

import pytest

from cosmicdeploy.database.loading.deferred_indexes import defer_indexes

pytestmark = pytest.mark.unit

TABLE = b"""CREATE TABLE `a ``b``` (
  `id` int(10) NOT NULL AUTO_INCREMENT,
  `x` varchar(20) DEFAULT 'KEY `x` (`x`),',
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`x`(10),`y` DESC),
  KEY `k` (`y`),
  CONSTRAINT `f` FOREIGN KEY (`y`) REFERENCES `c` (`id`) ON DELETE CASCADE,
  CONSTRAINT `check` CHECK (`id` > 1)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"""


def test_keys_and_foreign_keys_are_added_in_their_order() -> None:
    deferred = defer_indexes(TABLE)
    assert deferred is not None
    assert deferred.create == (
        b"CREATE TABLE `a ``b``` (\n  `id` int(10) NOT NULL AUTO_INCREMENT,\n"
        b"  `x` varchar(20) DEFAULT 'KEY `x` (`x`),',\n  PRIMARY KEY (`id`),\n"
        b"  CONSTRAINT `check` CHECK (`id` > 1)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
    )
    assert deferred.keys == (
        b"ALTER TABLE `a ``b``` ADD UNIQUE KEY `u` (`x`(10),`y` DESC), ADD KEY `k` (`y`)"
    )
    assert deferred.foreign_keys == (
        b"ALTER TABLE `a ``b``` ADD CONSTRAINT `f` FOREIGN KEY (`y`) REFERENCES `c` (`id`)"
        b" ON DELETE CASCADE"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ENGINE=InnoDB", b"ENGINE=MyISAM"),
        (b"KEY `k` (`y`)", b"FULLTEXT KEY `k` (`y`)"),
        (b"KEY `k` (`y`)", b"KEY `k` (`y`) COMMENT 'x'"),
        (b"UNIQUE KEY `u` (`x`(10),`y` DESC)", b"UNIQUE KEY `u` (`x`) USING HASH"),
        (b"  PRIMARY KEY (`id`),\n", b""),
        (b"PRIMARY KEY (`id`)", b"PRIMARY KEY (`y`,`id`)"),
        (b"  UNIQUE KEY `u` (`x`(10),`y` DESC),\n  KEY `k` (`y`),\n", b""),
        (b"'KEY `x` (`x`),'", b"('\n,\n  KEY `x` (`x`),\n  ')"),
    ],
)
def test_the_indexes_of_an_unusual_table_are_not_deferred(old: bytes, new: bytes) -> None:
    assert old in TABLE
    assert defer_indexes(TABLE.replace(old, new)) is None
