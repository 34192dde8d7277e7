"""Foreign, damaged and half-written journals: skipped with a warning; they stop no command."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.cli.reporting import unfinished_reports
from cosmicdeploy.errors import CosmicError, NeedsPerson
from cosmicdeploy.journal.interrupted_migration import interrupted_migration
from cosmicdeploy.journal.journal import Journal, UnreadableLine
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.operations.checklist.evidence import migrations
from cosmicdeploy.operations.checklist.verdict import Span
from cosmicdeploy.run_scope import RunScope
from cosmicdeploy.runs import interrupted
from cosmicdeploy.runs.snapshot import changed
from cosmicdeploy.runs.undo import applied_by, has_swapped_data
from cosmicdeploy.steps.backups.kept_images import last_releases, rollback_backups
from cosmicdeploy.steps.containers.interrupted_restarts import interrupted_restarts
from cosmicdeploy.steps.schema.migrate_down import backup_before
from tests.unit.runs.damage.any_json import AT, ID, anything, parts
from tests.unit.shop import call

pytestmark = pytest.mark.unit

RELEASE = {"at": AT, "kind": "release", "command": "deploy", "release": "7", "backups": [ID]}
LINES = {
    "a number": b"123",
    "an empty object": b"{}",
    "null": b"null",
    "a list": b"[1]",
    "a word": b"hello",
    "not UTF-8": b'{"kind": "\xff\xfe"}',
    "NUL bytes": b"\0" * 512,
    "megabytes": b"x" * 3_000_000,
    "deep": b"[" * 200_000,
    "half a character": b'{"kind": "\\ud800"}',
    "a version to come": b'{"format": 9, "at": "2026-03-01T12:00:00+01:00", "kind": "rolled"}',
    "no time": b'{"kind": "release", "command": "deploy"}',
    "a time that is none": b'{"kind": "release", "command": "deploy", "at": "yesterday"}',
    "no command": b'{"kind": "release", "at": "2026-03-01T12:00:00+01:00"}',
    "wrong type": b'{"kind": "release", "at": "2026-03-01T12:00:00+01:00", "command": 7}',
    "wrong inside": json.dumps({**RELEASE, "backups": [7]}).encode(),
    "kind of no kind": b'{"kind": {"a": 1}, "at": "2026-03-01T12:00:00+01:00"}',
}


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize("last", [False, True])
def test_a_foreign_line_is_skipped_with_a_warning(folder: Path, line: bytes, last: bool) -> None:
    release = json.dumps(RELEASE).encode()
    path = folder / ".cosmicdeploy/journal.jsonl"
    path.write_bytes(release + b"\n" + line + (b"" if last else b"\n" + release + b"\n"))
    done = call("backup", "prune", "--plan", "--json")
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert {row["reason"] for row in report["data"]["backups"]} >= {"needed to roll back release 7"}
    assert one_line(done.stderr).count(f"{path}:2: ") == 1
    assert len(report["warnings"]) == 1
    assert len(done.stderr) < 1000


def test_many_foreign_lines_are_a_few_warnings(folder: Path) -> None:
    (folder / ".cosmicdeploy/journal.jsonl").write_text("123\n" * 5000)
    warnings = json.loads(call("backup", "prune", "--plan", "--json").stdout)["warnings"]
    assert len(warnings) == 6 and "4995 more lines" in warnings[-1]


def test_a_journal_of_any_content_is_read(tmp_path: Path) -> None:
    chance = random.Random(12)  # noqa: S311 - any will do, but always the same
    for number in range(300):
        journal = Journal(path=tmp_path / f"{number}.jsonl")
        lines = [any_line(chance) for _ in range(chance.randrange(1, 12))]
        own = [place for place in range(len(lines)) if chance.random() < 0.3]
        for place in own:
            lines[place] = json.dumps(RELEASE).encode()
        journal.path.write_bytes(b"\n".join(lines))
        entries = journal.entries()
        assert len([each for each in entries if each == RELEASE]) >= len(own)
        for each in entries:
            if isinstance(each, UnreadableLine):
                assert each.line - 1 not in own and each.why
        read_all(journal)


def any_line(chance: random.Random) -> bytes:
    if chance.random() < 0.4:
        return chance.randbytes(chance.randrange(200)).replace(b"\n", b"")
    return json.dumps(anything(chance)).encode()


CONTAINERS = {"web": {"id": "1", "running": True, "ready": True, "started_at": AT}}
LOCK_WAIT = {"former": 50, "set": 5}
BEFORE = {
    "backup": {},
    "build": {"tags": {"shop/web": "sha256:1"}},
    "quiesce": {"containers": {"web": "1"}, "ready": ["web"], "shielded": False},
    "migrate": {"applied": ["a"], "schema": "s", "names": ["b"], "lock_wait": LOCK_WAIT},
    "rollout": {"containers": CONTAINERS},
    "restart-in-place": {"containers": CONTAINERS, "shielded": False},
    "restore": {"target": ID},
    "migrate-down": {"backup": ID, "lock_wait": LOCK_WAIT},
}
OPTIONS = {"quiesce": {"roles": ["worker"]}, "restart-in-place": {"services": ["web"]}}
STATE = {"tags": {"a": "b"}, "containers": {"web": None}, "schema": "s", "migrations": ["a"]}


def killed_run(run: str = "r1") -> list[dict[str, Any]]:
    """A run that did all there is and was killed then."""
    common = {"at": AT, "run": run}
    begun = {"who": "me", "pid": 1, "release": "7", "target": ID, "state": STATE}
    lines: list[dict[str, Any]] = [{**common, "kind": "run", "command": "rollback", **begun}]
    for kind, before in BEFORE.items():
        step = {**common, "step": kind, "step_kind": kind}
        options = {"name": kind, **OPTIONS.get(kind, {})}
        intent = {"options": options, "change": kind, "before": before}
        lines.append({**step, "kind": "intent", **intent})
        lines.append({**step, "kind": "done", "facts": {"backup": ID, "schema": "t"}})
    return lines


def spoiled(chance: random.Random, lines: list[dict[str, Any]]) -> None:
    """One thing in one record is another one, or not there."""
    places = list(parts(chance.choice(lines)))
    part, key = chance.choice(places)
    if chance.random() < 0.3 and isinstance(part, dict):
        del part[key]
    else:
        part[key] = anything(chance)


def read_all(journal: Journal) -> None:
    """What commands read of it; raises nothing but what is told in a line."""
    ctx: Any = SimpleNamespace(
        journal=journal,
        settings=SimpleNamespace(
            backup=SimpleNamespace(keep=SimpleNamespace(releases=3)),
        ),
        stack=SimpleNamespace(services={"web": None}, project="shop"),
        engine=SimpleNamespace(find_marker=lambda _name: None, container=lambda _id: None),
        container=lambda _name: None,
        service=lambda _name: None,
    )
    runs = unfinished(journal)
    for run in runs:
        assert run.description()
        with suppress(CosmicError):
            has_swapped_data(applied_by([run]))
        if run.state:
            changed(run.state, STATE)
            changed(STATE, run.state)
    interrupted_migration(journal)
    backup_before(journal)
    assert all(rollback_backups(record) for record in last_releases(ctx))
    migrations.figures(ctx, Span(since=0), None)
    unfinished_reports(ctx)
    with suppress(CosmicError):
        interrupted_restarts(ctx)
    journal.last("release")


def test_a_damaged_record_stops_no_reader_and_is_never_believed_silently(tmp_path: Path) -> None:
    chance = random.Random(5)  # noqa: S311 - any will do, but always the same
    for number in range(400):
        journal = Journal(path=tmp_path / f"{number}.jsonl")
        lines = copy.deepcopy(killed_run())
        spoiled(chance, lines)
        journal.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        read_all(journal)
        bad = [each for each in journal.entries() if isinstance(each, UnreadableLine)]
        doubted = [
            each
            for run in unfinished(journal)
            for each in (*run.lost_records, *run.uncertain_records)
        ]
        ended = any(line.get("kind") in ("success", "ended") for line in lines)
        assert not bad or doubted or ended


def test_a_whole_journal_has_no_unreadable_line(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.path.write_text("".join(json.dumps(line) + "\n" for line in killed_run()))
    assert journal.entries() == killed_run()
    read_all(journal)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[1].pop("before"),
        lambda lines: lines[0].update(state=7),
        lambda lines: lines.pop(0),
    ],
)
def test_unreadable_records_of_an_interrupted_run_are_reported(
    tmp_path: Path, spoil: Callable[[Any], Any]
) -> None:
    lines = killed_run()
    spoil(lines)
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    [run] = unfinished(journal)
    assert "some of its changes are unknown" in run.description()
    ctx: Any = SimpleNamespace(journal=journal, say=lambda _text: None, run=RunScope())
    for kind in RunKind:
        with pytest.raises(NeedsPerson, match="not all known") as caught:
            interrupted.decide(ctx, RunCommand(line=kind, kind=kind))
        assert "`cosmicdeploy deploy --abort`" in caught.value.todo
    assert interrupted.to_abort(ctx) == [run]


def test_a_foreign_line_within_an_interrupted_run_is_reported(
    tmp_path: Path,
) -> None:
    lines = [json.dumps(line) for line in killed_run()]
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.path.write_text("\n".join([*lines, "123", ""]))
    [run] = unfinished(journal)
    assert run.uncertain_records and not run.lost_records
    assert f"line {len(lines) + 1} of the journal cannot be read" in run.description()


def test_every_record_that_is_written_can_be_read_again(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.append("release", command="deploy", release="caf\u00e9 \udce9 \0 \u2028")
    [record] = journal.entries()
    assert not isinstance(record, UnreadableLine) and record["release"].startswith("caf\u00e9")
