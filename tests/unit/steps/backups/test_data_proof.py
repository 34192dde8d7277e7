"""The proof of a backup's data runs in the background of the soak."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.restore import background_proof
from cosmicdeploy.database.restore.background_proof import BackgroundProof
from cosmicdeploy.database.restore.verify import RestoreTest, Verification
from cosmicdeploy.errors import CheckFailed, DatabaseError
from cosmicdeploy.events import Event, Warned
from cosmicdeploy.steps.backups.data_proof import proving_data, warn_of_missing_proof
from tests.unit.database.fake_server import ACCESS

pytestmark = pytest.mark.unit

ID = "20260301-120000-cccc"


@pytest.fixture
def proving(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A run with a backup that waits for its proof."""
    monkeypatch.setattr(Context, "database", lambda _: ACCESS)
    monkeypatch.setattr(background_proof, "scratch_name", lambda live: f"{live}__verify_1")
    backup: Any = SimpleNamespace(id=ID, proof="data proven")
    catalogue: Any = SimpleNamespace(get=lambda _: backup)
    ctx = replace(ctx.with_run(data_proof=BackgroundProof()), catalogue=catalogue)
    ctx.run.data_proof.backup = backup
    return ctx


def loads(monkeypatch: pytest.MonkeyPatch, load: Any) -> None:
    monkeypatch.setattr(background_proof, "verify_restore_and_record", load)


def warnings(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Warned)]


def test_the_soak_continues_during_the_proof_and_waits_for_its_end(
    proving: Context, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = threading.Event()

    def load(*args: Any) -> Verification:
        assert args[-1] == RestoreTest(data=True, connections=1, schema="live__verify_1")
        assert watching.wait(10), "the block runs while the backup is loaded"
        return Verification(backup_id=ID)

    loads(monkeypatch, load)
    with proving_data(proving) as facts:
        watching.set()
    assert facts["data_proof"]["backup"] == ID and facts["data_proof"]["passed"]
    assert warnings(events) == []
    warn_of_missing_proof(proving)
    assert warnings(events) == []


def test_a_backup_that_does_not_restore_is_a_warning_and_undoes_nothing(
    proving: Context, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    loads(monkeypatch, lambda *_: Verification(backup_id=ID, reasons=("table a differs",)))
    with proving_data(proving) as facts:
        pass
    assert facts["data_proof"]["reasons"] == ["table a differs"]
    [line] = warnings(events)
    assert f"{ID} DOES NOT RESTORE" in line and "`cosmicdeploy backup create`" in line


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (DatabaseError("The database cannot be reached"), "The database cannot be reached"),
        (OSError(28, "No space left on device"), "The machine fails: No space left on device"),
        (ValueError("no zstd frame"), "Unexpected ValueError: no zstd frame"),
    ],
)
def test_an_error_of_the_proof_proves_nothing_and_undoes_nothing(
    proving: Context,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    why: str,
) -> None:
    def load(*_: Any) -> Verification:
        raise error

    loads(monkeypatch, load)
    with proving_data(proving) as facts:
        pass
    assert not facts["data_proof"]["passed"]
    assert f"the data of {ID} could not be proven: {why}" in warnings(events)[0]
    assert f"`cosmicdeploy backup verify {ID} --data`" in warnings(events)[0]


@contextmanager
def no_server(*_: object) -> Iterator[None]:
    raise DatabaseError("The database cannot be reached")
    yield


def test_a_soak_that_fails_ends_the_proof(
    proving: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_proof, "open_session", no_server)
    ended = threading.Event()

    def load(*args: Any) -> Verification:
        pace = args[4]
        try:
            while True:
                pace(1)
        finally:
            ended.set()

    loads(monkeypatch, load)
    with pytest.raises(CheckFailed), proving_data(proving):
        raise CheckFailed("web ended", todo="see its log")
    assert ended.is_set()


def test_a_soak_that_fails_ends_what_the_proof_runs_on_the_server(
    proving: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement such as the build of an index or the checksum of a large table is ended too."""
    begun, ended, attempts = threading.Event(), threading.Event(), []

    def load(*_: Any) -> Verification:
        begun.set()
        assert ended.wait(10)
        raise DatabaseError("Connection was killed")

    def end_sessions(_session: Any, schema: str) -> None:
        attempts.append(schema)
        if len(attempts) == 3:  # the first sessions end before the proof opens its next one
            ended.set()

    @contextmanager
    def open_session(*_: object) -> Iterator[None]:
        yield None

    monkeypatch.setattr(background_proof, "END_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(background_proof, "open_session", open_session)
    monkeypatch.setattr(background_proof, "end_sessions", end_sessions)
    loads(monkeypatch, load)
    with pytest.raises(CheckFailed), proving_data(proving):
        assert begun.wait(10)
        raise CheckFailed("web ended", todo="see its log")
    assert not proving.run.data_proof.is_running
    assert set(attempts) == {"live__verify_1"} and len(attempts) >= 3


@pytest.mark.parametrize("prove", ["data", "structure"])
@pytest.mark.parametrize("proven", [None, "proven before"])
def test_the_backup_of_a_resumed_run_is_proven_too(
    proving: Context,
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    prove: str,
    proven: str | None,
) -> None:
    backup: Any = SimpleNamespace(
        id=ID, proof="data proven", is_good=True, state=SimpleNamespace(data=proven)
    )
    resumed: Any = SimpleNamespace(
        intents=[SimpleNamespace(kind="backup", done=True, facts={"backup": ID})]
    )
    settings = SimpleNamespace(
        backup=SimpleNamespace(prove=prove), database=SimpleNamespace(name="live")
    )
    ctx = replace(
        proving.with_run(data_proof=BackgroundProof(), resumed_runs=(resumed,)),
        loaded=SimpleNamespace(settings=settings),
        catalogue=SimpleNamespace(get=lambda _: backup),
    )
    loads(monkeypatch, lambda *_: Verification(backup_id=ID))
    with proving_data(ctx) as facts:
        pass
    assert ("data_proof" in facts) == (prove == "data" and proven is None)
    assert warnings(events) == []


def test_without_a_soak_a_warning_names_the_missing_proof(
    proving: Context, events: list[Event]
) -> None:
    warn_of_missing_proof(proving)
    assert f"the data of {ID} is not proven" in warnings(events)[0]
