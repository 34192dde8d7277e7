"""After a run, its page is written, and the report names the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.cli.edge.edge import Call
from cosmicdeploy.cli.page import with_page
from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.context.context import Context
from cosmicdeploy.report.console import PlainConsole
from cosmicdeploy.report.model import Report, StepReport
from cosmicdeploy.report.summary import show
from tests.unit.journal.history.recorded import Recorded

pytestmark = pytest.mark.unit


@pytest.fixture
def shop(ctx: Context, tmp_path: Path) -> Context:
    recorded = Recorded(tmp_path).success("aaaa1111")
    loaded: Any = SimpleNamespace(pages_directory=tmp_path / "pages")
    return replace(ctx, loaded=loaded, journal=recorded.journal)


def report(call: Call, **fields: object) -> Report:
    step = StepReport(name="rollout", kind="rollout", outcome="changed", reason="")
    return call.report(**{"outcome": "changed", "run": "aaaa1111", "steps": [step], **fields})


def test_the_summary_names_the_page(
    shop: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = Call(command="deploy", terminal=Terminal())
    done = with_page(call, shop, report(call))
    page = tmp_path / "pages" / "aaaa1111.html"
    assert done.page == str(page) and "Release 2 is in place" in page.read_text()
    show(done, PlainConsole(width=400))
    assert f"page of the run: {page}" in capsys.readouterr().out


@pytest.mark.parametrize("fields", [{"outcome": "unchanged"}, {"run": None}])
def test_a_run_that_changed_nothing_gets_no_page(
    shop: Context, tmp_path: Path, fields: dict[str, object]
) -> None:
    call = Call(command="deploy", terminal=Terminal())
    assert with_page(call, shop, report(call, **fields)).page is None
    assert not (tmp_path / "pages").exists()


def test_a_page_that_cannot_be_written_is_a_warning(shop: Context, tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("in the way")
    call = Call(command="deploy", terminal=Terminal())
    done = with_page(call, shop, report(call))
    assert done.page is None and done.outcome == "changed"
    [warning] = done.warnings
    assert warning.startswith("the page of the run was not written: ")
