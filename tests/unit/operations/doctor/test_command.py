"""`cosmicdeploy doctor`: one screen, exit code 0 or 5, and a document that follows the schema."""

from __future__ import annotations

import json
import socket
from io import StringIO
from pathlib import Path

import jsonschema
import pytest

from cosmicdeploy import workspace
from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.operations.doctor.catalogue import CHECKS
from cosmicdeploy.operations.doctor.outcome import Flaw, Outcome, Unchecked
from cosmicdeploy.report.console import PlainConsole
from cosmicdeploy.report.model import DoctorReport
from cosmicdeploy.report.schema import schema_text
from cosmicdeploy.report.views.doctor import show_doctor
from tests.unit.operations.doctor.world import FILES, World, opened
from tests.unit.shop import call

pytestmark = pytest.mark.unit
LINE = "proxy_next_upstream error timeout; # " + "longer than a terminal, " * 3 + "and whole"
LOSING = Outcome(
    found="one of two holds",
    flaws=(
        Flaw(stake="requests", loses="6 of them", why="off", todo="write:", lines=(LINE,)),
        Flaw(stake="time", loses="it takes longer", why="slow", todo="hurry"),
    ),
    unchecked=(Unchecked(why="no image", todo="run `cosmicdeploy up`"),),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stack, on a machine without an engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def shown(*outcomes: Outcome, width: int = 80) -> list[str]:
    """Return the lines that a console of this width shows."""
    reports = [
        DoctorReport(check=f"check {number}", about="", seconds=0.1, **outcome.facts())
        for number, outcome in enumerate(outcomes)
    ]
    out = StringIO()
    show_doctor(reports, 1.0, PlainConsole(file=out, width=width))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_without_an_engine_everything_is_named_and_the_rest_is_checked(folder: Path) -> None:
    before = sorted(each.name for each in folder.iterdir())
    done = call("doctor", "--json")
    assert done.exit_code == 5, done.stderr
    report = json.loads(done.stdout)
    jsonschema.validate(report, json.loads(schema_text()))
    assert (report["outcome"], report["error"]) == ("failed", None)
    verdicts = {each["check"]: each["verdict"] for each in report["doctor"]}
    assert list(verdicts) == [check.name for check in CHECKS]
    assert verdicts["engine"] == "loses"
    assert verdicts["backups"] == verdicts["gaps"] == "holds"
    assert verdicts["proxy"] == verdicts["stop signals"] == "not checked"
    assert all(each["found"] or each["flaws"] or each["unchecked"] for each in report["doctor"])
    assert sorted(each.name for each in folder.iterdir()) == before, "nothing was written"


def test_the_text_says_the_same_in_one_screen(folder: Path) -> None:
    done = call("doctor")
    assert done.exit_code == 5
    assert "LOSES the deploy (engine): no command works without the engine" in done.stdout
    assert done.stdout.count("No Docker Engine answers") == 2, "the same reason is shown once"
    assert len(done.stdout.splitlines()) < 24


def test_before_anything_runs_it_ends_with_0_if_nothing_would_be_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = {name: Image(id="sha256:1") for name in ("shop/app", "mariadb", "nginx:1.22")}
    world = World(images=images)

    def open_it(*_: object) -> Context:
        return opened(folder, world)

    monkeypatch.setattr(workspace, "open_for_doctor", open_it)
    done = call("doctor", "--json")
    report = json.loads(done.stdout)
    losing = [each for each in report["doctor"] if each["verdict"] == "loses"]
    assert (done.exit_code, losing) == (0, [])
    unchecked = {each["check"] for each in report["doctor"] if each["unchecked"]}
    assert unchecked == {"database", "health checks", "rate limit"}
    assert sorted(world.discarded) == sorted(world.created)


def test_a_key_that_signs_backups_is_one_flaw_among_others(folder: Path) -> None:
    settings = (folder / "cosmicdeploy.yaml").read_text()
    (folder / "cosmicdeploy.yaml").write_text(settings + "backup: {signing_key_variable: KEY}\n")
    report = json.loads(call("doctor", "--json").stdout)
    [backups] = [each for each in report["doctor"] if each["check"] == "backups"]
    assert "The variable KEY is not set" in backups["flaws"][0]["why"]


def test_settings_that_are_wrong_end_it_as_they_end_every_command(folder: Path) -> None:
    (folder / "cosmicdeploy.yaml").write_text("services: {app: [nothing]}\n")
    assert call("doctor").exit_code == 2


def test_an_engine_that_stays_silent_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "ENGINE_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/silent.sock")
        listener.listen(8)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/silent.sock")
        done = call("doctor")
    assert done.exit_code == 5 and "has not answered" in done.stdout


def test_what_holds_takes_one_line_and_lines_to_paste_are_not_broken() -> None:
    lines = shown(Outcome(found="x" * 200), LOSING)
    assert lines[0].startswith("ok  check 0  xxx") and len(lines[0]) == 80
    text = "\n".join(lines)
    assert "not checked check 1\n  no image\n  → run `cosmicdeploy up`" in text
    assert "warns (check 1): it takes longer\n  slow\n  → hurry" in text
    assert text.index("warns (check 1)") < text.index("LOSES requests (check 1): 6 of them")
    assert f"  → write:\n    {LINE}" in text
    assert "something would be lost: check 1; not completely checked: check 1" in " ".join(lines)


def test_the_last_line_says_if_all_holds() -> None:
    assert shown(Outcome(found="fine"))[-1] == (
        "doctor: nothing would be lost; all is checked (1 check, 1.0 s)"
    )
    unproven = " ".join(shown(Outcome(unchecked=LOSING.unchecked)))
    assert "doctor: nothing of what was checked would be lost; not completely checked" in unproven


def test_help_names_what_is_not_read_only() -> None:
    text = " ".join(call("doctor", "--help").stdout.split())
    assert "containers of its own" in text and "one heartbeat" in text
