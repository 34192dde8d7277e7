"""Wait for services that run to their end, such as a migration, which must not be killed."""

from __future__ import annotations

from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.commands.log_follower import LogFollower
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import CosmicError, EngineError, EngineUnavailable, NeedsPerson
from cosmicdeploy.journal.step_kinds import ONE_SHOT
from cosmicdeploy.journal.unfinished.interrupted_run import intents
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.steps.base import NotReversible

# In seconds: the shortest wait for a container whose limit is over already.
LAST_LOOK = 1.0


def wait_until_ended(ctx: Context, name: str, container_id: str, within: float) -> Container:
    """Wait until a service's container has ended, and show its output; return it.

    `within` is in seconds. Raises `EngineError` if the container does not end, or is removed.
    """
    log = LogFollower(partial(ctx.engine.timed_log_lines, container_id), ctx.say)
    try:
        ctx.engine.wait_until_ended(container_id, within)
    except BaseException:  # also a signal
        log.stop()
        raise
    log.finish()
    container = ctx.engine.container(container_id)
    if container is None:
        raise EngineError("The container was removed while it ran", where=name)
    return container


def running_one_shots(ctx: Context) -> list[str]:
    """Return the services that an interrupted run began to run to their end, and that still run."""
    begun = intents(unfinished(ctx.journal), ONE_SHOT)
    names = dict.fromkeys(name for intent in begun for name in intent.before["containers"])
    return [name for name in names if name in ctx.stack.services and _running(ctx, name)]


def wait_for_one_shots(ctx: Context) -> None:
    """Wait for services that an interrupted run began to run to their end.

    Raises what `let_end` raises.
    """
    for name in running_one_shots(ctx):
        let_end(ctx, name)


def let_end(ctx: Context, name: str) -> bool:
    """If a service's container still runs, wait until it has ended; return whether it ran.

    Says how the container ended. Waits for `migrate.timeout` seconds; then raises `NeedsPerson`,
    and leaves the container alone. Raises `EngineError`.
    """
    container = _running(ctx, name)
    if container is not None:
        _let_end(ctx, name, container, ctx.settings.migrate.timeout, NeedsPerson)
    return container is not None


def let_end_for_undo(ctx: Context, name: str) -> None:
    """Wait before an undo as `let_end` does; `migrate.timeout` counts from the container's start.

    So a run that has waited for all this time does not wait for it again in its undo. Raises
    `NotReversible` if the container still runs then: what earlier steps did must stay, too.
    """
    container = _running(ctx, name)
    if container is not None:
        left = max(LAST_LOOK, ctx.settings.migrate.timeout - container.seconds_up)
        _let_end(ctx, name, container, left, NotReversible)


def _running(ctx: Context, name: str) -> Container | None:
    """Return the service's container if it has not ended."""
    container = ctx.container(name)
    return container if container is not None and container.is_active else None


def _let_end(
    ctx: Context, name: str, container: Container, within: float, refusal: type[CosmicError]
) -> None:
    ctx.say(f"waiting up to {within:.0f} s for {container.name}, which runs to its end")
    try:
        ended = wait_until_ended(ctx, name, container.id, within)
    except EngineUnavailable:
        raise
    except EngineError as error:
        if _running(ctx, name) is None:
            raise
        raise _still_runs(name, container, refusal) from error
    if ended.exit_code == 0:
        ctx.say(f"{name} ended successfully")
    else:
        ctx.warn(
            f"{name} ended with exit code {ended.exit_code}: what it does to data may be half done"
        )


def _still_runs(name: str, container: Container, refusal: type[CosmicError]) -> CosmicError:
    return refusal(
        f"{name} still runs, and is not killed: what it does to data would be left half done",
        where=container.name,
        todo=f"see `cosmicdeploy logs {name} --tail 100`; once it has ended, or after"
        f" `docker stop {container.name}`, continue with the same command, or undo the run:"
        " `cosmicdeploy deploy --abort`; the limit is migrate.timeout",
    )
