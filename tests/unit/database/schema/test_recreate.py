"""Objects are created under recorded settings, which are restored in every case."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.creatable import require_creatable_events
from cosmicdeploy.database.schema.definitions import Definition, Definitions
from cosmicdeploy.database.schema.rebuilding.create import create_all
from cosmicdeploy.database.schema.recreate import broken_views, recreate_objects
from cosmicdeploy.errors import CosmicError, DatabaseError
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
TICKING = Definitions(collation="utf8mb4_unicode_ci", objects=(TICK,))
VIEWS = Definitions(
    collation="utf8mb4_unicode_ci",
    objects=tuple(
        Definition(
            kind="VIEW",
            name=name,
            statement=f"CREATE DEFINER=`a`@`%` VIEW `{name}` AS SELECT 1",
            charset="utf8mb4",
            collation="utf8mb4_general_ci",
        )
        for name in ("v", "w")
    ),
)
# Errors that say nothing about the statement: the connection, the session or the wait has ended.
NO_REFUSALS = [
    (2013, "Lost connection to MySQL server during query"),
    (2006, "MySQL server has gone away"),
    (0, ""),
    (1053, "Server shutdown in progress"),
    (1205, "Lock wait timeout exceeded"),
    (1317, "Query execution was interrupted"),
    (1927, "Connection was killed"),
    (4031, "The client was disconnected by the server because of inactivity"),
]


@pytest.mark.parametrize("unknown", ["Europe/Berlin", "ANSI_QUOTES", "latin1", "latin1_german1_ci"])
def test_a_refused_setting_leaves_the_schema_s_collation_as_it_was(unknown: str) -> None:
    server = Server({"live": Schema("utf8mb4_unicode_ci")}, unknown={unknown})
    with pytest.raises(CosmicError):
        create_all(server.session(), "live", TICKING)
    assert server.schemas == {"live": Schema("utf8mb4_unicode_ci")}


def test_a_refused_statement_leaves_session_and_schema_as_they_were() -> None:
    server = Server({"live": Schema("utf8mb4_unicode_ci")}, refused_events={"tick"})
    session = server.session()
    with pytest.raises(CosmicError):
        create_all(session, "live", TICKING)
    assert server.schemas == {"live": Schema("utf8mb4_unicode_ci")}
    session.execute("CREATE EVENT `tock` ON SCHEDULE EVERY 1 DAY DO SELECT 1")
    assert server.schemas["live"].events["tock"]["time_zone"] == "SYSTEM"


def test_an_object_is_created_under_its_own_settings() -> None:
    server = Server({"live": Schema("utf8mb4_unicode_ci")})
    create_all(server.session(), "live", TICKING)
    assert server.schemas["live"].collation == "utf8mb4_unicode_ci"
    assert server.schemas["live"].events["tick"] == {
        "sql_mode": "ANSI_QUOTES",
        "time_zone": "Europe/Berlin",
        "character_set_client": "latin1",
        "collation_connection": "latin1_swedish_ci",
        "Database Collation": "latin1_german1_ci",
        "statement": TICK.statement,
    }


@pytest.mark.parametrize("over", [set(), {"größe"}], ids=["", "over"])
def test_names_with_umlauts_are_found_again(over: set[str]) -> None:
    """With the event's own character set, the server would read other names."""
    size = TICK.model_copy(
        update={"name": "größe", "statement": TICK.statement.replace("tick", "größe")}
    )
    server = Server({"länder": Schema("utf8mb4_unicode_ci")}, over=over)
    objects = Definitions(collation="utf8mb4_unicode_ci", objects=(size,))
    notes = recreate_objects(server.session(), "länder", objects)
    assert [note.split(",")[0] for note in notes] == [
        f"the time of event {each} is over" for each in over
    ]
    created = server.schemas["länder"].events["größe"]
    assert created["character_set_client"] == "latin1"
    assert created["Database Collation"] == "latin1_german1_ci"
    assert require_creatable_events(server.session(), "länder", [size]) == notes


def test_a_view_that_the_server_refuses_is_broken() -> None:
    server = Server(view_errors={"v": (1356, "View 'v' references invalid table(s)")})
    assert list(broken_views(server.session(), VIEWS)) == ["v"]


@pytest.mark.parametrize("error", NO_REFUSALS)
def test_a_lost_connection_makes_no_view_broken(error: tuple[int, str]) -> None:
    server = Server(view_errors={"v": error})
    with pytest.raises(DatabaseError, match=f"{error[0]} {error[1]}"):
        broken_views(server.session(), VIEWS)


@pytest.mark.parametrize("error", [each for each in NO_REFUSALS if each[0] != 1205])
def test_a_lost_connection_ends_the_creation_of_views(error: tuple[int, str]) -> None:
    server = Server({"live": Schema("utf8mb4_unicode_ci")}, view_errors={"v": error})
    with pytest.raises(DatabaseError, match=f"{error[0]} {error[1]}"):
        recreate_objects(server.session(), "live", VIEWS)
    assert server.views == []


def test_a_view_may_be_created_after_the_view_that_it_uses() -> None:
    server = Server({"live": Schema("utf8mb4_unicode_ci")})
    server.view_errors["v"] = (1146, "Table 'live.w' doesn't exist")
    server.before = lambda text: server.view_errors.clear() if "VIEW `w`" in text else None
    recreate_objects(server.session(), "live", VIEWS)
    assert server.views == ["w", "v"]
