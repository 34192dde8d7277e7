"""Wait until a container is ready for traffic, and explain why it is not."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable, UnhealthyContainer
from cosmicdeploy.polling import poll
from cosmicdeploy.probes.http import OK, send_request
from cosmicdeploy.probes.urls import container_url

# Requests are sent more often than commands run: a request costs the host next to nothing, but a
# command in a container takes about 100 ms under load.
REQUEST_EVERY_SECONDS = 0.05
REQUEST_EVERY_SECONDS_AFTER_SUCCESS = 0.02
COMMAND_EVERY_SECONDS = 0.5
LOG_LINES = 10
# A health check that prints nothing for this long counts as hanging.
HEALTH_CHECK_SILENCE = 10.0
LOCALHOST = ("localhost", "127.0.0.1", "::1")


def wait_ready(
    ctx: Context, container_id: str, name: str, on_good_response: Callable[[], None] = lambda: None
) -> Container:
    """Wait until a container is ready, and return it.

    Waits up to `restart.healthy_within` seconds. Raises `UnhealthyContainer`, with the last probe
    and log lines, if the container is not ready by then, or as soon as it ends or restarts.

    A container is ready once its health check passes. Before that, a replica has to answer its
    health path `restart.passes` times in a row. The deployer sends 20 requests per second until the
    first good response, then up to 50, and calls `on_good_response` after each good response.

    The engine runs the health check for the first time one interval after the start. Until then the
    deployer runs the check itself in the container. It skips the check for a replica if the check
    has passed in another container of the same image and only sends the request that this replica
    has just answered.
    """
    responses = _ResponsesInARow(ctx, name, on_good_response)

    def has_passed(container: Container) -> bool:
        return (
            container.is_ready
            or responses.prove_health(container)
            or _has_passed_before(ctx, container)
            or _passes_now(ctx, container)
        )

    return _wait(
        ctx,
        container_id,
        name,
        ready=lambda container: responses.are_enough(container) and has_passed(container),
        pause=responses.pause,
    )


class _ResponsesInARow:
    """Counts the good responses in a row of a replica; a container of another role needs none."""

    def __init__(self, ctx: Context, name: str, on_good_response: Callable[[], None]) -> None:
        self._ctx, self._on_answer = ctx, on_good_response
        self._application = ctx.settings.application_of(name)
        self._needed = ctx.settings.restart.passes if self._application else 0
        self._count = 0

    def are_enough(self, container: Container) -> bool:
        """Send one more request if needed; return whether there are enough good responses now."""
        if self._count < self._needed:
            self._count = self._count + 1 if self._responds_well(container) else 0
            if self._count:
                self._on_answer()
        return self._count >= self._needed

    def pause(self) -> float:
        """Return the seconds until the next attempt."""
        if not self._needed:
            return COMMAND_EVERY_SECONDS
        return REQUEST_EVERY_SECONDS_AFTER_SUCCESS if self._count else REQUEST_EVERY_SECONDS

    def prove_health(self, container: Container) -> bool:
        """Return whether the replica's responses make a run of its health check unnecessary.

        They do if the check has passed in another container of the same image and only sends the
        request that the deployer has just sent.
        """
        has_passed = _check_key(container) in self._ctx.lookup_cache.passed_checks
        return (
            has_passed
            and self._needed > 0
            and container.health == "starting"
            and self._is_same_request(container)
        )

    def _is_same_request(self, container: Container) -> bool:
        *_, last = ("", *container.healthcheck)
        application = self._application
        try:
            url = urlsplit(last)
            parts = (url.scheme, url.hostname in LOCALHOST, url.port or 80, url.path)
        except ValueError:
            return False
        return application is not None and parts == (
            "http",
            True,
            application.port,
            application.health_path,
        )

    def _responds_well(self, container: Container) -> bool:
        application = self._application
        if application is None or not container.is_running:
            return False
        try:
            url = container_url(container, application)
        except EngineError:
            return False  # a container has no address before it runs
        return send_request(url + application.health_path).status == OK


def _wait(
    ctx: Context,
    container_id: str,
    name: str,
    ready: Callable[[Container], bool],
    pause: Callable[[], float],
) -> Container:
    within = ctx.settings.restart.healthy_within
    restarts: list[int] = []

    def attempt() -> tuple[Container, bool]:
        ctx.safe_point()
        container = ctx.engine.container(container_id)
        if container is None:
            raise EngineError(
                "The container was removed while the run waited for it",
                where=name,
                todo="see what runs now with `cosmicdeploy status`, then run the command again",
            )
        restarts.append(container.restart_count)
        return container, ready(container)

    def has_ended(container: Container) -> bool:
        # Only restarts since the first attempt count.
        return container.status in ("exited", "dead") or container.restart_count > restarts[0]

    container, is_ready = poll(
        attempt, until=lambda last: last[1] or has_ended(last[0]), every=pause, within=within
    )
    if not is_ready:
        raise unhealthy(ctx, container, name, within, ended=has_ended(container))
    return container


def serves_now(ctx: Context, container: Container) -> bool:
    """Return whether a container is ready at this moment, without waiting.

    Runs the container's health check if the engine has not run it yet.
    """
    return container.is_ready or _passes_now(ctx, container)


def _passes_now(ctx: Context, container: Container) -> bool:
    if container.health != "starting" or not container.healthcheck:
        return False
    try:
        result = ctx.engine.exec(container.id, container.healthcheck, silence=HEALTH_CHECK_SILENCE)
    except EngineUnavailable:
        raise
    except EngineError:
        return False  # the container has just ended: the next attempt finds out how
    if result.exit_code != 0:
        return False
    ctx.lookup_cache.passed_checks.add(_check_key(container))
    ctx.lookup_cache.passed_starts.add(_start_key(container))
    return True


def _has_passed_before(ctx: Context, container: Container) -> bool:
    """Return whether the deployer has seen the check pass since the container's last start."""
    return _start_key(container) in ctx.lookup_cache.passed_starts


def _check_key(container: Container) -> tuple[tuple[str, ...], str]:
    return tuple(container.healthcheck), container.image_id


def _start_key(container: Container) -> tuple[str, str]:
    return container.id, container.started_at


def unhealthy(
    ctx: Context, container: Container, name: str, within: float, *, ended: bool
) -> UnhealthyContainer:
    """Return the error for a container that was not ready within `within` seconds.

    `ended`: whether the container ended or restarted. The details are its last probe and log lines.
    """
    state = f"{container.status}, exit code {container.exit_code}" if ended else container.health
    if container.oom_killed:
        state += ", out of memory"
    probe = [f"last probe: {container.last_probe}"] if container.last_probe else []
    return UnhealthyContainer(
        f"{name} did not become healthy within {within:.0f} s ({state or container.status})",
        where=name,
        todo=f"see its last probe and log lines above, or `cosmicdeploy logs {name} --tail 100`",
        details=(*probe, *ctx.engine.logs(container.id, tail=LOG_LINES)),
    )
