"""Requests to replicas that are drained by a file in their own container."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.containers.names import final_name, is_temporary
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.proxy.draining import drain_files
from cosmicdeploy.proxy.draining.in_flight import wait_until_closed
from cosmicdeploy.proxy.traffic import ObservedTraffic
from cosmicdeploy.text.formatting import counted

# In seconds: how long connections may stay open that the container itself would also close.
FINISHING_SECONDS = 1.0


class DrainedTraffic(ObservedTraffic):
    """The part of `Traffic` that is the same for each load balancer that follows health.

    Not reusable. A subclass waits until the load balancer has noticed: `_wait_until_out` and
    `_wait_until_in`.
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._stopping: Sequence[str] = ()
        # Container → its drain file.
        self._drained: dict[str, tuple[Container, str]] = {}

    def before_stop(self, running: Mapping[str, Container]) -> None:
        self._stopping = list(running)

    def can_take_out(self, name: str, *, is_alone: bool) -> bool:
        container = self._ctx.container(name)
        if container is None or drain_files.drain_file(self._ctx, container) is None:
            return False
        return self._others_serve(name)

    def take_out(self, name: str, container: Container, *, until_finished: bool) -> None:
        self._drain(name, container, until_finished=until_finished)

    def take_out_beside(self, name: str, container: Container, *, until_finished: bool) -> bool:
        if drain_files.drain_file(self._ctx, container) is None:
            return False
        self._drain(name, container, until_finished=until_finished)
        return True

    def readmit(self, name: str, container: Container) -> None:
        if file := drain_files.drain_file(self._ctx, container):
            remove_if_running(self._ctx, container, file)
            self._drained.pop(container.id, None)
            self._wait_until_in(name, container)

    def put_in(self, names: Sequence[str], *, moved: bool) -> None:
        self.put_all_in()
        for name in names:
            self._wait_until_in(name, self._ctx.running(name))

    def adopt(self) -> None:
        super().adopt()
        for name in self._ctx.settings.services.app:
            for container in containers_of(self._ctx, name):
                if drain_files.exists(self._ctx, container):
                    file = str(drain_files.drain_file(self._ctx, container))
                    self._drained[container.id] = (container, file)

    def drained(self) -> list[str]:
        # The drain file makes a health check fail, so such a container is not ready.
        in_place = [name for name in self._ctx.settings.services.app if self._has_file(name)]
        return list(dict.fromkeys((*super().drained(), *in_place)))

    def put_all_in(self) -> None:
        super().put_all_in()
        while self._drained:
            container_id, (container, file) = next(iter(self._drained.items()))
            remove_if_running(self._ctx, container, file)
            del self._drained[container_id]

    def _has_file(self, name: str) -> bool:
        """Return whether the drain file of the replica's running container in place exists."""
        container = self._ctx.container(name)
        return container is not None and container.is_running and container.id in self._drained

    def _drain(self, name: str, container: Container, *, until_finished: bool) -> None:
        file = str(drain_files.drain_file(self._ctx, container))
        self._drained[container.id] = (container, file)
        drain_files.create(self._ctx, container, file)
        try:
            self._wait_until_out(name, container)
        except BaseException:
            remove_if_running(self._ctx, container, file)
            del self._drained[container.id]
            raise
        self._wait_until_finished(name, container, until_finished=until_finished)

    def _wait_until_finished(
        self, name: str, container: Container, *, until_finished: bool
    ) -> None:
        """Wait for the requests in flight, as far as open connections show them."""
        left = wait_until_closed(
            self._ctx, container, self._patience(name, until_finished=until_finished)
        )
        self._say_unfinished(name, len(left), "connection", until_finished=until_finished)

    def _patience(self, name: str, *, until_finished: bool) -> float:
        """Return for how many seconds to wait for requests in flight."""
        grace = self._ctx.service(name).stop_grace_period
        return grace if until_finished else min(grace, FINISHING_SECONDS)

    def _say_unfinished(self, name: str, left: int, what: str, *, until_finished: bool) -> None:
        if left and until_finished:
            self._ctx.say(
                f"{name} is drained, except for {counted(left, what)} still open after its grace"
                " period"
            )

    def _others_serve(self, name: str) -> bool:
        """Return whether another replica of the application gets requests, and does not stop."""
        application = self._ctx.settings.application_of(name)
        others = set(application.services if application else ()) - {name, *self._stopping}
        containers = [self._ctx.container(each) for each in others]
        return any(each is not None and each.is_ready for each in containers)

    def _wait_until_out(self, name: str, container: Container) -> None:
        """Wait until the container gets no more requests. Raises `ProbeFailed` if it still does."""
        raise NotImplementedError

    def _wait_until_in(self, name: str, container: Container) -> None:
        """Wait until the container gets requests. Raises `ProbeFailed` if it does not."""
        raise NotImplementedError


def containers_of(ctx: Context, name: str) -> Iterator[Container]:
    """Yield the running containers of a service: the one in place, and those beside it."""
    own_name = ctx.service(name).container_name
    in_place = ctx.container(name)
    temporary = [
        each
        for each in ctx.unassigned_containers()
        if is_temporary(each.name) and final_name(each.name) == own_name
    ]
    yield from (each for each in (in_place, *temporary) if each is not None and each.is_running)


def remove_if_running(ctx: Context, container: Container, file: str) -> None:
    """Remove the drain file of a container; do nothing if the container no longer runs.

    A file in /dev/shm is gone once its container has stopped.
    """
    try:
        drain_files.remove(ctx, container, file)
    except EngineUnavailable:
        raise
    except EngineError:
        now = ctx.engine.container(container.id)
        if now is not None and now.is_running:
            raise
