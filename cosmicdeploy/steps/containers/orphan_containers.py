"""Stop, start and remove orphans: containers of the project that no service declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cosmicdeploy.abort_advice import ACCEPT
from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, FirstError, NeedsPerson, UnhealthyContainer
from cosmicdeploy.journal.step_kinds import ORPHANS, ROLLOUT, SERVICES
from cosmicdeploy.journal.unfinished.interrupted_run import Intent, intents
from cosmicdeploy.probes.readiness import wait_healthy
from cosmicdeploy.steps.containers.stopping import stop_container

# The key of a step's `before` with the facts of the orphans that it stops before a service starts.
IN_THE_WAY = "in_the_way"


def is_asked_to_remove(ctx: Context) -> bool:
    """Whether this run, or one that it resumes, was asked to remove orphans."""
    runs = ctx.run.resumed_runs
    begun = [intent for run in runs for intent in run.intents if intent.before.get(IN_THE_WAY)]
    return ctx.run.remove_orphans or bool(begun or intents(runs, ORPHANS))


def orphan_facts(orphan: Container) -> dict[str, Any]:
    """Return what the journal records of an orphan before a run stops it."""
    return {
        "id": orphan.id,
        "name": orphan.name,
        "running": orphan.is_active,
        "ready": orphan.is_ready,
    }


def gone_orphans(ctx: Context, begun: Iterable[Intent]) -> list[str]:
    """Return the names of orphans that an undo of these steps would start, but that are gone."""
    keys = {ORPHANS: "orphans", ROLLOUT: IN_THE_WAY, SERVICES: IN_THE_WAY}
    known = [intent for intent in begun if intent.kind in keys]
    facts = [each for intent in known for each in intent.before.get(keys[intent.kind], ())]
    return [f["name"] for f in facts if f["running"] and ctx.engine.container(f["id"]) is None]


def stop_orphan(ctx: Context, container_id: str) -> None:
    """Stop an orphan, with the grace period with which its container was created."""
    container = ctx.engine.container(container_id)
    if container is not None and container.is_active:
        stop_container(ctx, container.name, container.id, container.stop_timeout)


def start_orphans(ctx: Context, orphans: Iterable[Mapping[str, Any]]) -> None:
    """Start the orphans again that ran before, and wait for those that were ready.

    Raises the first error once all were tried, but `LockLost` and `EngineUnavailable` immediately.
    """
    errors = FirstError()
    for each in orphans:
        with errors:
            _start_orphan(ctx, each)
    errors.raise_if_any()


def _start_orphan(ctx: Context, facts: Mapping[str, Any]) -> None:
    """Start one orphan if it ran before; wait until it is healthy if it was ready before.

    Raises `NeedsPerson` if the orphan is gone, and `CosmicError` if it does not become healthy.
    """
    if not facts["running"]:
        return
    container = ctx.engine.container(facts["id"])
    if container is None:
        raise NeedsPerson(
            f"The container {facts['name']}, which the run stopped, is gone",
            where=f"project {ctx.stack.project}",
            todo=f"no service declares it, so nothing can create it again; {ACCEPT}",
        )
    if not container.is_active:
        ctx.engine.start(container.id)
    if not facts["ready"]:
        return
    try:
        wait_healthy(ctx, container.id, facts["name"])
    except UnhealthyContainer as error:
        raise CosmicError(
            f"{facts['name']} was started again, but is not ready",
            where=facts["name"],
            todo=f"see its log: `docker logs --tail 100 {facts['name']}`",
            details=error.details,
        ) from error


def remove_stopped(ctx: Context, orphans: Iterable[Mapping[str, Any]]) -> list[str]:
    """Remove orphans that a run has stopped; return their names.

    Leaves their volumes, and any orphan that runs again. Raises `EngineError`.
    """
    removed = []
    for each in orphans:
        container = ctx.engine.container(each["id"])
        if container is not None and not container.is_active:
            ctx.engine.remove(container.id)
            removed.append(container.name)
    return removed
