"""Stop containers, if possible without interrupting a job.

A signal to the deployer ends the wait for a stop immediately. The engine continues the stop, and
the undo first waits until the stop has ended: until then the container looks as if it kept running,
although it will end. A stop begins with the first command of `pre_stop`, which may itself end the
container.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import wait
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.process.background import Call
from cosmicdeploy.process.concurrency import start_in_thread
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.stop_signals import KILLED, running_jobs
from cosmicdeploy.steps.containers.hooks import prepare_stop

# In seconds: the interval of the checks for a running job. A check may need a command in the
# container, which takes 0.05 s of the host's processor time.
CHECK_EVERY = 0.25
# In seconds: the grace period of a container that runs no job and ignores its stop signal.
NO_GRACE = 0.0
# After a signal to the deployer, the commands of `pre_stop` have this many seconds left: a command
# that hangs would hold up the undo.
PRE_STOP_SECONDS = 60.0


def end(ctx: Context, service: str, container_id: str, grace: float | None = None) -> None:
    """Stop one service's container as `end_all` does, and raise what that raises."""
    end_all(ctx, {service: container_id}, grace)


def end_all(ctx: Context, containers: Mapping[str, str], grace: float | None = None) -> None:
    """Stop containers (service → id) at the same time; kill each that runs after `grace` seconds.

    Requests in flight finish only if the service itself finishes them on its stop signal.

    By default, `grace` is the grace period of the service. The service's `pre_stop` commands run
    first, and their time does not count.

    A service whose role is in `restart.between_jobs` ignores its stop signal and runs each job in a
    process of its own. Its container is killed as soon as no job runs, at the latest after `grace`
    seconds.

    Raises `EngineError`, and what a safe point raises. If a safe point raises, a container whose
    stop has not begun yet gets no stop signal, and `RunScope.stops` has the stops that have begun.
    """
    stops = {
        f"{name} has stopped": partial(_end, ctx, name, container_id, grace)
        for name, container_id in containers.items()
    }
    ctx.run.stops.run(stops, ctx.safe_point)


def stop_container(ctx: Context, name: str, container_id: str, grace: float) -> None:
    """Stop a container without the commands and settings of a service; kill it after `grace` s.

    Raises what `end_all` raises.
    """

    def stop(call: Call) -> None:
        if call.begin():
            ctx.engine.stop(container_id, grace)

    ctx.run.stops.run({f"{name} has stopped": stop}, ctx.safe_point)


def _end(ctx: Context, service: str, container_id: str, grace: float | None, call: Call) -> None:
    """Stop one container, unless the wait for the stop is given up before the stop has begun."""
    if ctx.service(service).pre_stop:
        if not call.begin():
            return
        _prepare(ctx, service, container_id, call)
    patience = ctx.service(service).stop_grace_period if grace is None else grace
    between_jobs = service in ctx.settings.services.of(ctx.settings.restart.between_jobs)
    if between_jobs:
        _wait_between_jobs(ctx, service, container_id, patience, call)
    if not (call.has_begun or call.begin()):
        return
    if between_jobs:
        ctx.engine.stop(container_id, NO_GRACE)
        return
    started = time.monotonic()
    ctx.engine.stop(container_id, patience)
    used_up = time.monotonic() - started >= patience
    # Only these services run jobs, which a kill interrupts.
    if used_up and service in ctx.settings.services.singletons:
        _report_kill(ctx, service, container_id, patience)


def _prepare(ctx: Context, service: str, container_id: str, call: Call) -> None:
    """Run `pre_stop`; once the wait for the stop is given up, wait `PRE_STOP_SECONDS` at most."""
    prepared = start_in_thread(partial(prepare_stop, ctx, service, container_id))
    while not call.given_up.is_set():
        if not wait([prepared], timeout=CHECK_EVERY).not_done:
            break
    if wait([prepared], timeout=PRE_STOP_SECONDS).not_done:
        ctx.say(
            f"{service} is stopped nevertheless: {PRE_STOP_SECONDS:g} s after the signal its"
            " pre_stop still runs"
        )
    else:
        prepared.result()


def _wait_between_jobs(
    ctx: Context, service: str, container_id: str, patience: float, call: Call
) -> None:
    """Wait until no job runs, for `patience` seconds at most.

    If the operator's signal has given up the wait for the stop, ends immediately, unless the stop
    has begun.
    """

    def is_given_up() -> bool:
        return call.given_up.is_set() and not call.has_begun

    def pause(seconds: float) -> None:
        if call.has_begun:
            time.sleep(seconds)
        else:
            call.given_up.wait(seconds)

    is_working = poll(
        lambda: _runs_job(ctx, container_id),
        until=lambda is_working: not is_working or is_given_up(),
        every=CHECK_EVERY,
        within=patience,
        sleep=pause,
    )
    if is_working and not is_given_up():
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
