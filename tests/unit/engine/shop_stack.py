"""A stack `shop`, its containers, and an engine that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.stack.model import Service, Stack

FOLDER = Path("/srv/shop")


def stack(**declared: str | None) -> Stack:
    """Return a stack of services with these declared container names; `None` declares no name."""
    services = {
        name: Service(
            name=name,
            container_name=given or f"shop-{name}-1",
            declared_name=given,
            image=f"shop-{name}",
            declares_image=False,
        )
        for name, given in declared.items()
    }
    return Stack(
        project="shop",
        file=FOLDER / "compose.yml",
        env_file=FOLDER / ".env",
        services=services,
        networks={},
        volumes={},
    )


def container(name: str, status: str = "running", service: str = "db", **more: Any) -> Container:
    own = {labels.NUMBER: name[-1], **more.pop("labels", {})}
    more = {
        "created_at": "2026-01-02T03:04:05.1Z",
        "image_name": "mariadb:10.11",
        "volume_names": ("shop_data",),
        **more,
    }
    return Container(
        id=name, name=name, service=service, project="shop", image_id="i", status=status,
        labels=own, **more,
    )  # fmt: skip


class Engine:
    """An engine with containers of this project, and of other projects in the same folder.

    A container's id is its name.
    """

    def __init__(self, own: Sequence[Container], others: Sequence[Container] = ()) -> None:
        self._own, self._others = own, others
        self.users: dict[str, list[Container]] = {}
        # Name of a stopped container → the seconds that it had to stop.
        self.stopped: dict[str, float] = {}

    def writers(self, source: str) -> list[Container]:
        return self.users.get(source, [])

    def containers(self, _project: str, except_names: Sequence[str] = ()) -> list[Container]:
        return [c for c in self._own if c.name not in except_names]

    def containers_of_folder(self, folder: Path, except_project: str) -> list[Container]:
        assert (folder, except_project) == (FOLDER, "shop")
        return list(self._others)

    def container(self, name: str) -> Container | None:
        return next((c for c in self._own if c.name == name), None)

    def logs(self, _name: str, tail: int) -> list[str]:
        return []

    def image(self, _reference: str) -> None:
        return None

    def oneoffs(self, _project: str) -> list[Container]:
        return []

    def containers_of_images(self, *_: object, **__: object) -> list[Container]:
        return []

    def start(self, name: str) -> None:
        self._set(name, "running")

    def stop(self, name: str, timeout: float) -> None:
        self.stopped[name] = timeout
        self._set(name, "exited")

    def remove(self, name: str) -> None:
        self._own = [c for c in self._own if c.name != name]

    def _set(self, name: str, status: str) -> None:
        self._own = [replace(c, status=status) if c.name == name else c for c in self._own]

    def require_supported(self, _service: Service) -> None:
        pass

    def find_marker(self, _name: str) -> None:
        return None
