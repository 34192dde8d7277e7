"""Journals with runs as the present version and earlier ones record them, at fixed times."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cosmicdeploy.journal.journal import Journal
from tests.unit.journal.journal_writer import BEFORE, STATE

FIRST = datetime.fromisoformat("2026-11-30T09:34:00.000+01:00")
ORIGIN = {
    "host": "kiosk-1",
    "user": "ops",
    "ci": {
        "system": "GitHub Actions",
        "job": "release / deploy",
        "url": "https://github.com/shop/web/actions/runs/7",
    },
    "git": {"commit": "1a2b3c4d5e6f7a8b9c0d", "branch": "main", "dirty": True},
}
STATS = {
    "sent": 60,
    "failed": 0,
    "held": 0,
    "announced": 0,
    "limited": 0,
    "not_found": 0,
    "p50_ms": 3.9,
    "p99_ms": 21.1,
    "max_ms": 32.6,
    "longest_gap_ms": 93.0,
}
SERIES = {
    "sent": [10, 10, 9, 10, 10, 11],
    "failed": [0, 0, 0, 0, 0, 0],
    "p50_ms": [3.9, 3.8, 4.2, None, 5.0, 4.0],
    "p99_ms": [12.0, 14.5, 250.0, None, 40.0, 21.1],
}


def step(name: str, outcome: str, began: float, ended: float, **more: Any) -> dict[str, Any]:
    """Return a step of a summary; its kind is its name."""
    return {
        "name": name,
        "kind": name,
        "outcome": outcome,
        "reason": f"{name} was to be done",
        "began": began,
        "ended": ended,
        "seconds": round(ended - began, 2),
        "facts": {},
        **more,
    }


def phase(service: str, name: str, began: float, ended: float) -> dict[str, Any]:
    return {"service": service, "phase": name, "began": began, "ended": ended}


BACKUP = "20261130-093405-0dd1"
BACKUP_STEP = step(
    "backup",
    "changed",
    0.4,
    1.0,
    facts={
        "backup": BACKUP,
        "proof": "structure restored, data read again",
        "structure_proof": {"objects": 14, "seconds": 0.3},
    },
)
ROLLOUT_FACTS = {
    "reasons": {"web-1": "another image runs", "web-2": "another image runs"},
    "differences": {
        "web-1": [
            {"key": "healthcheck.interval", "change": "changed", "old": "5s", "new": "10s"},
            {"key": "environment.TOKEN", "change": "added", "old": None, "new": None},
        ]
    },
}
PHASES = [
    phase("web-1", "create", 2.0, 2.2),
    phase("web-1", "drain", 2.2, 2.8),
    phase("web-1", "start", 2.8, 3.0),
    phase("web-1", "healthy", 3.0, 3.6),
    phase("web-2", "drain", 4.0, 4.4),
    phase("web-2", "start", 4.4, 4.6),
    phase("web-2", "healthy", 4.6, 5.0),
]
POINTS = [
    {"point": "health", "ok": True, "expected": "200", "found": "200 from both"},
    {
        "point": "proxy",
        "ok": True,
        "expected": "no risk",
        "found": "holds",
        "warnings": ["slow reload"],
    },
    {
        "point": "heartbeat",
        "ok": False,
        "expected": "200",
        "found": "429",
        "todo": "wait",
        "unproven": True,
    },
]
SUCCESS: dict[str, Any] = {
    "outcome": "changed",
    "exit_code": 0,
    "seconds": 6.0,
    "release": "2",
    "releases": {"web-1": "2", "web-2": "2"},
    "backup": BACKUP,
    "steps": [
        step("health", "passed", 0.2, 0.4),
        step("pull", "unchanged", 0.4, 0.4),
        BACKUP_STEP,
        step("migrate", "changed", 1.0, 2.0, facts={"migrations": ["2026_02_02_add_column"]}),
        step("rollout", "changed", 2.0, 5.2, facts=ROLLOUT_FACTS),
        step("soak", "passed", 5.2, 6.0, facts={"restarts": ["web-2"], "oom_killed": []}),
    ],
    "error": None,
    "requests": {
        **STATS,
        "sent": 120,
        "failures": [],
        "broken": "",
        "failing_before": "",
        "new": STATS,
        "kept": STATS,
        "applications": {},
        "beats": None,
        "proxy": {"answers": 800, "errors": 0, "gateway": 0, "gone": 0, "held": 0},
    },
    "series": {"seconds": 1.0, "new": SERIES, "kept": SERIES},
    "gaps": [],
    "maintenance": [],
    "phases": PHASES,
    "points": POINTS,
    "restarts": {"web-1": 0, "web-2": 1},
    "warnings": ["no copy at /mnt: full"],
}
FAILURES = {**SERIES, "failed": [0, 0, 3, 0, 0, 0]}
FAILURE: dict[str, Any] = {
    **SUCCESS,
    "outcome": "failed",
    "exit_code": 1,
    "release": "1",
    "releases": {"web-1": "1", "web-2": "1"},
    "steps": [
        step("health", "passed", 0.2, 0.4),
        BACKUP_STEP,
        step("migrate", "undone", 1.0, 2.0, reason="run 2026_02_02_add_column"),
        step("rollout", "failed", 2.0, 4.0, reason="web-1 did not become healthy"),
        {**step("verify", "skipped", 0.0, 0.0), "began": None, "ended": None},
    ],
    "error": {
        "what": "web-1 did not become healthy",
        "where": "web-1",
        "todo": "see its log: `cosmicdeploy logs web-1 --tail 100`",
        "details": ["Traceback (most recent call last)", "KeyError: 'APP_KEY'"],
        "output": ["starting web-1", "waiting for web-1"],
    },
    "series": {"seconds": 1.0, "new": FAILURES, "kept": SERIES},
    "requests": {
        **SUCCESS["requests"],
        "failed": 3,
        "failures": ["http://shop/health: 502 in 3 ms"],
        "broken": "3 of 120 requests failed",
        "new": {**STATS, "failed": 3},
    },
    "gaps": [
        {
            "service": "web-1",
            "what": "was away",
            "began": 2.2,
            "ended": 4.6,
            "seconds": 2.4,
            "at_most_seconds": 10.0,
            "failed": 3,
        }
    ],
    "phases": [
        phase("web-1", "drain", 2.2, 2.8),
        phase("web-1", "start", 2.8, 3.0),
        phase("web-1", "never ready", 3.0, 4.0),
        phase("web-1", "undo", 4.2, 5.0),
    ],
    "points": [],
    "restarts": {},
    "warnings": [],
}


class Recorded:
    """Writes the lines of a journal; each run begins an hour after the last one."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.runs = 0

    @property
    def journal(self) -> Journal:
        return Journal(path=self.path)

    def at(self, seconds: float) -> str:
        """Return the time that many seconds after the present run began."""
        moment = FIRST + timedelta(hours=self.runs, seconds=seconds)
        return moment.isoformat(timespec="milliseconds")

    def add(self, kind: str, seconds: float, run: str, /, **facts: Any) -> None:
        record = {"at": self.at(seconds), "kind": kind, "run": run, **facts}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def begin(self, run: str, command: str = "deploy", **facts: Any) -> Recorded:
        """Begin a run as the present version records it."""
        self.runs += 1
        own = {"who": "ops@kiosk-1", "pid": 1, "release": "2", "target": None, "state": STATE}
        shown = {"origin": ORIGIN, "releases": {"web-1": "1", "web-2": "1"}}
        self.add("run", 0, run, command=command, **{**own, **shown, **facts})
        return self

    def intent(self, run: str, kind: str, seconds: float) -> None:
        facts = {"options": {"name": kind}, "change": f"do {kind}", "before": BEFORE.get(kind, {})}
        self.add("intent", seconds, run, step=kind, step_kind=kind, **facts)

    def done(self, run: str, kind: str, began: float, ended: float, **facts: Any) -> None:
        self.intent(run, kind, began)
        self.add("done", ended, run, step=kind, step_kind=kind, facts=facts)

    def success(self, run: str = "aaaa1111", **changes: Any) -> Recorded:
        """Add a deploy of release 2 that succeeded."""
        self.begin(run)
        self.done(run, "backup", 0.4, 1.0, backup=BACKUP)
        self.done(run, "migrate", 1.0, 2.0)
        self.done(run, "rollout", 2.0, 5.2)
        self.add("success", 6.0, run, resolves=[])
        self.add("summary", 6.0, run, **{**SUCCESS, **changes})
        return self

    def failure(self, run: str = "bbbb2222", **changes: Any) -> Recorded:
        """Add a deploy of release 2 that failed in its rollout and was undone."""
        self.begin(run)
        self.done(run, "backup", 0.4, 1.0, backup=BACKUP)
        self.done(run, "migrate", 1.0, 2.0)
        self.intent(run, "rollout", 2.0)
        self.add("failed", 4.0, run, error="web-1 did not become healthy")
        self.add("undone", 5.0, run, step="rollout", step_kind="rollout")
        self.add("undone", 5.4, run, step="migrate", step_kind="migrate")
        self.add("ended", 5.5, run, whole=True, resolves=[])
        self.add("summary", 6.0, run, **{**FAILURE, **changes})
        return self

    def earlier(self, run: str = "cccc3333") -> Recorded:
        """Add a deploy as an earlier version recorded it: without origin and summary."""
        self.begin(run)
        text = self.path.read_text().splitlines()
        last = json.loads(text[-1])
        del last["origin"], last["releases"]
        self.path.write_text("\n".join([*text[:-1], json.dumps(last)]) + "\n")
        self.done(run, "backup", 0.4, 1.0, backup=BACKUP)
        self.done(run, "rollout", 2.0, 5.2)
        self.add("success", 6.0, run, resolves=[])
        return self

    def killed(self, run: str = "dddd4444") -> Recorded:
        """Add a deploy that was killed in its rollout."""
        self.begin(run)
        self.done(run, "backup", 0.4, 1.0, backup=BACKUP)
        self.intent(run, "rollout", 2.0)
        return self
