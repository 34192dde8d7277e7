"""Run a command in a one-off container."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from docker import APIClient

from cosmicdeploy.engine.commands.log_follower import LogFollower, OnLine, ReadLog
from cosmicdeploy.engine.commands.log_reader import LogSelection, read
from cosmicdeploy.engine.containers.ending import wait_for_end
from cosmicdeploy.engine.facts import ExecResult, LogLine
from cosmicdeploy.errors import EngineError
from cosmicdeploy.stack.model import Healthcheck, Service


def oneoff_service(service: Service, argv: Sequence[str]) -> Service:
    """Return the definition of a one-off container that runs `argv` with the service's settings.

    The container has no entrypoint, no health check, and nothing that attracts traffic
    (`Service.isolated`).
    """
    return replace(
        service.isolated(),
        command=tuple(argv),
        entrypoint=(),
        healthcheck=Healthcheck(test=("NONE",)),
    )


def run_to_end(
    api: APIClient, container_id: str, timeout: float, on_line: OnLine | None = None
) -> ExecResult:
    """Start a container, wait until it ends, and return its output and exit code.

    `on_line` gets each line of both outputs as the container prints it (see `LogFollower`). Raises
    what the SDK raises, and `EngineError` if the container runs longer than `timeout` seconds. The
    caller then removes the container, which kills the command.
    """
    api.start(container_id)
    follower = LogFollower(_log_reader(api, container_id), on_line) if on_line else None
    code = wait_for_end(api, container_id, timeout)
    if code is None:
        raise EngineError(
            f"The command did not end within {timeout:g} s, and was killed",
            details=_last_lines(api, container_id),
        )
    if follower:
        follower.finish()
    out = api.logs(container_id, stdout=True, stderr=False)
    err = api.logs(container_id, stdout=False, stderr=True)
    return ExecResult(exit_code=code, stdout=out, stderr=err)


def _log_reader(api: APIClient, container_id: str) -> ReadLog:
    def read_log(*, follow: bool) -> Iterator[LogLine]:
        return read(api, container_id, LogSelection(follow=follow))

    return read_log


def _last_lines(api: APIClient, container_id: str) -> tuple[str, ...]:
    return tuple(api.logs(container_id, tail=15).decode("utf-8", "replace").splitlines())
