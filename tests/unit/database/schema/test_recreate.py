"""Objects are created under recorded settings, which are restored in every case."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.definitions import Definition
from cosmicdeploy.database.schema.recreate import create_objects
from cosmicdeploy.errors import CosmicError
from tests.unit.database.fake_server import Schema, Server

pytestmark = pytest.mark.unit

TICK = Definition(
    kind="EVENT",
    name="tick",
    statement="CREATE EVENT `tick` ON SCHEDULE EVERY 7 DAY STARTS '2037-01-01 00:00:00'"
    " ON COMPLETION NOT PRESERVE ENABLE DO DELETE FROM a",
    charset="latin1",
    collation="latin1_swedish_ci",
    sql_mode="ANSI_QUOTES",
    database_collation="latin1_german1_ci",
    time_zone="Europe/Berlin",
)


@pytest.mark.parametrize("unknown", ["Europe/Berlin", "ANSI_QUOTES", "latin1", "latin1_german1_ci"])
def test_a_refused_setting_leaves_the_schema_s_collation_as_it_was(unknown: str) -> None:
    server = Server({"live": Schema("utf8mb4_unicode_ci")}, unknown={unknown})
    with pytest.raises(CosmicError):
        create_objects(server.session(), "live", [TICK])
    assert server.schemas == {"live": Schema("utf8mb4_unicode_ci")}


def test_a_refused_statement_leaves_session_and_schema_as_they_were() -> None:
    server = Server({"live": Schema("utf8mb4_unicode_ci")}, refused_events={"tick"})
    session = server.session()
    with pytest.raises(CosmicError):
        create_objects(session, "live", [TICK])
    assert server.schemas == {"live": Schema("utf8mb4_unicode_ci")}
    session.execute("CREATE EVENT `tock` ON SCHEDULE EVERY 1 DAY DO SELECT 1")
    assert server.schemas["live"].events["tock"]["time_zone"] == "SYSTEM"


def test_an_object_is_created_under_its_own_settings() -> None:
    server = Server({"live": Schema("utf8mb4_unicode_ci")})
    create_objects(server.session(), "live", [TICK])
    assert server.schemas["live"].collation == "utf8mb4_unicode_ci"
    assert server.schemas["live"].events["tick"] == {
        "sql_mode": "ANSI_QUOTES",
        "time_zone": "Europe/Berlin",
        "character_set_client": "latin1",
        "collation_connection": "latin1_swedish_ci",
        "Database Collation": "latin1_german1_ci",
        "statement": TICK.statement,
    }
