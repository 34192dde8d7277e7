"""The part of the `Engine` protocol that runs commands in containers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from cosmicdeploy.engine.facts import ExecResult, Streams
from cosmicdeploy.stack.model import Hook, Service


class EngineCommands(Protocol):
    """Commands, in a running container or in a one-off container."""

    def exec(
        self,
        container_id: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stdin: Iterable[bytes] | None = None,
        sink: Callable[[bytes], None] | None = None,
        silence: float | None = None,
    ) -> ExecResult:
        """Run a command in a running container, and wait until the command ends.

        The command reads `stdin` as its standard input. `sink` receives its standard output piece
        by piece; without a sink the result holds the whole output. Raises `EngineError` if the
        stream breaks off or the engine reports no exit code, and `CommandSilent` if the command
        prints nothing for `silence` seconds. A failed command raises nothing: see `exit_code`.
        """

    def exec_as(
        self,
        user: str,
        container_id: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> ExecResult:
        """Run a command like `exec`, but as `user`; "" stands for the container's own user."""

    def run_hook(self, container_id: str, hook: Hook) -> ExecResult:
        """Run a command of `post_start` or `pre_stop` in a container. Raises as `exec` does."""

    def exec_interactive(
        self,
        container_id: str,
        argv: Sequence[str],
        streams: Streams,
        *,
        environment: Mapping[str, str] | None = None,
        user: str = "",
    ) -> int:
        """Run a command in a running container with the operator's streams; return its exit code.

        If `user` is "", the command runs as the container's own user. If `streams.out` or
        `streams.err` raises, this method raises the same exception, and the command continues to
        run. An exception of `streams.stdin` is raised once the output has ended.
        """

    def run_oneoff(
        self,
        service: Service,
        argv: Sequence[str],
        *,
        image: str,
        project: str,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> ExecResult:
        """Run a command in a one-off container of a service, and remove the container.

        The container has the service's environment, mounts and networks, but no ports, no fixed
        address and no aliases. `on_line` gets each line of both outputs as the command prints it;
        it may be called in another thread. Raises `EngineError` if the command takes longer than
        `timeout` seconds; the container is then killed.
        """
