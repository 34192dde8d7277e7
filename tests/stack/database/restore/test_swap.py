"""On a real server, a swap killed at any point leaves the old or the new data complete."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.definitions import Definition
from cosmicdeploy.database.schema.schemas import shadow_name
from cosmicdeploy.database.session import Session, open_session
from cosmicdeploy.database.swap.interrupted import resolve_interrupted_swap
from cosmicdeploy.database.swap.record import SwapRecord
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data, swap, swap_back
from tests.conftest import Tries
from tests.stack.stacks.databases import NAME, cursor, renew, schemas, snapshot

pytestmark = pytest.mark.stack

# Without --faults=all, a kill is tried only at every n-th statement.
SAMPLED = 4
READING = ("SELECT", "SHOW", "SET", "USE")

STATE = """
CREATE TABLE a (id INT PRIMARY KEY, b INT, note VARCHAR(20) DEFAULT '{word}')

CREATE TABLE b (id INT PRIMARY KEY, a INT, CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id))

ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b (id)

CREATE TABLE only_{word} (id INT PRIMARY KEY AUTO_INCREMENT)

CREATE FUNCTION doubled(n INT) RETURNS INT DETERMINISTIC RETURN n * {number} -- {word}

CREATE PROCEDURE only_{word}_too() SELECT "{word}"

CREATE TRIGGER z_first BEFORE INSERT ON a FOR EACH ROW SET NEW.note = '{word}'

CREATE DEFINER=ghost@'%' TRIGGER gone AFTER DELETE ON b FOR EACH ROW SET @x = 1

CREATE TRIGGER a_second BEFORE INSERT ON a FOR EACH ROW SET NEW.note = CONCAT(NEW.note, '{number}')

CREATE VIEW y AS SELECT id, doubled(id) AS twice, '{word}' AS word FROM a

CREATE DEFINER=ghost@'%' VIEW x AS SELECT twice, word FROM y

INSERT INTO a (id) VALUES (1), ({number})

INSERT INTO b VALUES (1, 1)

