"""Stop or start the services that are younger than the backup to which a rollback returns.

A rollback "leaves out" such services: it neither replaces nor checks them (see
`context/younger_services.py`). A younger service that the older release has no code for is stopped.
The others were stopped only while the data were restored, and are started again. The rollout does
not wait for them, since they may not work with the older data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import FirstError
from cosmicdeploy.journal.step_kinds import QUIESCE, ROLLOUT
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.journal.unfinished.unfinished import resumed_and_current
from cosmicdeploy.steps.containers.hooks import start_container
from cosmicdeploy.steps.containers.stopping import end

LEFT_OUT = "left_out"
Facts = Mapping[str, Any]


def to_change(ctx: Context) -> dict[str, Any]:
    """Return what the step adds to the recorded state for its undo, its `before`.

    Empty if no younger service is to be stopped or started.
    """
    runs = resumed_and_current(ctx.journal, ctx.run.resumed_runs)
    stopped = {name for each in intents(runs, QUIESCE) for name in each.before["containers"]}
    # A service that this run has started and that has ended again is not started a second time: it
    # may not work with the older data.
    own = [run for run in runs if run.id == ctx.journal.run]
    done = {each["id"] for i in intents(own, ROLLOUT) for each in i.before.get(LEFT_OUT, ())}
    facts = []
    for name in sorted(ctx.run.left_out):
        container, must_stop = ctx.container(name), name in ctx.run.to_stop
        # Only a running container can be stopped, and only a stopped one can be started.
        if container is None or container.is_active != must_stop:
            continue
        if must_stop or (name in stopped and container.id not in done):
            facts.append({"service": name, "id": container.id, "running": container.is_active})
    return {LEFT_OUT: facts} if facts else {}


def describe(before: Facts) -> str:
    """Describe in a plan which services are stopped and started; "" for none."""
    stopped = [each["service"] for each in before.get(LEFT_OUT, ()) if each["running"]]
    started = [each["service"] for each in before.get(LEFT_OUT, ()) if not each["running"]]
    texts = []
    if stopped:
        texts.append(f"stop {', '.join(stopped)} (younger than the backup)")
    if started:
        names = ", ".join(started)
        texts.append(f"start {names} again (younger than the backup), without waiting")
    return "; ".join(texts)


def stop_younger(ctx: Context, before: Facts) -> None:
    """Stop the services that the older release has no code for."""
    for each, container in _present(ctx, before):
        if each["running"] and container.is_active:
            end(ctx, each["service"], container.id)


def start_younger(ctx: Context, before: Facts) -> None:
    """Start the services again that were stopped only while the data were restored.

    If a service does not start, only warns: that must not undo the rollback. For example, the
    service may share the network of a container that has been replaced.
    """
    for each, container in _present(ctx, before):
        if each["running"] or container.is_active:
            continue
        name, errors = each["service"], FirstError()
        with errors:
            start_container(ctx, name, container.id, hooks_may_fail=True)
        if errors.error:
            ctx.warn(
                f"{name} is younger than the backup, and could not be started again:"
                f" {errors.error.what}; the next deploy starts or replaces it"
            )
        else:
            ctx.say(f"{name} is started again: see `cosmicdeploy status`")


def undo_younger(ctx: Context, before: Facts) -> None:
    """Start the stopped services and stop the started ones; then raise the first error."""
    errors = FirstError()
    for each, container in _present(ctx, before):
        with errors:
            if each["running"] and not container.is_active:
                start_container(ctx, each["service"], container.id, hooks_may_fail=True)
            elif not each["running"] and container.is_active:
                end(ctx, each["service"], container.id)
    errors.raise_if_any()


def _present(ctx: Context, before: Facts) -> Iterator[tuple[Facts, Container]]:
    """Yield the facts and the container of each declared service whose container still exists."""
    for each in before.get(LEFT_OUT, ()):
        container = ctx.engine.container(each["id"])
        if container is not None and each["service"] in ctx.stack.services:
            yield each, container
