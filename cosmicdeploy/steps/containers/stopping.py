"""Stop containers, if possible without interrupting a job."""

from __future__ import annotations

import time

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.stop_signals import KILLED, running_jobs
from cosmicdeploy.steps.containers.hooks import prepare_stop

# In seconds; each check runs a command in the container, for 0.05 s of the host's processor time.
CHECK_EVERY = 0.25
# In seconds: the grace period of a container that runs no job and ignores its stop signal.
NO_GRACE = 0.0


def end(ctx: Context, service: str, container_id: str, grace: float | None = None) -> None:
    """Stop a service's container; kill it after `grace` seconds.

    By default, `grace` is the grace period of the service. The service's `pre_stop` commands run
    first, and their time does not count.

    A service whose role is in `restart.between_jobs` ignores its stop signal and runs each job in a
    process of its own. It is killed as soon as no job runs, at the latest after `grace` seconds.
    """
    prepare_stop(ctx, service, container_id)
    patience = ctx.service(service).stop_grace_period if grace is None else grace
    if service in ctx.settings.services.of(ctx.settings.restart.between_jobs):
        _wait_between_jobs(ctx, service, container_id, patience)
        ctx.engine.stop(container_id, NO_GRACE)
        return
    started = time.monotonic()
    ctx.engine.stop(container_id, patience)
    used_up = time.monotonic() - started >= patience
    if used_up and service in ctx.settings.services.singletons:
        _report_kill(ctx, service, container_id, patience)


def _wait_between_jobs(ctx: Context, service: str, container_id: str, patience: float) -> None:
    is_working = poll(
        lambda: _runs_job(ctx, container_id),
        until=lambda is_working: not is_working,
        every=CHECK_EVERY,
        within=patience,
    )
    if is_working:
        ctx.say(f"{service} was still running a job after {patience:.0f} s and is killed")


def _runs_job(ctx: Context, container_id: str) -> bool:
    """Whether a job runs in the container; False if the container has ended."""
    container = ctx.engine.container(container_id)
    if container is None or not container.is_running:
        return False
    try:
        return running_jobs(ctx, container) > 0
    except EngineError:
        container = ctx.engine.container(container_id)
        if container is not None and container.is_running:
            raise
        return False


def _report_kill(ctx: Context, service: str, container_id: str, patience: float) -> None:
    """Report that the container ignored its stop signal, if its exit code shows that."""
    container = ctx.engine.container(container_id)
    if container is not None and container.exit_code == KILLED:
        ctx.say(
            f"{service} ignored its stop signal: it was killed after {patience:.0f} s, with"
            " the job that it ran (docs/workers.md)"
        )
