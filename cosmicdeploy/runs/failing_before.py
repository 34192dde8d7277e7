"""Find what did not work before a run, or before the first run that it resumes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.records.known_failures import KnownFailures
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import QUIESCE, RESTART_IN_PLACE, ROLLOUT, SERVICES
from cosmicdeploy.journal.unfinished.interrupted_run import Intent, InterruptedRun, intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.verification.initial_failures import find_initial_failures

# Kinds of steps that stop or replace containers.
STOPPING = (RESTART_IN_PLACE, ROLLOUT, QUIESCE, SERVICES)


def known_failures(ctx: Context, kind: RunKind, created: Collection[str] = ()) -> KnownFailures:
    """Return the services and verification points that failed before the containers changed.

    - If interrupted deploys or rollbacks began to replace or stop containers, returns the failures
      that the first of these runs recorded.
    - If a container from before a rollout of these runs is gone, only an abort uses that record.
    - If no record is used, a deploy or rollback gets the present failures, and any other kind of
      run gets none.

    `created` are the services that the run creates. A missing container of such a service is no
    failure. The result names these services as `new`, unless the kind of the run gets no failures.
    """
    runs = unfinished(ctx.journal)
    releasing = [run for run in runs if run.kind.places_release and _changes_containers(run)]
    is_abort = kind is RunKind.ABORT
    if releasing and (is_abort or not any(services_without_undo(ctx, r) for r in releasing)):
        return KnownFailures.of_state(releasing[0].state).with_new(created)
    if is_abort or not kind.places_release:
        return KnownFailures()
    return find_initial_failures(
        ctx, _stopped(ctx, [run for run in runs if not run.kind.places_release]), created
    )


def _changes_containers(run: InterruptedRun) -> bool:
    return bool(intents([run], ROLLOUT) or intents([run], QUIESCE))


def _stopped(ctx: Context, runs: Sequence[InterruptedRun]) -> set[str]:
    """Return the services that ran before one of these runs, and that do not run now.

    Such a service counts as working, since the recover step starts it.
    """
    begun = [intent for run in runs for intent in run.intents if intent.kind in STOPPING]
    names = {n for intent in begun for n in intent.before["containers"]}
    return {name for name in names if _ran(begun, name) and _is_stopped(ctx, name)}


def _ran(begun: Sequence[Intent], name: str) -> bool:
    """Whether a service ran before one of these steps.

    A `quiesce` step records only the ids of running containers; the other kinds record facts.
    """
    recorded = [intent.before["containers"].get(name) for intent in begun]
    return any(facts["running"] if isinstance(facts, dict) else facts for facts in recorded)


def _is_stopped(ctx: Context, name: str) -> bool:
    container = ctx.container(name) if name in ctx.stack.services else None
    return container is None or not container.is_active


def services_without_undo(ctx: Context, run: InterruptedRun) -> list[str]:
    """Return the services whose rollout cannot be undone: their previous container is gone."""
    before: dict[str, Any] = {}
    for intent in intents([run], ROLLOUT):
        before |= intent.before["containers"]
    return [name for name, facts in before.items() if facts and _is_gone(ctx, facts["id"])]


def _is_gone(ctx: Context, container_id: str) -> bool:
    try:
        return ctx.engine.container(container_id) is None
    except CosmicError:
        return False  # if the engine does not answer, nothing shows that the container is gone
