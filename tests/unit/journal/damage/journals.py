"""Records of a killed run, and everything that reads a journal."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from cosmicdeploy.cli.reporting import unfinished_reports
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.unfinished.interrupted_migration import interrupted_migration
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.operations.checklist.evidence import migrations
from cosmicdeploy.operations.checklist.verdict import Span
from cosmicdeploy.runs.undo.snapshot import changed
from cosmicdeploy.runs.undo.undo import applied_by, has_swapped_data
from cosmicdeploy.steps.backups.kept_images import last_releases, rollback_backups
from cosmicdeploy.steps.containers.restart.interrupted_restarts import interrupted_restarts
from cosmicdeploy.steps.schema.migrate_down import backup_before
from tests.unit.journal.damage.any_json import AT, ID

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
    """Return the records of a run that was killed after it had applied steps of many kinds."""
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


def read_all(journal: Journal) -> None:
    """Call every reader of the journal; only two of them may raise a `CosmicError`."""
    ctx: Any = SimpleNamespace(
        journal=journal,
        settings=SimpleNamespace(
            backup=SimpleNamespace(keep=SimpleNamespace(releases=3)),
            services=SimpleNamespace(proxy=None, app=("web",)),
            maintenance=SimpleNamespace(file=None),
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
