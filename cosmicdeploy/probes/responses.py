"""Count the good responses in a row of a replica that becomes ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.probes.http import OK, send_request
from cosmicdeploy.probes.preconditions.spoken_protocol import wrong_protocol
from cosmicdeploy.probes.urls import container_url, is_requested
from cosmicdeploy.settings import Application

# A container to which no requests are sent is checked less often: its health check is a command in
# the container, which takes about 100 ms under load. A request costs the host next to nothing.
REQUEST_EVERY_SECONDS = 0.05
REQUEST_EVERY_SECONDS_AFTER_SUCCESS = 0.02
COMMAND_EVERY_SECONDS = 0.5
LOCALHOST = ("localhost", "127.0.0.1", "::1")


class ResponsesInARow:
    """Counts the good responses in a row of a replica of `application`.

    A container of no application (None) needs no responses.
    """

    def __init__(
        self, ctx: Context, application: Application | None, on_good_response: Callable[[], None]
    ) -> None:
        self._ctx, self._application = ctx, application
        self._on_good_response = on_good_response
        self._needed = ctx.settings.restart.passes if application else 0
        self._count, self._last = 0, ""

    def are_enough(self, container: Container) -> bool:
        """Send one more request if needed; return whether there are enough good responses now."""
        if self._application and not is_requested(container, self._application):
            self._needed = 0
        if self._count < self._needed:
            self._count = self._count + 1 if self._responds_well(container) else 0
            if self._count:
                self._on_good_response()
        return self._count >= self._needed

    def pause(self) -> float:
        """Return the seconds until the next attempt."""
        if not self._needed:
            return COMMAND_EVERY_SECONDS
        return REQUEST_EVERY_SECONDS_AFTER_SUCCESS if self._count else REQUEST_EVERY_SECONDS

    def prove_health(self, container: Container) -> bool:
        """Return whether good responses prove that the replica's health check would pass.

        They prove it if the check only sends the request that the replica has answered.
        """
        return (
            self._needed > 0 and container.health == "starting" and self._is_same_request(container)
        )

    def _is_same_request(self, container: Container) -> bool:
        application = self._application
        if application is None or not container.healthcheck:
            return False
        try:
            # The last argument of such a check is the URL, as in `curl -f URL`.
            url = urlsplit(container.healthcheck[-1])
            host, port = url.hostname, url.port or 80
        except ValueError:
            return False
        path = f"{url.path}?{url.query}" if url.query else url.path
        is_local = url.scheme == "http" and host in LOCALHOST
        return is_local and (port, path) == (application.port, application.health_path)

    def _responds_well(self, container: Container) -> bool:
        application = self._application
        if application is None or not container.is_running:
            return False
        try:
            url = container_url(container, application)
        except EngineError:
            return False  # a container has no address before it runs
        response = send_request(url + application.health_path)
        self._last = "" if response.status == OK else str(response)
        return response.status == OK

    def why_not_enough(self, container: Container) -> Sequence[str]:
        """Return lines that say what was wrong with the last response."""
        last = [f"last response: {self._last}"] if self._last else []
        if self._application is None or not last or not container.is_running:
            return last
        wrong = wrong_protocol(self._application, container)
        return [*last, f"{wrong}: see {self._application.section}.protocol"] if wrong else last
