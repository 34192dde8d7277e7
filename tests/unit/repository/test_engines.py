"""The other engines and the matrix, as far as they can be tested without starting an engine."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bootstrap.engines import catalogue, daemon
from bootstrap.engines.__main__ import main
from bootstrap.engines.catalogue import ENGINES, NEWEST
from tests.matrix.result import Row
from tests.matrix.table import table

pytestmark = pytest.mark.unit


def test_the_name_of_a_socket_is_short_enough() -> None:
    assert NEWEST in ENGINES
    for kind in ENGINES.values():
        assert len(kind.socket.removeprefix("unix://")) < 100, kind.name


def test_an_unknown_engine_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "27"]) == 1
    assert f"choose one of {', '.join(ENGINES)}" in capsys.readouterr().err
    assert main(["up"]) == 2


def test_a_pid_that_another_process_has_by_now_is_no_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(catalogue, "STATE", tmp_path)
    kind = replace(ENGINES[NEWEST], name="gone")
    kind.state.mkdir()
    (kind.state / "pid").write_text(str(os.getpid()))
    assert daemon.find(kind) is None
    daemon.stop(kind)  # would end this process


def test_a_row_records_each_step_with_its_reason() -> None:
    row = Row(engine="28", stack="demo", origin="cosmicdeploy", version="28.5", sent=10, failures=1)
    assert row.run("up", lambda: None)

    def fail() -> None:
        raise AssertionError("1 request failed\nthen nothing")

    assert not row.run("deploy", fail)
    lines = table([row]).splitlines()
    assert "| ok | **failed** |" in lines[2] and lines[2].endswith("| 1 of 10 |")
    assert lines[-1] == "- 28, demo, cosmicdeploy, deploy: 1 request failed / then nothing"
    assert table([replace(row, failed={})]).endswith("Nothing failed.")
