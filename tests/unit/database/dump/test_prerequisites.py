"""A schema that no restore could restore is refused before the dump."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.dump import prerequisites
from cosmicdeploy.database.dump.names import require_dumpable_names
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.errors import BackupError
from tests.unit.database.dumpable import require_dumpable
from tests.unit.database.events import STATEMENT
from tests.unit.database.fake_server import Schema, Server

pytestmark = pytest.mark.unit


@pytest.fixture
def server() -> Server:
    return Server({"live": Schema("live_ci", {"a": "1"})})


def test_texts_that_no_manifest_can_hold_are_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = server.session()
    for number in range(7):
        text = STATEMENT.replace("`tick`", f"`e{number}`") + " " * number
        session.execute(text)
    require_dumpable(Facts(server.session(), "live"))
    monkeypatch.setattr(prerequisites, "LARGEST_TEXTS", 1000)
    with pytest.raises(BackupError, match="no manifest can hold them") as caught:
        require_dumpable(Facts(server.session(), "live"))
    assert caught.value.todo.endswith("event e6, event e5, event e4, event e3, event e2")


def test_an_event_whose_text_ends_within_a_string_is_refused(server: Server) -> None:
    server.session().execute(STATEMENT + " WHERE x = 'y")
    with pytest.raises(BackupError, match=r"up to a NUL character: event tick") as caught:
        require_dumpable(Facts(server.session(), "live"))
    assert "CHAR(0)" in caught.value.todo


def test_of_two_flaws_the_text_of_an_object_is_reported_before_keys_across_schemas(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Facts, "keys_across_schemas", lambda _: ("a.to_other",))
    with pytest.raises(BackupError, match=r"across schemas: a\.to_other"):
        require_dumpable(Facts(server.session(), "live"))
    server.session().execute(STATEMENT + " WHERE x = 'y")
    with pytest.raises(BackupError, match="up to a NUL character"):
        require_dumpable(Facts(server.session(), "live"))


def test_a_backslash_in_the_schemas_name_is_refused_by_name(server: Server) -> None:
    with pytest.raises(BackupError, match=r"quote or backslash in the schema's name: schema 'a"):
        require_dumpable_names(Facts(server.session(), "a\\b"))
