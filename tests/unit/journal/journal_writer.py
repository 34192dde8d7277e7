"""A writer of journal records, as runs write them."""

from __future__ import annotations

from pathlib import Path

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.unfinished.unfinished import unfinished

BEFORE = {
    "build": {"tags": {"web:1": "sha256:1"}},
    "rollout": {"containers": {"web": {"id": "1", "running": True}}},
    "migrate": {"applied": [], "schema": "s", "names": ["a"], "pending": []},
    "restore": {"target": "b1"},
}
STATE = {"tags": {}, "containers": {}, "schema": "s", "migrations": []}


class Writer:
    """Append the records of runs to a journal; each method writes one record, `done` two."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path=path)

    def run(self, run: str, command: str = "deploy", target: str | None = None) -> Writer:
        self.journal = self.journal.of_run(run)
        facts = {"who": "me", "pid": 1, "release": "2", "target": target, "state": STATE}
        self.journal.append("run", command=command, **facts)
        return self

    def intent(self, kind: str) -> Writer:
        facts = {"options": {"name": kind}, "change": f"do {kind}", "before": BEFORE.get(kind, {})}
        self.journal.append("intent", step=kind, step_kind=kind, **facts)
        return self

    def done(self, kind: str, **facts: object) -> Writer:
        self.intent(kind).journal.append("done", step=kind, step_kind=kind, facts=facts)
        return self

    def undone(self, kind: str) -> Writer:
        self.journal.append("undone", step=kind, step_kind=kind)
        return self

    def end(self, kind: str, **facts: object) -> Writer:
        self.journal.append(kind, **facts)
        return self

    def unfinished(self) -> list[str]:
        return [run.id for run in unfinished(self.journal.of_run(""))]
