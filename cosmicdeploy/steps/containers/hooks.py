"""Start a service's container, and run the commands of `post_start` and `pre_stop` in it.

As in Compose, the commands of `post_start` run once the container is started, whether or not it is
healthy yet, and those of `pre_stop` run before the container gets its stop signal. After a command
that fails, no further command runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Hook

# Lines of a failed command's output in an error.
LINES_SHOWN = 10


def start_container(
    ctx: Context, service: str, container_id: str, *, hooks_may_fail: bool = False
) -> None:
    """Start a service's container and run its `post_start`; let a paused container continue.

    A paused container does not run `post_start` again: it did so when it was started.

    Raises `EngineError` if the start or a command fails. With `hooks_may_fail`, the failure of a
    command is only reported. An undo needs that, since it starts a former container, in which the
    commands of the present compose file may fail.
    """
    hooks = ctx.service(service).post_start
    if hooks and (container := ctx.engine.container(container_id)) and container.is_paused:
        hooks = ()
    ctx.engine.start(container_id)
    try:
        _run(ctx, service, container_id, "post_start", hooks)
    except EngineError as error:
        if not hooks_may_fail:
            raise
        ctx.say(f"{service} is left running: {error}")


def prepare_stop(ctx: Context, service: str, container_id: str) -> None:
    """Run a service's `pre_stop` if its container runs; a failure is only reported.

    An undo has to be able to stop a container whose `pre_stop` fails.
    """
    hooks = ctx.service(service).pre_stop
    container = ctx.engine.container(container_id) if hooks else None
    if container is None or not container.is_running:
        return
    try:
        _run(ctx, service, container_id, "pre_stop", hooks)
    except EngineError as error:
        ctx.say(f"{service} is stopped nevertheless: {error}")


def _run(ctx: Context, service: str, container_id: str, key: str, hooks: Iterable[Hook]) -> None:
    for hook in hooks:
        ctx.say(f"{service}: {key} {hook.command[0]}")
        result = ctx.engine.run_hook(container_id, hook)
        if result.exit_code != 0:
            text = result.error_text.strip() or result.text.strip()
            raise EngineError(
                f"The {key} command of {service} failed with exit code {result.exit_code}",
                where=f"{service}: {key}",
                todo="correct the command in the compose file",
                details=text.splitlines()[-LINES_SHOWN:],
            )
