"""Damaged files other than the journal: each is reported, and none stops a command."""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.backups.on_disk.manifest import now
from cosmicdeploy.database.backups.on_disk.state import Pin
from cosmicdeploy.database.swap.record import Phase, SwapRecord
from cosmicdeploy.errors import ConfigError, DatabaseError
from cosmicdeploy.events import Warned
from cosmicdeploy.files import bounds
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.lock.holder import describe_holder, is_dead, this_process
from cosmicdeploy.operations.checklist import baseline
from cosmicdeploy.probes.application.features import _record
from tests.unit.database.backups.entries import good, manifest
from tests.unit.journal.damage.any_json import AT, ID, OTHER, parts, random_json
from tests.unit.shop import BACKUPS, call

pytestmark = pytest.mark.unit


def writes(content: str) -> Callable[[Path], Any]:
    return lambda path: path.write_text(content)


DAMAGES = {
    "number": writes("123"),
    "object": writes("{}"),
    "empty": writes(""),
    "half": writes('{"id": "2026'),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "deep": writes("[" * 200_000),
    "folder": lambda path: path.mkdir(),
    "loop": lambda path: path.symlink_to(path.name),  # unreadable even for root
    "endless": lambda path: path.symlink_to("/dev/zero"),
}


def damage(path: Path, how: str) -> None:
    path.unlink(missing_ok=True)
    DAMAGES[how](path)


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("suffix", [".json", ".state.json", ".sql.zst"])
def test_a_damaged_backup_hides_no_other(folder: Path, suffix: str, how: str) -> None:
    path = folder / BACKUPS / f"{OTHER}{suffix}"
    Catalogue(folder / BACKUPS).update_state(OTHER, lambda state: state.updated(pin=Pin(at=now())))
    damage(path, how)
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


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_leftovers_do_not_stop_a_command(folder: Path, how: str) -> None:
    for name in (f"{OTHER}.removing", f"{OTHER}.sql.zst.partial", "20260303-120000-eeee.removing"):
        damage(folder / BACKUPS / name, how)
    for words in (["list"], ["prune", "--plan"], ["prune", "--yes"]):
        done = call("backup", *words)
        assert done.exit_code == 0, done.stderr
    good(Catalogue(folder / BACKUPS), "20260202-120000-dddd", database="shop")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *((".cosmicdeploy/journal.jsonl", how) for how in ("folder", "loop", "endless")),
        *((str(BACKUPS), how) for how in ("folder", "loop")),
    ],
)
def test_an_unreadable_path_is_reported_with_a_remedy(folder: Path, name: str, how: str) -> None:
    path = folder / name
    if path.exists():
        path.rename(path.with_name("aside"))
    DAMAGES[how](path)
    done = call("backup", "prune", "--plan")
    if name == str(BACKUPS) and how == "folder":
        return  # an empty folder of backups is no error
    if name != str(BACKUPS) and how != "loop":
        assert f"`mv {path} {path}.damaged`" in done.stderr
    assert done.exit_code in (1, 2)
    assert str(path) in done.stderr and "→" in done.stderr and "Unexpected" not in done.stderr


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_baseline_is_reported_and_another_is_used(tmp_path: Path, how: str) -> None:
    warnings: list[Warned] = []
    ctx: Any = SimpleNamespace(
        loaded=SimpleNamespace(state_directory=tmp_path), emit=warnings.append
    )
    valid = baseline.Baseline(run="r1", command="deploy", at=AT, in_place_at=AT)
    baseline.write(ctx, valid)
    path = tmp_path / "baselines" / "r2.json"
    future = valid.model_copy(update={"run": "r3", "in_place_at": "2099-01-01T00:00:00+00:00"})
    baseline.write(ctx, future)
    damage(path, how)
    assert baseline.newest(ctx) == valid
    warning, of_the_future = warnings
    assert "r3.json" in of_the_future.text and "in the future" in of_the_future.text
    assert str(path) in warning.text and "`cosmicdeploy checklist --record`" in warning.text
    baseline.write(ctx, valid)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_features_record_of_any_content_is_tolerated(tmp_path: Path, how: str) -> None:
    damage(tmp_path / "flag", how)
    assert _record(tmp_path / "flag") in ({}, {"since": "", "by": ""})


