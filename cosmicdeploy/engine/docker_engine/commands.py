"""Run commands in containers through the Docker SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import uuid4

from cosmicdeploy.engine import labels as label
from cosmicdeploy.engine.commands import exec_streams, interactive
from cosmicdeploy.engine.commands.oneoff import oneoff_service, run_to_end
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.containers.names import ContainerRole, name_as
from cosmicdeploy.engine.docker_engine.containers import DockerContainers
from cosmicdeploy.engine.facts import ExecResult, Streams
from cosmicdeploy.stack.model import Hook, Service


class DockerCommands(DockerContainers):
    """`EngineCommands` on the Docker SDK.

    Inherits the methods with which it creates and removes one-off containers.
    """

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
        command = exec_streams.Command(
            argv=argv,
            options={"environment": dict(environment or {})},
            stdin=stdin,
            sink=sink,
            silence=silence,
        )
        return exec_streams.run_exec(self._api, container_id, command)

    def exec_as(
        self,
        user: str,
        container_id: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> ExecResult:
        command = exec_streams.Command(
            argv=argv,
            options={"environment": dict(environment or {}), "user": user},
            stdin=None,
            sink=None,
            silence=silence,
        )
        return exec_streams.run_exec(self._api, container_id, command)

    def run_hook(self, container_id: str, hook: Hook) -> ExecResult:
        options = {
            "environment": dict(hook.environment),
            "user": hook.user,
            "workdir": hook.working_dir or None,
            "privileged": hook.privileged,
        }
        command = exec_streams.Command(
            argv=hook.command, options=options, stdin=None, sink=None, silence=None
        )
        return exec_streams.run_exec(self._api, container_id, command)

    def exec_interactive(
        self,
        container_id: str,
        argv: Sequence[str],
        streams: Streams,
        *,
        environment: Mapping[str, str] | None = None,
        user: str = "",
    ) -> int:
        options = {"environment": dict(environment or {}), "user": user}
        with translated(f"Running {argv[0]}", container_id[:12]):
            return interactive.run(self._api, container_id, argv, options, streams)

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
        name = name_as(ContainerRole.COMMAND, service.container_name, uuid4().hex)
        container_id = self.create(
            oneoff_service(service, argv),
            name=name,
            image=image,
            labels=label.one_off(project, service.compose_name, label.RUN),
        )
        try:
            with translated(f"Running {' '.join(argv)}", service.name):
                return run_to_end(self._api, container_id, timeout, on_line)
        finally:
            self.discard(container_id)
