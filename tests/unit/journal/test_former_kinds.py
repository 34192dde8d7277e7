"""Journals and playbooks that use the former names of step kinds."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.lines import UnreadableLine
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.step_kinds import RENAMED, ROLLOUT, current_kind
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.playbook import load_playbook
from cosmicdeploy.runs.interrupted import interrupted
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.runs.undo import undo as undo_module
from cosmicdeploy.runs.undo.undo import applied_by
from cosmicdeploy.steps.kinds import KINDS
from cosmicdeploy.steps.rollout.replacement import undo
from cosmicdeploy.steps.rollout.rollout import RolloutStep

pytestmark = pytest.mark.unit

# Written by the version before the renames: a deploy, a restart, a `diagnose --fix` and a killed
# rollback. Ids are shortened.
JOURNAL_BEFORE_RENAMES = Path(__file__).parent / "data" / "journal-before-renames.jsonl"
CONTAINER_BEFORE = {"id": "1", "image": "i", "running": True}
STATE: dict[str, Any] = {"tags": {}, "containers": {}, "schema": "s", "migrations": []}


def former_records() -> list[dict[str, Any]]:
    """Return the records of a deploy before the renames that was killed during its rollout."""
    common = {"at": "2026-03-01T12:00:00.000+01:00", "run": "old"}
    run = {"command": "deploy", "who": "me", "pid": 1, "release": "2", "target": None}
    tags = {"tags": {"web:1": "sha256:1"}}
    build = {"step": "build", "step_kind": "build"}
    options = {"name": "restart", "missing_only": False, "at_once": False, "roles": ["app"]}
    return [
        {**common, "kind": "run", **run, "state": STATE},
        {**common, "kind": "intent", **build, "options": {"name": "build"}, "change": "c",
         "before": tags},
        {**common, "kind": "done", **build, "facts": {}},
        {**common, "kind": "intent", "step": "restart", "step_kind": "restart",
         "options": {**options, "anew": []}, "change": "replace web",
         "before": {"containers": {"web": CONTAINER_BEFORE}}},
    ]  # fmt: skip


@pytest.fixture
def killed(ctx: Context) -> Context:
    ctx.journal.path.write_text("".join(json.dumps(line) + "\n" for line in former_records()))
    engine: Any = SimpleNamespace(containers=lambda *_: [], image=lambda _: None)
    stack: Any = SimpleNamespace(services={}, project="shop")
    settings = SimpleNamespace(services=SimpleNamespace(app=["web"], proxy=None))
    loaded: Any = SimpleNamespace(settings=settings)
    journal = ctx.journal.of_run("new")
    return replace(ctx, journal=journal, engine=engine, stack=stack, loaded=loaded)


def test_a_killed_rollout_of_an_earlier_version_is_resumed(killed: Context) -> None:
    runs = interrupted.decide(killed, RunCommand(line="deploy", kind=RunKind.DEPLOY)).resumed
    assert [intent.name for intent in intents(runs, ROLLOUT)] == ["restart"]
    assert isinstance(applied_by(runs)[-1].step, RolloutStep)
    steps: list[Any] = []
    Run(ctx=killed.with_run(resumed_runs=runs)).execute(steps)
    assert unfinished(killed.journal) == []


def test_a_killed_rollout_of_an_earlier_version_is_aborted(
    killed: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored: dict[str, Any] = {}
    monkeypatch.setattr(
        undo, "put_back", lambda _ctx, name, before: restored.update({name: before})
    )
    monkeypatch.setattr(
        undo,
        "ProxyControl",
        lambda *_: SimpleNamespace(
            restore_drained=list, put_all_in_service=list, hand_back=lambda *_given: None
        ),
    )
    monkeypatch.setattr(undo, "undo_gap", lambda *_: nullcontext())
    monkeypatch.setattr(undo_module, "is_maintenance_on", lambda _: True)
    tagged: dict[str, str] = {}
    killed.engine.tag = lambda image, name: tagged.update({name: image})  # type: ignore[method-assign]
    result = undo_module.undo_all(killed, applied_by(interrupted.to_abort(killed)))
    assert result.error is None
    assert (restored, tagged) == ({"web": CONTAINER_BEFORE}, {"web:1": "sha256:1"})
    [run] = unfinished(killed.journal)
    assert run.intents == [], "what was undone under the new name is not undone again"


def test_a_journal_from_before_the_renames_gives_the_same_runs(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = JOURNAL_BEFORE_RENAMES.read_text().splitlines(keepends=True)
    kinds = set()
    for end, line in enumerate(map(json.loads, lines), start=1):
        path.write_text("".join(lines[:end]))
        journal = Journal(path=path)
        assert not any(isinstance(entry, UnreadableLine) for entry in journal.entries())
        if line["kind"] == "intent":  # as if the run had been killed here
            [run] = unfinished(journal)
            last, step = run.intents[-1], applied_by([run])[-1].step
            assert (last.name, last.kind) == (line["step"], current_kind(line["step_kind"]))
            assert type(step) is KINDS[last.kind]
            assert step.model_dump(mode="json") == line["options"]
            kinds.add(last.kind)
    assert kinds == {
        *("backup", "build", "cache-clear", "images", "load", "migrate", "preflight", "quiesce"),
        *("restore", "trial", "rollout", "restart-in-place", "soak", "mark-migrated", "chown"),
    }
    [times] = [record["facts"]["timings"] for record in journal.records()
               if record["kind"] == "done" and record["step_kind"] == "rollout"]  # fmt: skip
    phases = {phase for own in times["services"].values() for phase in own}
    assert phases == {"create", "drain", "start", "healthy", "passes", "in service"}
    deployed = [record for record in journal.records() if record["kind"] == "release"]
    assert [RunKind.of_record(record) for record in deployed] == [RunKind.DEPLOY]
    assert [(run.kind, run.step) for run in unfinished(journal)] == [(RunKind.ROLLBACK, "restart")]


@pytest.mark.parametrize(("former", "kind"), RENAMED.items())
def test_each_former_kind_is_read_from_a_journal(ctx: Context, former: str, kind: str) -> None:
    assert kind in KINDS and former not in KINDS and current_kind(kind) == kind
    step = {"step": "s", "step_kind": former}
    ctx.journal.append("intent", **step, options={}, change="c", before={"unusable": 1})
    ctx.journal.append("done", **step, facts={})
    intent, done = ctx.journal.entries()
    assert not isinstance(done, UnreadableLine) and done["step_kind"] == kind
    has_shape = kind not in ("soak", "compatible")
    assert isinstance(intent, UnreadableLine) == has_shape, (
        "an intent is checked against the shape of its present kind"
    )


def test_a_former_kind_in_a_playbook_works_with_a_warning(tmp_path: Path) -> None:
    path, warnings = tmp_path / "mine.yaml", list[str]()
    path.write_text("steps:\n  - kind: restart\n    at_once: true\n  - {name: w, kind: watch}\n")
    playbook = load_playbook(path, warnings.append)
    assert [step.kind for step in playbook.steps] == ["rollout", "soak"]
    assert [step.name for step in playbook.steps] == ["restart", "w"]
    assert warnings == [
        f"{path}:2: the kind 'restart' is now called 'rollout'",
        f"{path}:4: the kind 'watch' is now called 'soak'",
    ]
    assert playbook.alone("rollout") == playbook.alone("restart") == playbook.steps[0]


def test_a_step_is_found_by_its_former_name(tmp_path: Path) -> None:
    path, warnings = tmp_path / "mine.yaml", list[str]()
    path.write_text("steps:\n  - kind: rollout\n")
    playbook = load_playbook(path, warnings.append)
    assert playbook.alone("restart").name == "rollout" and not warnings


def test_a_former_kind_accepts_only_its_own_options(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("steps:\n  - kind: restart\n    services: [web]\n")  # an option of `bounce`
    with pytest.raises(ConfigError, match="services"):
        load_playbook(path)


def test_the_timings_of_an_earlier_version_have_their_present_names(ctx: Context) -> None:
    """The plan of a rollback estimates from them how long clients are turned away."""
    phases = {"taken out": 1.5, "create": 1.0, "drain": 0.5, "start": 2.0, "served": 4.0}
    damaged = ({"services": {"web": "x"}}, {"services": {"web": {"served": "x"}}}, "x", None)
    record = {"kind": "done", "step": "restart", "step_kind": "restart", "run": "old"}
    lines = [
        {"at": "2026-03-01T12:00:00.000+01:00", **record, "facts": {"images": {}, "roll": roll}}
        for roll in ({"seconds": 9.0, "services": {"web": phases}}, *damaged)
    ]
    ctx.journal.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    timings = {"web": {"drain": 2.0, "create": 1.0, "start": 2.0, "in service": 4.0}}
    assert [record["facts"] for record in ctx.journal.records()] == [
        {"images": {}, "timings": each}
        for each in ({"seconds": 9.0, "services": timings}, *damaged)
    ]