def test_a_backup_with_any_manifest_and_state_is_listed(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - not secret, but reproducible
    catalogue = Catalogue(tmp_path / "backups")
    good(catalogue, ID)
    good(catalogue, OTHER)
    catalogue.update_state(OTHER, lambda state: state.updated(pin=Pin(at=now())))
    kept = {path: json.loads(path.read_text()) for path in catalogue.folder.glob(f"{OTHER}*.json")}
    for _ in range(200):
        path = chance.choice(sorted(kept))
        data = copy.deepcopy(kept[path])
        part, key = chance.choice(list(parts(data)))
        part[key] = random_json(chance)
        path.write_text(json.dumps(data))
        listed = {backup.id: backup for backup in catalogue.list()}
        assert listed.keys() == {ID, OTHER} and listed[ID].is_usable
        assert listed[OTHER].is_usable or listed[OTHER].why
        assert listed[OTHER].facts()
        path.write_text(json.dumps(kept[path]))
    assert manifest(ID).project == ""


@pytest.mark.parametrize("rows", [[], [(None,)], [("",)], [("{}",)], [("123",)], [("[" * 9999,)]])
def test_a_damaged_record_of_a_swap_is_reported_and_nothing_is_moved(rows: list[Any]) -> None:
    session: Any = SimpleNamespace(rows=lambda _statement: rows, where="db:3306")
    record = SwapRecord(session, "shop")
    with pytest.raises(DatabaseError, match="no table is moved or dropped") as caught:
        record.read(Phase.SWAPPED)
    assert "swapped" in caught.value.where and "`cosmicdeploy backup verify" in caught.value.todo


@pytest.mark.parametrize("pid", ["", "x", "-1", "9" * 40, "\u0663"])
def test_a_lock_of_any_content_is_described(pid: str) -> None:
    assert describe_holder({"pid": pid, "since": "9999-99-99"})
    assert is_dead({"pid": pid, "machine": "elsewhere"}) is False
    assert is_dead({**this_process("deploy"), "pid": pid}) in (True, False)


def test_a_reason_with_an_invalid_byte_is_stored_escaped(folder: Path) -> None:
    done = call("backup", "pin", ID, "--reason", "before \udcff the fair")
    assert done.exit_code == 0, done.stderr
    assert Catalogue(folder / BACKUPS).get(ID).state.pin.reason == "before \\udcff the fair"


def test_an_endless_journal_ends_no_command_and_is_not_written_to(folder: Path) -> None:
    path = folder / ".cosmicdeploy/journal.jsonl"
    path.symlink_to("/dev/zero")
    for words in (["status"], ["deploy", "--abort", "--accept"], ["backup", "prune", "--plan"]):
        done = call(*words)
        assert (done.exit_code, "The journal is not a regular file" in done.stderr) == (2, True)
    with pytest.raises(ConfigError, match="not a regular file"):
        Journal(path=path).append("success")
    path.unlink()
    os.mkfifo(path)  # which would wait for a writer
    assert "The journal is not a regular file" in call("status").stderr
    path.rename(path.with_name("journal.jsonl.damaged"))  # as the message says
    assert call("status").exit_code == 0


def test_a_record_without_an_end_is_read_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "RECORD_BYTES", 1000)
    with pytest.raises(OSError, match="larger than"):
        bounds.read_own_file(Path("/dev/zero"))
    (tmp_path / "manifest").write_bytes(b"x" * 1000)
    assert len(bounds.read_own_file(tmp_path / "manifest")) == 1000


@pytest.mark.parametrize("suffix", [".json", ".state.json"])
@pytest.mark.parametrize("how", ["endless", "pipe"])
def test_an_endless_record_of_a_backup_names_the_command_that_moves_it_away(
    folder: Path, suffix: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "RECORD_BYTES", 1 << 20)
    monkeypatch.setattr(bounds, "PIPE_SECONDS", 0.1)
    path = folder / BACKUPS / f"{OTHER}{suffix}"
    path.unlink(missing_ok=True)
    os.mkfifo(path) if how == "pipe" else path.symlink_to("/dev/zero")
    shown = call("backup", "show", OTHER)
    assert shown.exit_code == 1
    command = f"mv {path} {path}.damaged"
    assert f"`{command}`" in " ".join(shown.stderr.split())
    subprocess.run(["sh", "-c", command], check=True, timeout=10)
    assert str(path) not in call("backup", "show", OTHER).stderr
