"""The containers: what became of each since the last look."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cosmicdeploy.context import Context, release_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.probes.monitor.event import HEALTH, Sight
from cosmicdeploy.text.formatting import counted

EVERY_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What matters of a container; `id` is "" where there is none."""

    id: str = ""
    state: str = "missing"
    restarts: int = 0
    started_at: str = ""
    image: str = ""

    @classmethod
    def of(cls, container: Container | None) -> Seen:
        """As it is now."""
        if container is None:
            return cls()
        return cls(
            id=container.id,
            state=container.health
            if container.is_running and container.health
            else container.status,
            restarts=container.restart_count,
            started_at=container.started_at,
            image=container.image_id,
        )


class Health:
    """Looks at the container of every service."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: Mapping[str, Seen] = {}
        self._releases: dict[str, str] = {}

    def look(self) -> Iterator[Sight]:
        """All of them as a whole, then what is new. Raises `EngineError`."""
        found = {n: Seen.of(self._ctx.container(n)) for n in self._ctx.settings.services.all}
        before, self._known = self._known, found
        yield self._whole(found)
        if not before:
            yield _sight("watch", first_words(found))
            return
        for name, seen in found.items():
            if text := difference(before[name], seen, self._release(seen)):
                yield _sight(name, text)

    def _whole(self, found: Mapping[str, Seen]) -> Sight:
        rows = [
            {
                "service": name,
                "state": seen.state,
                "release": self._release(seen),
                "restarts": seen.restarts,
                "since": seen.started_at,
            }
            for name, seen in found.items()
        ]
        return Sight(
            at=time.time(), topic=HEALTH, source=HEALTH, text="", facts={"rows": rows}, quiet=True
        )

    def _release(self, seen: Seen) -> str:
        if seen.image not in self._releases:
            image = self._ctx.engine.image(seen.image) if seen.image else None
            self._releases[seen.image] = release_of(image, self._ctx.settings.app.release_variable)
        return self._releases[seen.image]


def first_words(found: Mapping[str, Seen]) -> str:
    """The first look in a line."""
    ill = [f"{name} is {seen.state}" for name, seen in found.items() if not _is_well(seen)]
    return f"{counted(len(found), 'container')}, {', '.join(ill) or 'all well'}"


def difference(before: Seen, now: Seen, release: str) -> str:
    """What became of a container, in words; "" where nothing did."""
    if not now.id:
        return "is gone" if before.id else ""
    of = f" (release {release})" if release else ""
    if now.id != before.id:
        return f"{'was replaced' if before.id else 'is there'}, {now.state}{of}"
    if now.restarts > before.restarts:
        return f"ended and was restarted, {now.state}"
    if now.started_at != before.started_at and now.state != "exited":
        return f"was started again, {now.state}"
    return f"is {now.state}" if now.state != before.state else ""


def _is_well(seen: Seen) -> bool:
    return seen.state in ("running", "healthy")


def _sight(source: str, text: str) -> Sight:
    return Sight(at=time.time(), topic=HEALTH, source=source, text=text)
