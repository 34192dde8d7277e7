"""A schema that may be a user's own is not dropped, and the error says what it holds."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.schemas import require_no_rows
from cosmicdeploy.errors import DatabaseError
from tests.unit.database.fake_server import Schema, Server

pytestmark = pytest.mark.unit


def test_the_error_about_a_sequence_does_not_call_it_a_table_with_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Facts, "other_tables", lambda _: {"numbers": "SEQUENCE"})
    session = Server({"live__proof": Schema("live_ci")}).session()
    with pytest.raises(DatabaseError, match=r"since it holds numbers \(sequence\)"):
        require_no_rows(session, "live__proof")


def test_a_schema_without_content_may_be_dropped() -> None:
    require_no_rows(Server({"live__proof": Schema("live_ci")}).session(), "live__proof")
