"""A swap tests before it moves a table whether the events can be created, and is never stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cosmicdeploy.database.schema.definitions import Definition
from cosmicdeploy.database.session import Session
from cosmicdeploy.database.swap import interrupted, swap
from cosmicdeploy.database.swap.interrupted import is_swap_interrupted, resolve_interrupted_swap
from cosmicdeploy.database.swap.record import SwapRecord
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data, swap_back
from cosmicdeploy.errors import BackupError, CosmicError, DatabaseError
from tests.unit.database.events import BERLIN, STATEMENT, TICK, TOKYO
from tests.unit.database.fake_server import ACCESS, Killed, Schema, Server, killing

pytestmark = pytest.mark.unit

TRIGGER = "CREATE DEFINER=`root`@`%` TRIGGER `note` BEFORE INSERT ON `a` FOR EACH ROW SET @x = 1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with live data and a loaded backup; the live event has Tokyo's time zone."""
    server = Server({"live": Schema("live_ci", {"a": "old", "b": "old"})})
    own = server.session()
    own.execute(TRIGGER)
    own.execute("SET SESSION time_zone = %s", TOKYO)
    own.execute(STATEMENT)
    server.schemas["live__restore"] = Schema("shadow_ci", {"a": "new", "c": "new"})
    own.use("live__restore")
    own.execute(TRIGGER)

    @contextmanager
    def open_session(*_: object) -> Iterator[Session]:
        yield server.session()

    for module in (interrupted, swap):
        monkeypatch.setattr(module, "open_session", open_session)
    hold(server, TICK)
    server.enabled_in.clear()
    return server


def hold(server: Server, *events: Definition) -> None:
    SwapRecord(server.session(), "live").hold_events(events)


def when(server: Server, start: str, act: Callable[[], None]) -> None:
    """Call `act` after the swap's statement that begins with `start`, before the next statement."""
    seen: list[str] = []

    def before(statement: str) -> None:
        if seen and seen[-1].startswith(start):
            act()
        seen.append(statement)

    server.before = before


def test_the_events_are_created_under_their_settings_once_the_tables_are_live(
    server: Server,
) -> None:
    old = server.state("live")
    swap.swap(ACCESS)
    live = server.schemas["live"]
    assert (live.tables, live.collation) == ({"a": "new", "c": "new"}, "shadow_ci")
    assert live.events["tick"]["statement"] == STATEMENT
    assert live.events["tick"]["time_zone"] == BERLIN
    assert live.events["tick"]["Database Collation"] == "latin1_german1_ci"
    swap_back(ACCESS)
    assert server.state() == old
    assert server.enabled_in == {"live"}


PRESERVED = STATEMENT.replace("NOT PRESERVE", "PRESERVE")


@pytest.mark.parametrize("text", [STATEMENT, PRESERVED])
def test_an_event_whose_time_is_over_is_restored_disabled_and_named(
    server: Server, text: str
) -> None:
    hold(server, TICK.model_copy(update={"statement": text}))
    server.over = {"tick"}
    [note] = swap.swap(ACCESS).notes
    assert "the time of event tick is over" in note and "ALTER EVENT" in note
    created = server.schemas["live"].events["tick"]
    assert created["statement"] == text.replace(" ENABLE DO ", " DISABLE DO ")
    assert created["time_zone"] == BERLIN


def test_a_disabled_event_whose_time_is_over_is_restored_as_it_was(server: Server) -> None:
    text = STATEMENT.replace(" ENABLE DO ", " DISABLE DO ")
    hold(server, TICK.model_copy(update={"statement": text}))
    server.over = {"tick"}
    assert swap.swap(ACCESS).notes == ()
    assert server.schemas["live"].events["tick"]["statement"] == text


def test_an_event_that_a_server_with_its_own_clock_drops_is_named_as_lost(server: Server) -> None:
    server.over, server.secure_timestamp = {"tick"}, True
    [note] = swap.swap(ACCESS).notes
    assert note.startswith("event tick is lost")
    assert "tick" not in server.schemas["live"].events


def test_an_event_of_the_replaced_data_whose_time_is_over_is_named_by_an_undo(
    server: Server,
) -> None:
    swap.swap(ACCESS)
    server.over = {"tick"}
    [note] = swap_back(ACCESS).notes
    assert "the time of event tick is over" in note


SETTINGS = [
    (BERLIN, "time_zone"),
    ("ANSI_QUOTES", "sql_mode"),
    ("latin1", "character_set_client"),
    ("latin1_bin", "collation_connection"),
    ("latin1_german1_ci", "collation of its schema"),
]


@pytest.mark.parametrize(("unknown", "setting"), SETTINGS)
def test_an_event_whose_settings_the_server_does_not_know_is_refused(
    server: Server, unknown: str, setting: str
) -> None:
    before = server.state()
    server.unknown = {unknown}
    with pytest.raises(BackupError, match="event tick needs") as caught:
        swap.swap(ACCESS)
    assert unknown in caught.value.what and setting in caught.value.what
    assert ("mariadb-tzinfo-to-sql" in caught.value.todo) is (unknown == BERLIN)
    assert caught.value.todo
    assert server.state() == before


