"""A structure's digest is computed like the recorded digest with which it is compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.database.schema.digest import QUERIES, TEXTS, schema_digest
from cosmicdeploy.database.vendors.mariadb import MARIADB
from cosmicdeploy.database.vendors.mysql import MYSQL

pytestmark = pytest.mark.unit


class Session:
    """A session on a schema with one table, whose text in `SHOW CREATE TABLE` may change."""

    def __init__(self, vendor: Any, text: str = "CREATE TABLE `a`") -> None:
        self.vendor, self.text = replace(vendor), text

    def rows(self, query: str, *_: object) -> list[Any]:
        return [("a", "b")] if query in QUERIES else [("a",)]

    def row(self, _: str) -> dict[str, str]:
        return {"Create Table": self.text}


def digest(session: Any, comparable_with: str | None = None) -> str:
    return schema_digest(session, "shop", comparable_with)


def test_a_digest_shows_what_it_was_computed_from() -> None:
    assert digest(Session(MYSQL)).startswith(TEXTS)
    assert not digest(Session(MARIADB)).startswith(TEXTS)
    assert digest(Session(MYSQL)) != digest(Session(MYSQL, "CREATE TABLE `a` /* other */"))


def test_a_digest_recorded_by_an_earlier_version_is_compared_with_one_computed_the_same_way() -> (
    None
):
    recorded = digest(
        Session(MARIADB)
    )  # computed from the queries, as earlier versions did for MySQL too
    assert digest(Session(MYSQL), comparable_with=recorded) == recorded
    present = digest(Session(MYSQL))
    assert digest(Session(MYSQL), comparable_with=present) == present
