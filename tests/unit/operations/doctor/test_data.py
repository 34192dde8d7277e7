"""What a backup needs: the database's rights and settings, and the places where backups go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.database.dump import requirements
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import DatabaseError, EngineError
from cosmicdeploy.operations.doctor.checks.data import database as database_check
from cosmicdeploy.operations.doctor.checks.data.backups import backups
from cosmicdeploy.operations.doctor.checks.data.database import database
from cosmicdeploy.operations.doctor.outcome import Outcome, Verdict
from tests.unit.database.fake_server import Schema, Server
from tests.unit.operations.doctor.world import FILES, SETTINGS, World, opened, run

pytestmark = pytest.mark.unit
ENV = FILES[".env"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """The database server of the stack."""
    server = Server({"shop": Schema("shop_ci", {"a": "1"})})

    @contextmanager
    def session(*_: object) -> Iterator[object]:
        yield server.session()

    tools: Any = SimpleNamespace(seen_settings=lambda: {"sql_select_limit": "1000"})
    monkeypatch.setattr(requirements, "open_session", session)
    monkeypatch.setattr(requirements, "find_tools", lambda *_: tools)
    return server


def checked(folder: Path, settings: str = SETTINGS) -> Outcome:
    world = World()
    run(world, "db", folder)
    return database(opened(folder, world, cosmicdeploy=settings))


def test_a_database_that_can_be_backed_up_holds(tmp_path: Path, server: Server) -> None:
    outcome = checked(tmp_path)
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.found == "root@172.20.0.2:3306/shop can be backed up and restored"
    assert server.schemas == {"shop": Schema("shop_ci", {"a": "1"})}, "nothing was changed"


def test_every_missing_privilege_is_named_with_the_statement_to_paste(
    tmp_path: Path, server: Server
) -> None:
    server.grants = ("GRANT SELECT ON `shop`.* TO `root`@`%`",)
    flaws = checked(tmp_path).flaws
    assert len(flaws) == 2, "those of a dump, and those of a restore"
    assert all(each.stake == "deploy" for each in flaws)
    assert "SHOW VIEW, TRIGGER, EVENT, EXECUTE on shop" in flaws[0].why
    assert flaws[0].lines == (
        "GRANT SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `shop`.* TO `root`@`%`;",
    )
    schemas = ("shop", "shop\\_\\_swap", "shop\\_\\_proof")
    assert all(any(f"ON `{each}`.*" in line for line in flaws[1].lines) for each in schemas)


def test_a_setting_of_the_server_and_a_missing_privilege_are_both_named(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.grants = ("GRANT SELECT ON `shop`.* TO `root`@`%`",)
    tools: Any = SimpleNamespace(seen_settings=lambda: {"sql_select_limit": "0"})
    monkeypatch.setattr(requirements, "find_tools", lambda *_: tools)
    whys = " ".join(each.why for each in checked(tmp_path).flaws)
    assert "sql_select_limit" in whys and "lacks privileges" in whys


def test_an_engine_that_stops_answering_hides_no_flaw_that_was_found(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent() -> dict[str, str]:
        raise EngineError("The engine does not answer")

    server.grants = ("GRANT SELECT ON `shop`.* TO `root`@`%`",)
    tools: Any = SimpleNamespace(seen_settings=silent)
    monkeypatch.setattr(requirements, "find_tools", lambda *_: tools)
    outcome = checked(tmp_path)
    assert "lacks privileges" in outcome.flaws[0].why
    assert outcome.unchecked[0].why == "The engine does not answer"


def test_the_server_ends_a_statement_that_no_check_waits_for(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = list[str]()
    run_statement = Session.execute

    def execute(session: Session, sql: Any, *parameters: object) -> None:
        statements.append(sql % parameters if parameters else sql)
        run_statement(session, sql, *parameters)

    monkeypatch.setattr(Session, "execute", execute)
    checked(tmp_path)
    assert "/*M!100100 , max_statement_time = 60.0 */" in statements[0]
    assert "/*!50708 , max_execution_time = 60000 */" in statements[0]


def test_a_database_that_does_not_run_is_not_checked(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="The container of db does not exist"):
        database(opened(tmp_path, World()))


def test_a_password_that_is_not_set_is_a_flaw_even_before_the_database_runs(
    tmp_path: Path,
) -> None:
    ctx = opened(tmp_path, World())
    (tmp_path / ".env").write_text(ENV)
    assert ctx.loaded.variables["DB_ROOT_PASSWORD"]
    named = SETTINGS.replace("{name: shop}", "{name: shop, password_variable: NO_SUCH}")
    [flaw] = database(opened(tmp_path, World(), cosmicdeploy=named)).flaws
    assert flaw.why.startswith("The variable NO_SUCH is not set")


@pytest.mark.parametrize(("code", "verdict"), [(1045, Verdict.LOSES), (2013, Verdict.NOT_CHECKED)])
def test_a_refused_login_is_a_flaw_and_a_silent_server_is_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, verdict: Verdict
) -> None:
    def fail(*_: object) -> Iterator[DatabaseError]:
        raise DatabaseError("The server says no") from RuntimeError(code)

    monkeypatch.setattr(database_check, "unmet_requirements", fail)
    assert checked(tmp_path).verdict is verdict


def test_without_a_database_what_keeps_data_is_said_to_have_no_backup(tmp_path: Path) -> None:
    settings = SETTINGS.replace(", database: db", "").replace("database: {name: shop}\n", "")
    outcome = checked(tmp_path, settings)
    assert outcome.verdict is Verdict.WARNS
    assert "no backup has the data of db" in outcome.flaws[0].loses


def with_copies(folder: Path, copies: str, **variables: str) -> Outcome:
    ctx = opened(folder, World(), cosmicdeploy=f"{SETTINGS}backup: {{{copies}}}\n")
    return backups(ctx)


def test_a_stack_without_copies_says_so(tmp_path: Path) -> None:
    outcome = backups(opened(tmp_path, World()))
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.found == f"{tmp_path}/data-kiosk/backups, no copy elsewhere (backup.copies)"


def test_a_destination_on_this_machine_must_be_writable(tmp_path: Path) -> None:
    copies = f"copies: [{{url: {tmp_path}/away/copies}}]"
    assert f"copies to {tmp_path}/away/copies" in with_copies(tmp_path, copies).found
    assert not (tmp_path / "away").exists(), "nothing is created"


def test_a_destination_that_is_closed_is_a_flaw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root, as whom the tests may run, may write everywhere."""
    may_be = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.F_OK and may_be(path, mode))
    [flaw] = with_copies(tmp_path, f"copies: [{{url: '{tmp_path}/my copies'}}]").flaws
    assert flaw.stake == "data" and f"'{tmp_path}/my copies'` as root" in flaw.todo


def test_a_destination_elsewhere_is_listed_and_its_writability_left_open(tmp_path: Path) -> None:
    outcome = with_copies(tmp_path, "copies: [{url: 'memory://backups'}]")
    assert outcome.verdict is Verdict.NOT_CHECKED
    assert "whether it can be written is not tried" in outcome.unchecked[0].why


@pytest.mark.parametrize(("required", "stake"), [("true", "deploy"), ("false", "data")])
def test_a_destination_that_cannot_be_opened_is_a_flaw(
    tmp_path: Path, required: str, stake: str
) -> None:
    copies = f"copies: [{{url: 'nosuch://x', required: {required}}}]"
    [flaw] = with_copies(tmp_path, copies).flaws
    assert flaw.stake == stake and "nosuch" in flaw.why


def test_a_key_that_is_not_set_is_a_flaw(tmp_path: Path) -> None:
    [flaw] = with_copies(tmp_path, "signing_key_variable: BACKUP_KEY").flaws
    assert flaw.stake == "deploy" and "BACKUP_KEY is not set" in flaw.why
