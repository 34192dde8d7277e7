"""Wait until a container can serve, and tell why where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import tenacity

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, EngineUnavailable, UnhealthyContainer
from cosmicdeploy.probes.http import OK, ask
from cosmicdeploy.probes.urls import container_url

# A request costs the host next to nothing, a command in a container a tenth of a second at work.
ASKED_EVERY_SECONDS = 0.05
ASKED_AGAIN_SECONDS = 0.02  # once it has answered
RUN_EVERY_SECONDS = 0.5
LOG_LINES = 10
# A health check that hangs, in seconds.
PROBE_SILENCE = 10.0
ITSELF = ("localhost", "127.0.0.1", "::1")


def wait_ready(
    ctx: Context, container_id: str, name: str, on_answer: Callable[[], None] = lambda: None
) -> Container:
    """The container once it can serve; raises `UnhealthyContainer` with its last words.

    A replica has to answer its health path `restart.passes` times in a row, asked by us at short
    intervals; then, as for every container, its own health check decides. While the engine has not
    judged yet we run that ourselves, since its first verdict comes one whole interval after the
    start; of several replicas of one image in the first alone, where it asks no more than what each
    of them was just asked; and once in a container, until a step changes something again. One that
    ended, or was restarted by the engine, is given up at once. `on_answer` is called with a
    replica's every good answer.
    """
    answers = _AnswersInARow(ctx, name, on_answer)

    def is_judged(found: Container) -> bool:
        return (
            found.is_ready or answers.are_all(found) or _passed(ctx, found) or _passes(ctx, found)
        )

    return _wait(
        ctx,
        container_id,
        name,
        ready=lambda found: answers.enough(found) and is_judged(found),
        pause=answers.pause,
    )


class _AnswersInARow:
    """Counts a replica's good answers; what is no replica has nothing to answer."""

    def __init__(self, ctx: Context, name: str, on_answer: Callable[[], None]) -> None:
        self._ctx, self._on_answer = ctx, on_answer
        self._wanted = ctx.settings.restart.passes if name in ctx.settings.services.app else 0
        self._seen = 0

    def enough(self, found: Container) -> bool:
        if self._seen < self._wanted:
            self._seen = self._seen + 1 if self._answers(found) else 0
            if self._seen:
                self._on_answer()
        return self._seen >= self._wanted

    def pause(self) -> float:
        """Seconds until the next look."""
        if not self._wanted:
            return RUN_EVERY_SECONDS
        return ASKED_AGAIN_SECONDS if self._seen else ASKED_EVERY_SECONDS

    def are_all(self, found: Container) -> bool:
        """Whether the container's own health check passed in another one of its image, and would
        ask no more than was asked here."""
        passed = _check_of(found) in self._ctx.asked
        return passed and self._wanted > 0 and found.health == "starting" and self._asks(found)

    def _asks(self, found: Container) -> bool:
        *_, last = ("", *found.healthcheck)
        app = self._ctx.settings.app
        try:
            url = urlsplit(last)
            place = (url.scheme, url.hostname in ITSELF, url.port or 80, url.path)
        except ValueError:
            return False
        return place == ("http", True, app.port, app.health_path)

    def _answers(self, found: Container) -> bool:
        try:
            url = container_url(self._ctx, found)
        except EngineError:
            return False  # it has no address before it runs
        return found.is_running and ask(url + self._ctx.settings.app.health_path).status == OK


def _wait(
    ctx: Context,
    container_id: str,
    name: str,
    ready: Callable[[Container], bool],
    pause: Callable[[], float],
) -> Container:
    within = ctx.settings.restart.healthy_within
    restarts: list[int] = []

    def look() -> tuple[Container, bool]:
        ctx.safe_point()
        found = ctx.engine.container(container_id)
        if found is None:
            raise EngineError("The container went away while it was waited for", where=name)
        restarts.append(found.restart_count)
        return found, ready(found)

    def dead(found: Container) -> bool:
        # Before its first start a container is "created"; after that anything but running is the
        # end. Restarts from before the waiting are of no account.
        return found.status in ("exited", "dead") or found.restart_count > restarts[0]

    waiting = tenacity.Retrying(
        stop=tenacity.stop_after_delay(within),
        wait=lambda _state: pause(),
        retry=tenacity.retry_if_result(lambda seen: not (seen[1] or dead(seen[0]))),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    found, is_ready = waiting(look)
    if not is_ready:
        raise unhealthy(ctx, found, name, within, ended=dead(found))
    return found


def serves_now(ctx: Context, found: Container) -> bool:
    """Whether a container can serve at this moment, without waiting; its own health check is run
    where the engine has not judged yet."""
    return found.is_ready or _passes(ctx, found)


def _passes(ctx: Context, found: Container) -> bool:
    if found.health != "starting" or not found.healthcheck:
        return False
    try:
        result = ctx.engine.exec(found.id, found.healthcheck, silence=PROBE_SILENCE)
    except EngineUnavailable:
        raise
    except EngineError:
        return False  # it ended in this moment: the next look tells how
    if result.exit_code != 0:
        return False
    ctx.asked[_check_of(found)] = ctx.asked[_start_of(found)] = True
    return True


def _passed(ctx: Context, found: Container) -> bool:
    return _start_of(found) in ctx.asked


def _check_of(found: Container) -> str:
    return f"{' '.join(found.healthcheck)} in {found.image_id}"


def _start_of(found: Container) -> str:
    return f"{found.id} passes since {found.started_at}"


def unhealthy(
    ctx: Context, found: Container, name: str, within: float, *, ended: bool
) -> UnhealthyContainer:
    """The error that explains a container: state, last probe and last log lines."""
    state = f"{found.status}, exit code {found.exit_code}" if ended else found.health
    if found.oom_killed:
        state += ", out of memory"
    probe = [f"last probe: {found.last_probe}"] if found.last_probe else []
    return UnhealthyContainer(
        f"{name} did not become healthy within {within:.0f} s ({state or found.status})",
        where=name,
        todo="the lines above are its last probe and log lines",
        details=(*probe, *ctx.engine.logs(found.id, tail=LOG_LINES)),
    )
