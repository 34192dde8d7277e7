"""Journals with many runs, and the check that a rotation has kept all of their lines."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.rotation.archive import archive_of
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from tests.unit.journal.journal_writer import BEFORE, STATE

NOW = datetime.now(UTC)
STEPS = ("build", "rollout", "migrate", "restore", "resume", "images")


class History:
    """Collects the lines of a journal; each run begins `days` after the last one."""

    def __init__(self, begin: float = 100.0, days: float = 0.01) -> None:
        self.lines: list[bytes] = []
        self._time, self._days = NOW - timedelta(days=begin), timedelta(days=days)
        self._count = 0

    def add(self, kind: str, run: str = "", **facts: Any) -> None:
        """Add a record; without a `run` it is one outside of any run."""
        self._time += timedelta(seconds=1)
        own = {"run": run} if run else {}
        record = {"at": self._time.isoformat(), "kind": kind, **own, **facts}
        self.lines.append(json.dumps(record).encode() + b"\n")

    def begin(self, command: str = "deploy", state: dict[str, Any] = STATE) -> str:
        """Begin a run and return its id."""
        self._time += self._days
        self._count += 1
        run, common = f"r{self._count}", {"who": "me", "pid": 1, "release": "2", "target": None}
        self.add("run", run, command=command, state=state, **common)
        return run

    def intent(self, run: str, kind: str) -> None:
        facts = {"options": {"name": kind}, "change": f"do {kind}", "before": BEFORE.get(kind, {})}
        self.add("intent", run, step=kind, step_kind=kind, **facts)

    def done(self, run: str, kind: str, **facts: Any) -> None:
        self.intent(run, kind)
        self.add("done", run, step=kind, step_kind=kind, facts=facts)

    def finished(self, *kinds: str, command: str = "deploy", **release: Any) -> str:
        """Add a run that succeeded; `release` are facts of its `release` record, if any."""
        run = self.begin(command)
        for kind in kinds:
            self.done(run, kind)
        self.add("success", run, resolves=[])
        if release:
            self.add("release", run, command=command, **release)
        return run

    def write(self, folder: Path) -> Journal:
        journal = Journal(path=folder / "journal.jsonl")
        journal.path.write_bytes(b"".join(self.lines))
        return journal


def random_history(chance: random.Random, runs: int) -> History:
    """Return a history of runs that succeed, fail, are killed or resolved, and of damaged lines."""
    history = History(begin=chance.choice([10, 300, 500]), days=chance.choice([0.01, 5, 20]))
    killed: list[str] = []
    for _ in range(runs):
        if chance.random() < 0.2:
            garbage = [b"123\n", b"half a rec\n", b'{"run": "r1"}\n', b"\n", b'{"kind": "new"}\n']
            history.lines.append(chance.choice(garbage))
        if chance.random() < 0.2:
            history.add(chance.choice(["switched", "resolved", "success"]))
        run = history.begin(chance.choice(["deploy", "rollback", "restart", "backup create"]))
        for kind in chance.sample(STEPS, chance.randrange(4)):
            tag, image = f"web:{chance.randrange(4)}", f"sha256:{chance.randrange(20)}"
            moved = [tag] if chance.random() < 0.3 else []
            history.done(run, kind, images={tag: image}, moved=moved)
        if chance.random() < 0.15:
            history.intent(run, "rollout")
        if chance.random() < 0.25:
            killed.append(run)
            continue
        resolves = chance.sample(killed, chance.randrange(len(killed) + 1))
        killed = [each for each in killed if each not in resolves]
        if chance.random() < 0.2:
            history.add("failed", run)
            history.add("ended", run, whole=chance.random() < 0.7, resolves=resolves)
        else:
            history.add("success", run, resolves=resolves)
            backups = [f"b{chance.randrange(9)}"] if chance.random() < 0.5 else []
            history.add("release", run, command="deploy", backups=backups)
    if chance.random() < 0.2:
        history.lines.append(b'{"at": "20')
    return history


def lines_of(path: Path) -> list[bytes]:
    """Return the lines of a file without those about rotations; none if there is no file."""
    content = path.read_bytes() if path.exists() else b""
    return [
        line
        for line in content.split(b"\n")
        if line.strip() and b'"rotat' not in line  # `rotating`, `rotated`
    ]


def require_same_lines(journal: Journal, before: list[bytes]) -> None:
    """Require that journal and archive together have each line as often as before, in order."""
    live, archived = lines_of(journal.path), lines_of(archive_of(journal.path))
    assert sorted([*live, *archived]) == sorted(before)
    for part in (live, archived):
        left = iter(before)
        assert all(any(line == each for each in left) for line in part)


def facts_of(journal: Journal) -> dict[str, Any]:
    """Return what readers get from the journal, without the numbers of unreadable lines."""
    journal = Journal(path=journal.path)
    runs = [
        (
            run.id,
            run.command,
            run.failed,
            run.state,
            [(each.name, each.done, each.before, each.facts) for each in run.intents],
            len(run.lost_records),
            len(run.uncertain_records),
        )
        for run in unfinished(journal)
    ]
    kinds = [("done", {"step_kind": kind}) for kind in STEPS]
    queries = [*kinds, ("release", {}), ("cache-cleared", {})]
    return {"runs": runs, "last": [journal.last(kind, **facts) for kind, facts in queries]}