@pytest.mark.parametrize(
    ("lists_all", "words"),
    [(True, f"event tick needs the time_zone '{TOKYO}'"), (False, "events of live cannot be read")],
)
def test_an_event_of_the_live_data_that_an_undo_could_not_create_is_refused(
    server: Server, lists_all: bool, words: str
) -> None:
    server.lists_all_events, server.unknown = lists_all, {TOKYO}
    before = server.state()
    with pytest.raises(CosmicError, match=words) as caught:
        swap.swap(ACCESS)
    assert "mariadb-tzinfo-to-sql" in caught.value.todo
    assert server.state() == before


@pytest.mark.parametrize("text", [STATEMENT, STATEMENT.replace("EVENT `tick`", "EVENT tick")])
def test_an_event_that_the_server_refuses_is_refused_before_a_table_moves(
    server: Server, text: str
) -> None:
    hold(server, TICK.model_copy(update={"name": "other", "statement": text}))
    before = server.state()
    server.refused_events = {"tick"}
    with pytest.raises(BackupError, match=r"event (other|tick) cannot be created .*1577"):
        swap.swap(ACCESS)
    assert server.state() == before
    assert server.enabled_in == set()


def test_an_event_that_cannot_be_created_disabled_is_not_tried(server: Server) -> None:
    """A forged text could name a schema, or hide its status in a string."""
    for text in (
        "CREATE EVENT `live`.`tick` ON SCHEDULE AT '2037-01-01' ON COMPLETION PRESERVE ENABLE DO x",
        "CREATE EVENT `tick` ON SCHEDULE AT ' ON COMPLETION PRESERVE DISABLE DO ' ENABLE DO x",
        "CREATE EVENT `tick` ON SCHEDULE AT '2037-01-01' DO x",
    ):
        hold(server, TICK.model_copy(update={"statement": text}))
        before = server.state()
        with pytest.raises(BackupError, match="event tick has another text than a server writes"):
            swap.swap(ACCESS)
        assert server.state() == before
    assert server.enabled_in == set()


def test_a_swap_that_cannot_be_finished_is_undone(server: Server) -> None:
    """The server loses its time zone tables between the test of the events and their creation."""
    old = server.state("live")
    when(server, "RENAME TABLE `live`", lambda: server.unknown.add(BERLIN))
    with pytest.raises(CosmicError, match=BERLIN):
        swap.swap(ACCESS)
    assert server.state() == old


@pytest.fixture
def stuck(server: Server) -> Server:
    """A server with a swap that was killed after its tables moved; its event cannot be created."""
    when(server, "RENAME TABLE `live`", lambda: killing(1)(""))
    with pytest.raises(Killed):
        swap.swap(ACCESS)
    server.before = lambda _: None
    server.unknown = {BERLIN}
    assert server.schemas["live"].tables == {"a": "new", "c": "new"}
    return server


def test_a_killed_swap_that_cannot_be_finished_is_undone(stuck: Server) -> None:
    outcome = resolve_interrupted_swap(ACCESS)
    assert outcome.state == "old" and BERLIN in outcome.description
    assert stuck.schemas.keys() == {"live"}
    live = stuck.schemas["live"]
    assert (live.tables, live.collation) == ({"a": "old", "b": "old"}, "live_ci")
    assert live.events["tick"]["time_zone"] == TOKYO and "note" in live.triggers
    assert not is_swap_interrupted(ACCESS) and not has_replaced_data(ACCESS)


def test_an_undo_of_a_stuck_swap_can_be_killed_anywhere(stuck: Server) -> None:
    start, seen, at = stuck.state(), set(), 1
    while True:
        stuck.schemas, stuck.before = Server(start).state(), killing(at)
        try:
            resolve_interrupted_swap(ACCESS)
            break
        except Killed:
            stuck.before = lambda _: None
            seen.add(resolve_interrupted_swap(ACCESS).state)
        assert stuck.schemas.keys() == {"live"}, at
        live = stuck.schemas["live"]
        assert (live.tables, live.collation) == ({"a": "old", "b": "old"}, "live_ci"), at
        assert live.events["tick"]["time_zone"] == TOKYO and "note" in live.triggers, at
        at += 1
    assert at > 10 and {"old", "new"} <= seen


def test_a_swap_that_can_be_neither_finished_nor_undone_loses_nothing(stuck: Server) -> None:
    before, stuck.unknown = stuck.state(), {BERLIN, TOKYO}
    for _ in range(2):
        with pytest.raises(DatabaseError, match="neither finished nor undone") as caught:
            resolve_interrupted_swap(ACCESS)
        assert "mariadb-tzinfo-to-sql" in caught.value.todo
        assert "live__before" in caught.value.details[-1]
        assert any(BERLIN in line for line in caught.value.details)
        assert any(TOKYO in line for line in caught.value.details)
    assert stuck.state("live__before", "live__swap") == {
        name: before[name] for name in ("live__before", "live__swap")
    }
    assert stuck.schemas["live"].tables == before["live"].tables
    stuck.unknown = set()
    assert resolve_interrupted_swap(ACCESS).state == "new"
    assert stuck.schemas["live"].events["tick"]["time_zone"] == BERLIN
    drop_replaced_data(ACCESS)
    assert stuck.schemas.keys() == {"live"}