UPDATE a SET b = 1
"""
SETTING = (
    "SET sql_mode = 'NO_BACKSLASH_ESCAPES', time_zone = '+03:00',"
    " collation_connection = utf8mb4_general_ci"
)
EVENT = "CREATE EVENT tick ON SCHEDULE EVERY {number} DAY STARTS '2037-01-01' DO DELETE FROM a"


@pytest.fixture
def access(any_server: DatabaseAccess) -> DatabaseAccess:
    return any_server


def prepare(access: DatabaseAccess) -> tuple[dict[str, Any], dict[str, Any]]:
    """Create an old live state and a new shadow state; return a snapshot of each when live."""
    states = []
    for word, number in (("new", 7), ("old", 5)):
        renew(access, "utf8mb4" if word == "old" else "latin1")
        with cursor(access) as opened:
            opened.execute(SETTING)
            for statement in f"{STATE}\n\n{EVENT}".strip().split("\n\n"):
                opened.execute(statement.format(word=word, number=number))
        states.append(snapshot(access))
    load(access)
    return states[1], states[0]


def load(access: DatabaseAccess) -> None:
    """Create the new state in the shadow schema as a load does: the event is deferred."""
    shadow = shadow_name(NAME)
    with cursor(access, None) as opened:
        opened.execute(f"CREATE DATABASE {shadow} CHARACTER SET latin1")
        opened.execute(f"USE {shadow}")
        opened.execute(SETTING)
        for statement in STATE.strip().split("\n\n"):
            opened.execute(statement.format(word="new", number=7))
    with open_session(access) as session:
        SwapRecord(session, NAME).hold_events((tick(),))


def tick() -> Definition:
    return Definition(
        kind="EVENT",
        name="tick",
        statement="CREATE DEFINER=`root`@`%` EVENT `tick` ON SCHEDULE EVERY 7 DAY STARTS"
        " '2037-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE DO DELETE FROM a",
        charset="utf8mb4",
        collation="utf8mb4_general_ci",
        sql_mode="NO_BACKSLASH_ESCAPES",
        database_collation="latin1_swedish_ci",
        time_zone="+03:00",
    )


def killed(action: Callable[[DatabaseAccess], object], access: DatabaseAccess, at: int) -> bool:
    """Run an action in a process that dies right before its n-th statement that writes."""
    process = multiprocessing.get_context("fork").Process(target=dying, args=(action, access, at))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def dying(action: Callable[[DatabaseAccess], object], access: DatabaseAccess, at: int) -> None:
    run, left = Session._run, [at]

    def counted(session: Session, sql: str | bytes, *parameters: object) -> Any:
        text = sql if isinstance(sql, str) else sql.decode("latin1")
        left[0] -= not text.startswith(READING)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return run(session, sql, *parameters)

    Session._run = counted  # type: ignore[method-assign]
    action(access)


def test_a_swap_and_a_swap_back_move_everything(access: DatabaseAccess) -> None:
    old, new = prepare(access)
    swap(access)
    assert snapshot(access) == new
    assert has_replaced_data(access)
    assert schemas(access) == {NAME, f"{NAME}__before", f"{NAME}__swap"}
    swap_back(access)
    assert snapshot(access) == old
    assert schemas(access) == {NAME}
    load(access)
    swap(access)
    drop_replaced_data(access)
    assert snapshot(access) == new
    assert schemas(access) == {NAME}
    with cursor(access) as opened:
        opened.execute("INSERT INTO a (id) VALUES (99)")
        opened.execute("SELECT note FROM a WHERE id = 99")
        assert opened.fetchone() == ("new7",)  # both triggers, in their order


@pytest.mark.fault("kill -9 at a statement of the swap")
def test_a_swap_killed_at_any_statement_leaves_the_old_or_the_new_data_complete(
    access: DatabaseAccess, tries: Tries, every_place: bool
) -> None:
    old, new = prepare(access)
    seen, at = set(), 1
    while killed(swap, access, at):
        with tries.attempt(f"statement {at}"):
            seen.add(resolve_interrupted_swap(access).state)
            assert resolve_interrupted_swap(access).state == "nothing"
            if has_replaced_data(access):
                assert snapshot(access) == new
                swap_back(access)
                load(access)
            assert snapshot(access) == old
        at += 1 if every_place else SAMPLED
    assert tries.failures == []
    assert {"nothing", "old", "new"} == seen
    assert snapshot(access) == new  # by the run that was not killed


@pytest.mark.fault("kill -9 at a statement of the swap back")
def test_a_swap_back_killed_at_any_statement_leaves_complete_data(
    access: DatabaseAccess, tries: Tries, every_place: bool
) -> None:
    old, new = prepare(access)
    swap(access)
    seen, at = set(), 1
    while killed(swap_back, access, at):
        with tries.attempt(f"statement {at}"):
            seen.add(resolve_interrupted_swap(access).state)
            if has_replaced_data(access):
                assert snapshot(access) == new
            else:
                assert snapshot(access) == old
                assert schemas(access) == {NAME}
                load(access)
                swap(access)
        at += 1 if every_place else SAMPLED
    assert tries.failures == []
    assert {"nothing", "old", "new"} == seen
    assert snapshot(access) == old


def test_a_swap_of_tables_that_stay_locked_changes_nothing(
    access: DatabaseAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = prepare(access)
    monkeypatch.setattr("cosmicdeploy.database.session.GIVE_UP_SECONDS", 1)
    with cursor(access) as opened:
        opened.execute("BEGIN")
        opened.execute("SELECT * FROM a")
        with pytest.raises(Exception, match="Lock wait timeout"):
            swap(access)
    assert snapshot(access) == old
    swap(access)
    assert snapshot(access) == new
