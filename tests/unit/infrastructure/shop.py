"""A shop with a proxy, a database and services without a role, on an engine kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.replicas import resolve_replicas
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Container, Difference, ExecResult, Image
from cosmicdeploy.settings import load
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Build, Service

COMPOSE = """\
name: shop
services:
  app: {image: shop/app, depends_on: [db, pg]}
  db: {image: 'mariadb:10', volumes: ['data:/var/lib/mysql']}
  pg: {image: 'postgres:16', volumes: ['pg:/var/lib/postgresql/data']}
  mailer: {image: mailer}
  nginx:
    build: ./nginx
    image: shop/nginx
    ports: ['80:80']
    depends_on: [app]
    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']
volumes: {data: , pg: }
"""
SETTINGS = """\
compose_file: compose.yml
services: {app: [app], database: db, proxy: nginx}
app: {console: [none]}
database: {name: shop}
"""
NAMES = ("app", "db", "pg", "mailer", "nginx")


@dataclass
class Engine:
    """Containers by name, images by tag or id, and scripted answers to commands by first words.

    `drift` has the differences of each service, `digests` what each build's sources amount to.
    """

    by_name: dict[str, Container] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    drift: dict[str, list[Difference]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    answers: dict[tuple[str, ...], ExecResult] = field(default_factory=dict)
    commands: list[tuple[str, ...]] = field(default_factory=list)

    def container(self, reference: str) -> Container | None:
        ids = {each.id: each for each in self.by_name.values()}
        return self.by_name.get(reference) or ids.get(reference)

    def containers(self, _project: str, except_names: Sequence[str] = ()) -> list[Container]:
        return [each for name, each in self.by_name.items() if name not in except_names]

    def containers_of_folder(self, *_: object, **__: object) -> list[Container]:
        return []

    def image(self, reference: str) -> Image | None:
        ids = {each.id: each for each in self.images.values()}
        return self.images.get(reference) or ids.get(reference)

    def differences(self, _container_id: str, service: Service) -> list[Difference]:
        return self.drift.get(service.name, [])

    def find_marker(self, _name: str) -> None:
        return None

    def context_digest(self, build: Build) -> str:
        return self.digests[build.context.name]

    def exec(self, _container_id: str, argv: Sequence[str], **_: object) -> ExecResult:
        self.commands.append(tuple(argv))
        for length in range(len(argv), 0, -1):
            if (answer := self.answers.get(tuple(argv[:length]))) is not None:
                return answer
        return ExecResult(exit_code=127)


def container(name: str, image: str, **more: Any) -> Container:
    """Return a running container of a service of the shop."""
    return Container(
        **{
            "id": f"id-{name}",
            "name": f"shop-{name}-1",
            "service": name,
            "project": "shop",
            "image_id": image,
            "status": "running",
            "started_at": "2026-01-02T03:04:05.5Z",
            "labels": {labels.SERVICE: name, labels.NUMBER: "1", labels.PROJECT: "shop"},
            **more,
        }
    )


def running_engine(*without: str) -> Engine:
    """Return an engine on which all services run as declared, except those `without` container."""
    tags = {
        "app": "shop/app",
        "db": "mariadb:10",
        "pg": "postgres:16",
        "mailer": "mailer",
        "nginx": "shop/nginx",
    }
    images = {tag: Image(id=f"sha256:{name}") for name, tag in tags.items()}
    images["shop/nginx"] = Image(id="sha256:nginx", labels={labels.CONTEXT: "1"})
    found = {f"shop-{n}-1": container(n, f"sha256:{n}") for n in NAMES if n not in without}
    return Engine(found, images, digests={"nginx": "1"})


def open_shop(
    ctx: Context,
    folder: Path,
    engine: Engine,
    compose: str = COMPOSE,
    settings: str = SETTINGS,
) -> Context:
    """Return the context of the shop, read from its files, on this engine."""
    (folder / "compose.yml").write_text(compose)
    (folder / "cosmicdeploy.yaml").write_text(settings)
    loaded = load(folder / "cosmicdeploy.yaml", {})
    stack = read_stack(folder / "compose.yml", env_file=folder / ".env", environ={})
    loaded, stack = resolve_replicas(loaded, stack, engine.containers("shop"))
    any_engine: Any = engine
    return replace(ctx, loaded=loaded, stack=stack, engine=any_engine)


Open = Callable[..., Context]
