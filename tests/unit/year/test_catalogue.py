"""The table of the year covers every scenario, and says which row is wrong."""

from __future__ import annotations

import pytest

from tests.stack.release.test_year import SAMPLE
from tests.stack.support.harness import ROOT
from tests.year.catalogue import SCENARIOS, TEN_DEPLOYS
from tests.year.result import Row
from tests.year.scenario import Lost
from tests.year.table import HEAD, codes_text, table

pytestmark = pytest.mark.unit

NAMES = [
    "plain release",
    "added column",
    "same release twice",
    "60 s migration",
    "dropped column",
    "dropped column, allowed",
    "changed variable",
    "changed health check",
    "changed nginx file",
    "changed Redis image",
    "new worker",
    "renamed service",
    "broken health",
    "broken heartbeats",
    "crash at 5 s",
    "crash at 18 s",
    "missing vendor",
    "failing migration",
    "hotfix over a broken release",
    "second deploy at the same time",
    "Ctrl-C",
    "kill -9 in rollout",
    "kill -9 in migration",
    "rollback of the code",
    "rollback by migration",
    "rollback of the data",
]


def row(
    name: str, *wrong: str, codes: tuple[int, ...] = (0,), figures: tuple[str, ...] = ()
) -> Row:
    """Return the row of a scenario that sent 40 requests and lost 2."""
    return Row(
        name=name,
        action="deploy",
        outcome="changed",
        codes=codes,
        sent=40,
        lost=2,
        may_lose="20 on kept connections",
        image="the new one",
        wrong=wrong,
        figures=figures,
    )


def test_the_year_has_each_scenario_once() -> None:
    assert list(SCENARIOS) == [*NAMES, TEN_DEPLOYS.name]
    assert len(set(NAMES)) == len(NAMES) == 26
    assert [key for key, each in SCENARIOS.items() if each.name != key] == []
    assert set(SAMPLE) <= set(NAMES)


def test_no_two_scenarios_do_the_same() -> None:
    done = [(each.run, each.action) for each in SCENARIOS.values()]
    assert len(set(done)) == len(done)


def test_each_scenario_has_a_bound_for_what_it_may_lose() -> None:
    bounds = {name: str(each.lost) for name, each in SCENARIOS.items() if each.lost != Lost()}
    gap = "those of the announced time"
    assert bounds == {
        "changed nginx file": "20 on kept connections",
        "changed Redis image": gap,
        "crash at 18 s": "15",
        "hotfix over a broken release": "/api/devices/heartbeat answered 500",
        "rollback by migration": f"{gap}, 20 on kept connections",
        "rollback of the data": f"{gap}, 20 on kept connections",
    }
    page = (ROOT / "docs" / "year.md").read_text()
    assert all(f"| {name} | {bound} |" in page for name, bound in bounds.items())
    assert str(Lost()) == "0"


def test_the_table_has_a_row_for_each_scenario() -> None:
    text = table([row(name) for name in SCENARIOS], ["Date: today"])
    lines = text.splitlines()
    assert lines[0] == "- Date: today" and lines[2] == f"| {' | '.join(HEAD)} |"
    rows = [line.split(" | ") for line in lines[4:] if line.startswith("| ")]
    assert [cells[0].removeprefix("| ") for cells in rows] == list(SCENARIOS)
    assert all(len(cells) == len(HEAD) for cells in rows)
    assert lines[-1] == f"No row of {len(SCENARIOS)} is wrong."


def test_the_table_names_what_is_wrong_and_shows_figures() -> None:
    wrong = row("Ctrl-C", "2 requests were lost", codes=(130,), figures=("it took 9 s",))
    text = table([row("plain release"), wrong], [])
    cells = "| Ctrl-C | deploy | changed | 130 | 40 | 2 | 20 on kept connections | the new one |"
    assert f"{cells} **no** |" in text
    assert "- Ctrl-C: it took 9 s\n- **Ctrl-C**: 2 requests were lost" in text
    assert "No row" not in text


@pytest.mark.parametrize(
    ("codes", "text"),
    [((0,), "0"), ((4, 0), "4, 0"), ((-9, 0), "killed, 0"), ((0,) * 10, "10 × 0"), ((), "–")],  # noqa: RUF001
)
def test_exit_codes_are_shown_in_order(codes: tuple[int, ...], text: str) -> None:
    assert codes_text(codes) == text
