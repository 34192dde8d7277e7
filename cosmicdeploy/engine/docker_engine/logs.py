"""Read the logs of containers through the Docker SDK."""

from __future__ import annotations

import time
from collections.abc import Iterator

from cosmicdeploy.engine.commands import log_reader
from cosmicdeploy.engine.connection import translated
from cosmicdeploy.engine.docker_engine.api import DockerApi
from cosmicdeploy.engine.facts import LogLine


class DockerLogs(DockerApi):
    """`EngineLogs` on the Docker SDK."""

    def logs(
        self, container_id: str, *, tail: int | None = None, seconds: float | None = None
    ) -> list[str]:
        since = None if seconds is None else int(time.time() - seconds)
        with translated("Reading logs", container_id[:12]):
            text = self._api.logs(container_id, tail="all" if tail is None else tail, since=since)
        return [line.rstrip() for line in text.decode("utf-8", "replace").splitlines()]

    def log_lines(self, container_id: str, since: float) -> Iterator[str]:
        rest = b""
        with translated("Reading logs", container_id[:12]):
            # With `since` alone, the engine would read the whole log from its beginning.
            tail = log_reader.tail_since(self._api, container_id, since)
            chunks = self._api.logs(container_id, since=since, tail=tail, stream=True, follow=False)
            for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode("utf-8", "replace") for line in lines)
            if rest:
                yield rest.decode("utf-8", "replace")

    def timed_log_lines(
        self,
        container_id: str,
        *,
        since: int | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> Iterator[LogLine]:
        with translated("Reading logs", container_id[:12]):
            selection = log_reader.LogSelection(since=since, tail=tail, follow=follow)
            yield from log_reader.read(self._api, container_id, selection)
