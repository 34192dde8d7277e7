"""Try a stop signal on a container of its own: without networks, volumes, folders or privileges.

The container has the image, command and environment of the service, so that it starts the same
program, but it can reach nothing and change nothing. It is removed at the end, also after a signal;
if this process is killed, the step `recover` of the next deploy removes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import uuid4

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.names import ContainerRole, name_as
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable, ProbeFailed
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.stop_signals import (
    BY_SIGNAL,
    DEFAULT,
    KILLED,
    first_command_line,
    ignores_stop_signal,
    signal_number,
)
from cosmicdeploy.stack.model import Healthcheck, Service

# How long a program may take until it handles its stop signal, and then to end by it.
STARTS_WITHIN_SECONDS = 15.0
ENDS_WITHIN_SECONDS = 10.0
EVERY_SECONDS = 0.5
# nginx-proxy sends requests to a container that has variables with these prefixes.
FOR_PROXIES = ("VIRTUAL_", "LETSENCRYPT_")
# The trial must not slow down what serves.
CPU_SHARES = 128


@dataclass(frozen=True, kw_only=True)
class StopTrial:
    """How the container of a trial ended after its stop signal.

    `was_killed`: the program did not end by its `signal` within `seconds`. `handles`: the kernel
    says that the program handles the signal. `died`: the program does not handle the signal, and
    the signal ended it at once, as it ends a child of an init. `words` are the command line of the
    first process.
    """

    was_killed: bool
    handles: bool
    died: bool
    words: tuple[str, ...]
    signal: str
    seconds: float

    @property
    def program(self) -> str:
        """The name of the first process's program."""
        return PurePosixPath(self.words[0]).name if self.words else "the first process"


def try_stop(ctx: Context, name: str, image_id: str) -> StopTrial:
    """Start a container of the service's image, send it its stop signal, and remove it.

    Raises `ProbeFailed` if the program ends before its stop signal, and `EngineError`.
    """
    service = alone(ctx.service(name))
    with _running(ctx, service, image_id) as container_id:
        handles = poll(
            lambda: _handles(ctx, service, container_id),
            until=bool,
            every=EVERY_SECONDS,
            within=STARTS_WITHIN_SECONDS,
            sleep=ctx.sleep,
        )
        container = _require_running(ctx, container_id)
        words = first_command_line(ctx, container)
        stop_signal = service.stop_signal or container.stop_signal or DEFAULT
        seconds = min(ctx.service(name).stop_grace_period, ENDS_WITHIN_SECONDS)
        ctx.engine.stop(container_id, seconds)
        code = _existing(ctx, container_id).exit_code
        return StopTrial(
            was_killed=code == KILLED,
            handles=handles,
            died=not handles and code == BY_SIGNAL + signal_number(stop_signal),
            words=words,
            signal=stop_signal,
            seconds=seconds,
        )


def alone(service: Service) -> Service:
    """Return the service without anything by which its container could reach or change something.

    Only the keys that decide which program starts, and how, are kept.
    """
    return Service(
        name=service.name,
        container_name=service.container_name,
        image=service.image,
        platform=service.platform,
        command=service.command,
        entrypoint=service.entrypoint,
        environment={
            name: value
            for name, value in service.environment.items()
            if not name.startswith(FOR_PROXIES)
        },
        copied_files=service.copied_files,
        user=service.user,
        working_dir=service.working_dir,
        init=service.init,
        tty=service.tty,
        stdin_open=service.stdin_open,
        stop_signal=service.stop_signal,
        cap_drop=service.cap_drop,
        mem_limit=service.mem_limit,
        pids_limit=service.pids_limit,
        healthcheck=Healthcheck(test=("NONE",)),
        network_mode="none",
        restart="no",
        cpu_shares=CPU_SHARES,
    )


@contextmanager
def _running(ctx: Context, service: Service, image_id: str) -> Iterator[str]:
    """Create and start the container; remove it at the end of the block. Yields its id."""
    ctx.safe_point()
    name = name_as(ContainerRole.TRIAL, service.container_name, uuid4().hex)
    trial_labels = labels.one_off(ctx.stack.project, service.compose_name, labels.STOP_TRIAL)
    try:
        container_id = ctx.engine.create(service, name=name, image=image_id, labels=trial_labels)
        ctx.engine.start(container_id)
        yield container_id
    finally:
        ctx.engine.discard(name)  # by its name, since it may exist although `create` has failed


def _handles(ctx: Context, service: Service, container_id: str) -> bool:
    """Return whether the program handles its stop signal by now; it may only just have started."""
    container = _require_running(ctx, container_id)
    try:
        return not ignores_stop_signal(ctx, service, container)
    except EngineUnavailable:
        raise
    except EngineError:  # it has just ended, or its image has no `cat`
        return False


def _existing(ctx: Context, container_id: str) -> Container:
    container = ctx.engine.container(container_id)
    if container is None:
        raise ProbeFailed("Another command has removed the container of this check")
    return container


def _require_running(ctx: Context, container_id: str) -> Container:
    ctx.safe_point()
    container = _existing(ctx, container_id)
    if not container.is_running:
        raise ProbeFailed(
            "Without its networks and volumes, the program ended by itself with exit code"
            f" {container.exit_code}",
            where=container.image_name,
            todo="run `cosmicdeploy up`: a running container also shows it",
        )
    return container
