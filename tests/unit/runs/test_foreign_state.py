"""Foreign, damaged and half-written state: passed over by name, and in the way of no command."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy import workspace
from cosmicdeploy.cli.reporting import unfinished_reports
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.manifest import now
from cosmicdeploy.database.backups.state import Pin
from cosmicdeploy.database.swap.record import Phase, SwapRecord
from cosmicdeploy.errors import CosmicError, DatabaseError, NeedsPerson
from cosmicdeploy.events import Warned
from cosmicdeploy.journal.begun_migrations import unresolved
from cosmicdeploy.journal.journal import Journal, Unreadable
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.lock.holder import describe, is_dead, this_process
from cosmicdeploy.operations.checklist import baseline
from cosmicdeploy.operations.checklist.evidence import migrations
from cosmicdeploy.operations.checklist.verdict import Span
from cosmicdeploy.probes.application.features import _record
from cosmicdeploy.runs import interrupted
from cosmicdeploy.runs.snapshot import changed
from cosmicdeploy.runs.undo import applied_by, exchanged_data
from cosmicdeploy.steps.backups.kept_images import last_releases, ways_back
from cosmicdeploy.steps.containers.restart import half_way
from cosmicdeploy.steps.schema.migrate_down import backup_before
from tests.unit.database.backups.entries import good, manifest
from tests.unit.shop import BACKUPS, SETTINGS, call, lay_out

pytestmark = pytest.mark.unit

ID, OTHER = "20260101-120000-aaaa", "20260201-120000-bbbb"
AT = "2026-03-01T12:00:00.000+01:00"
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


class Engine:
    """Of a stack that does not run."""

    def claim(self, _name: str, _labels: Any) -> Any:
        return SimpleNamespace(id="lock", ours=True)

    def containers(self, _project: str) -> list[Any]:
        return []

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack with two backups, of which a policy keeps one and the last release the other."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "connect", Engine)
    lay_out(tmp_path)
    (tmp_path / "cosmicdeploy.yaml").write_text(SETTINGS + "backup: {keep: {last: 1}}\n")
    for backup_id in (ID, OTHER):
        good(Catalogue(tmp_path / BACKUPS), backup_id, database="shop")
    (tmp_path / ".cosmicdeploy").mkdir()
    return tmp_path


def one_line(text: str) -> str:
    return " ".join(text.split())


# --- the journal


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize("last", [False, True])
def test_a_foreign_line_is_passed_over_by_name(folder: Path, line: bytes, last: bool) -> None:
    release = json.dumps(RELEASE).encode()
    path = folder / ".cosmicdeploy/journal.jsonl"
    path.write_bytes(release + b"\n" + line + (b"" if last else b"\n" + release + b"\n"))
    done = call("backup", "prune", "--plan", "--json")
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert {row["reason"] for row in report["data"]["backups"]} >= {"the way back from release 7"}
    assert one_line(done.stderr).count(f"{path}:2: ") == 1
    assert len(report["warnings"]) == 1
    assert len(done.stderr) < 1000


def test_many_foreign_lines_are_a_few_warnings(folder: Path) -> None:
    (folder / ".cosmicdeploy/journal.jsonl").write_text("123\n" * 5000)
    warnings = json.loads(call("backup", "prune", "--plan", "--json").stdout)["warnings"]
    assert len(warnings) == 6 and "4995 more lines" in warnings[-1]


def test_whatever_is_in_it_the_journal_is_read(tmp_path: Path) -> None:
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
            if isinstance(each, Unreadable):
                assert each.line - 1 not in own and each.why
        read_all(journal)


def any_line(chance: random.Random) -> bytes:
    if chance.random() < 0.4:
        return chance.randbytes(chance.randrange(200)).replace(b"\n", b"")
    return json.dumps(anything(chance)).encode()


def anything(chance: random.Random, depth: int = 3) -> Any:
    """Any JSON; its objects look a little like records."""
    plain = [None, True, 0, -1, 1e308, 10**30, "", "x", "\0", AT, "run", "deploy", "\ud800", []]
    if depth == 0 or chance.random() < 0.5:
        return chance.choice(plain)
    if chance.random() < 0.3:
        return [anything(chance, depth - 1) for _ in range(chance.randrange(3))]
    keys = ["kind", "at", "run", "step", "step_kind", "before", "facts", "resolves", "command"]
    return {key: anything(chance, depth - 1) for key in chance.sample(keys, 4)}


CONTAINERS = {"web": {"id": "1", "running": True, "ready": True, "started_at": AT}}
LOCK_WAIT = {"former": 50, "set": 5}
BEFORE = {
    "backup": {},
    "build": {"tags": {"shop/web": "sha256:1"}},
    "quiesce": {"containers": {"web": "1"}, "ready": ["web"], "shielded": False},
    "migrate": {"applied": ["a"], "schema": "s", "names": ["b"], "lock_wait": LOCK_WAIT},
    "restart": {"containers": CONTAINERS},
    "bounce": {"containers": CONTAINERS, "shielded": False},
    "restore": {"target": ID},
    "migrate-down": {"backup": ID, "lock_wait": LOCK_WAIT},
}
OPTIONS = {"quiesce": {"roles": ["worker"]}, "bounce": {"services": ["web"]}}
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


def parts(data: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(data) if isinstance(data, dict) else range(len(data)):
        yield data, key
        if isinstance(data[key], dict | list):
            yield from parts(data[key])


def read_all(journal: Journal) -> None:
    """What commands read of it; raises nothing but what is told in a line."""
    ctx: Any = SimpleNamespace(
        journal=journal,
        settings=SimpleNamespace(
            backup=SimpleNamespace(keep=SimpleNamespace(releases=3)),
        ),
        stack=SimpleNamespace(services={"web": None}, project="shop"),
        engine=SimpleNamespace(find_claim=lambda _name: None, container=lambda _id: None),
        container=lambda _name: None,
    )
    runs = unfinished(journal)
    for run in runs:
        assert run.told()
        with suppress(CosmicError):
            exchanged_data(applied_by([run]))
        if run.state:
            changed(run.state, STATE)
            changed(STATE, run.state)
    unresolved(journal)
    backup_before(journal)
    assert all(ways_back(record) for record in last_releases(ctx))
    migrations.figures(ctx, Span(since=0), None)
    unfinished_reports(ctx)
    with suppress(CosmicError):
        half_way(ctx)
    journal.last("release")


def test_a_spoiled_record_stops_no_reader_and_is_never_silently_believed(tmp_path: Path) -> None:
    chance = random.Random(5)  # noqa: S311 - any will do, but always the same
    for number in range(400):
        journal = Journal(path=tmp_path / f"{number}.jsonl")
        lines = copy.deepcopy(killed_run())
        spoiled(chance, lines)
        journal.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        read_all(journal)
        bad = [each for each in journal.entries() if isinstance(each, Unreadable)]
        doubted = [each for run in unfinished(journal) for each in (*run.lost, *run.doubts)]
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
def test_what_a_killed_run_changed_is_said_to_be_unknown(
    tmp_path: Path, spoil: Callable[[Any], Any]
) -> None:
    lines = killed_run()
    spoil(lines)
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    [run] = unfinished(journal)
    assert "what it changed is not all known" in run.told()
    ctx: Any = SimpleNamespace(journal=journal, say=lambda _text: None, target=None)
    for command in ("deploy", "rollback", "up", "restart web", "backup create"):
        with pytest.raises(NeedsPerson, match="not all known") as caught:
            interrupted.found(ctx, command)
        assert "`cosmicdeploy deploy --abort`" in caught.value.todo
    assert interrupted.to_abort(ctx) == [run]


def test_a_foreign_line_within_a_killed_run_is_said_and_stops_nothing(tmp_path: Path) -> None:
    lines = [json.dumps(line) for line in killed_run()]
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.path.write_text("\n".join([*lines, "123", ""]))
    [run] = unfinished(journal)
    assert run.doubts and not run.lost
    assert f"line {len(lines) + 1} of the journal cannot be read" in run.told()


def test_what_is_written_can_be_read_again(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.append("release", command="deploy", release="caf\u00e9 \udce9 \0 \u2028")
    [record] = journal.entries()
    assert not isinstance(record, Unreadable) and record["release"].startswith("caf\u00e9")


# --- other state: what is put in place of a file


def text(content: str) -> Callable[[Path], Any]:
    return lambda path: path.write_text(content)


SPOILERS = {
    "number": text("123"),
    "object": text("{}"),
    "empty": text(""),
    "half": text('{"id": "2026'),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "deep": text("[" * 200_000),
    "folder": lambda path: path.mkdir(),
    "loop": lambda path: path.symlink_to(path.name),  # as what may not be read: root may all
}


def spoil(path: Path, how: str) -> None:
    path.unlink(missing_ok=True)
    SPOILERS[how](path)


@pytest.mark.parametrize("how", SPOILERS)
@pytest.mark.parametrize("suffix", [".json", ".state.json", ".sql.zst"])
def test_one_broken_entry_hides_no_other(folder: Path, suffix: str, how: str) -> None:
    path = folder / BACKUPS / f"{OTHER}{suffix}"
    Catalogue(folder / BACKUPS).note(OTHER, lambda state: state.updated(pin=Pin(at=now())))
    spoil(path, how)
    rows = {r["id"]: r for r in json.loads(call("backup", "list", "--json").stdout)["data"]}
    assert rows[ID]["status"] == "good"
    if (suffix, how) != (".state.json", "object") and suffix != ".sql.zst":
        assert rows[OTHER]["status"] == "damaged" and str(path) in rows[OTHER]["reason"]
        shown = call("backup", "show", OTHER)
        assert shown.exit_code == 1 and str(path) in shown.stderr and "→" in shown.stderr
        assert json.loads(call("backup", "show", "--json").stdout)["data"]["id"] == ID
    for words in (["prune", "--plan"], ["pin", OTHER], ["verify", OTHER], ["prune", "--yes"]):
        done = call("backup", *words)
        assert "Traceback" not in done.stderr and "Unexpected" not in done.stderr
        assert len(done.stderr) < 2000
    assert path.exists() or path.is_symlink()
    good(Catalogue(folder / BACKUPS), "20260202-120000-dddd", database="shop")


@pytest.mark.parametrize("how", SPOILERS)
def test_broken_leftovers_are_in_no_commands_way(folder: Path, how: str) -> None:
    for name in (f"{OTHER}.removing", f"{OTHER}.sql.zst.partial", "20260303-120000-eeee.removing"):
        spoil(folder / BACKUPS / name, how)
    for words in (["list"], ["prune", "--plan"], ["prune", "--yes"]):
        done = call("backup", *words)
        assert done.exit_code == 0, done.stderr
    good(Catalogue(folder / BACKUPS), "20260202-120000-dddd", database="shop")


@pytest.mark.parametrize("how", ["folder", "loop"])
@pytest.mark.parametrize("name", [".cosmicdeploy/journal.jsonl", str(BACKUPS)])
def test_a_place_that_cannot_be_read_is_one_line(folder: Path, name: str, how: str) -> None:
    path = folder / name
    if path.exists():
        path.rename(path.with_name("aside"))
    SPOILERS[how](path)
    done = call("backup", "prune", "--plan")
    if name == str(BACKUPS) and how == "folder":
        return  # an empty one
    assert done.exit_code in (1, 2)
    assert str(path) in done.stderr and "→" in done.stderr and "Unexpected" not in done.stderr


@pytest.mark.parametrize("how", SPOILERS)
def test_a_broken_baseline_is_named_and_the_others_count(tmp_path: Path, how: str) -> None:
    told: list[Warned] = []
    ctx: Any = SimpleNamespace(loaded=SimpleNamespace(state_directory=tmp_path), emit=told.append)
    well = baseline.Baseline(run="r1", command="deploy", at=AT, in_place_at=AT)
    baseline.write(ctx, well)
    path = tmp_path / "baselines" / "r2.json"
    to_come = well.model_copy(update={"run": "r3", "in_place_at": "2099-01-01T00:00:00+00:00"})
    baseline.write(ctx, to_come)
    spoil(path, how)
    assert baseline.newest(ctx) == well
    warning, of_the_future = told
    assert "r3.json" in of_the_future.text and "in the future" in of_the_future.text
    assert str(path) in warning.text and "`cosmicdeploy checklist --record`" in warning.text
    baseline.write(ctx, well)


@pytest.mark.parametrize("how", SPOILERS)
def test_a_features_note_of_any_content_is_borne(tmp_path: Path, how: str) -> None:
    spoil(tmp_path / "flag", how)
    assert _record(tmp_path / "flag") in ({}, {"since": "", "by": ""})


def test_manifest_and_state_of_any_content_are_listed(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - any will do, but always the same
    catalogue = Catalogue(tmp_path / "backups")
    good(catalogue, ID)
    good(catalogue, OTHER)
    catalogue.note(OTHER, lambda state: state.updated(pin=Pin(at=now())))
    kept = {path: json.loads(path.read_text()) for path in catalogue.folder.glob(f"{OTHER}*.json")}
    for _ in range(200):
        path = chance.choice(sorted(kept))
        data = copy.deepcopy(kept[path])
        part, key = chance.choice(list(parts(data)))
        part[key] = anything(chance)
        path.write_text(json.dumps(data))
        listed = {backup.id: backup for backup in catalogue.list()}
        assert listed.keys() == {ID, OTHER} and listed[ID].usable
        assert listed[OTHER].usable or listed[OTHER].why
        assert listed[OTHER].facts()
        path.write_text(json.dumps(kept[path]))
    assert manifest(ID).project == ""


@pytest.mark.parametrize("rows", [[], [(None,)], [("",)], [("{}",)], [("123",)], [("[" * 9999,)]])
def test_a_broken_record_of_a_swap_is_named_and_nothing_is_moved(rows: list[Any]) -> None:
    session: Any = SimpleNamespace(rows=lambda _statement: rows, where="db:3306")
    record = SwapRecord(session, "shop")
    with pytest.raises(DatabaseError, match="nothing is moved or dropped") as caught:
        record.read(Phase.SWAPPED)
    assert "swapped" in caught.value.where and "`cosmicdeploy backup verify" in caught.value.todo


@pytest.mark.parametrize("pid", ["", "x", "-1", "9" * 40, "\u0663"])
def test_a_lock_of_any_content_is_described(pid: str) -> None:
    assert describe({"pid": pid, "since": "9999-99-99"})
    assert is_dead({"pid": pid, "machine": "elsewhere"}) is False
    assert is_dead({**this_process("deploy"), "pid": pid}) in (True, False)


def test_a_reason_that_is_no_text_is_kept_as_it_can_be_written(folder: Path) -> None:
    done = call("backup", "pin", ID, "--reason", "before \udcff the fair")
    assert done.exit_code == 0, done.stderr
    assert Catalogue(folder / BACKUPS).get(ID).state.pin.reason == "before \\udcff the fair"
