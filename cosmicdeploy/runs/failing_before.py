"""What did not work when a run, or the first run that it resumes, began."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.journal.interrupted_run import Intent, InterruptedRun, intents
from cosmicdeploy.journal.known_failures import KnownFailures
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import QUIESCE, RESTART_IN_PLACE, ROLLOUT, SERVICES
from cosmicdeploy.journal.unfinished import unfinished
from cosmicdeploy.verification.initial_failures import find_initial_failures

# Kinds of steps that stop or replace containers.
STOPPING = (RESTART_IN_PLACE, ROLLOUT, QUIESCE, SERVICES)


def known_failures(ctx: Context, command: str) -> KnownFailures:
    """Return what did not work before the release in place began to change.

    If unfinished runs have replaced or stopped containers, and these still exist: what did not work
    when the first of the runs began. Else what does not work now, for a command that puts a release
    in place; nothing for an abort and for other commands.
    """
    runs = unfinished(ctx.journal)
    begun = [run for run in runs if run.kind.places_release and _replaces(run)]
    kind = RunKind.of_command(command)
    only_ends = kind is RunKind.ABORT
    if begun and (only_ends or not any(services_without_undo(ctx, run) for run in begun)):
        return KnownFailures.of_state(begun[0].state)
    if only_ends or not kind.places_release:
        return KnownFailures()
    return find_initial_failures(
        ctx, _stopped(ctx, [run for run in runs if not run.kind.places_release])
    )


def _replaces(run: InterruptedRun) -> bool:
    return bool(intents([run], ROLLOUT) or intents([run], QUIESCE))


def _stopped(ctx: Context, runs: Sequence[InterruptedRun]) -> set[str]:
    """Return the services that one of these runs has stopped.

    They worked before, and the recover step starts them.
    """
    begun = [intent for run in runs for intent in run.intents if intent.kind in STOPPING]
    names = {n for intent in begun for n in intent.before["containers"]}
    return {name for name in names if _ran(begun, name) and _is_stopped(ctx, name)}


def _ran(begun: Sequence[Intent], name: str) -> bool:
    """Whether a service ran before one of these steps; `quiesce` records ids only."""
    recorded = [intent.before["containers"].get(name) for intent in begun]
    return any(facts["running"] if isinstance(facts, dict) else facts for facts in recorded)


def _is_stopped(ctx: Context, name: str) -> bool:
    container = ctx.container(name) if name in ctx.stack.services else None
    return container is None or not container.is_active


def services_without_undo(ctx: Context, run: InterruptedRun) -> list[str]:
    """Return the services whose container from before a run is gone: they cannot be undone."""
    before: dict[str, Any] = {}
    for intent in intents([run], ROLLOUT):
        before |= intent.before["containers"]
    return [name for name, facts in before.items() if facts and _is_gone(ctx, facts["id"])]


def _is_gone(ctx: Context, container_id: str) -> bool:
    try:
        return ctx.engine.container(container_id) is None
    except CosmicError:
        return False
