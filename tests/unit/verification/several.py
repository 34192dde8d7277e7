"""A stack of three applications with a proxy, whose replies are scripted: api, web and admin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.settings import load
from cosmicdeploy.stack.compose import read_stack
from tests.unit.servers import Reply, Served, serving

PORTS = {"api": 9000, "web": 3000, "admin": 8081}
PATHS = {"api": "/api/health", "web": "/", "admin": "/admin/ready"}
COMPOSE = """\
services:
  api: {image: api}
  web: {image: web, depends_on: [api]}
  admin: {image: admin}
  nginx: {image: nginx}
"""
SETTINGS = """\
services: {{app: [api, web, admin], proxy: nginx}}
app: {{port: 9000, health_path: /api/health, release_header: X-Release}}
applications:
  web: {{port: 3000, health_path: /}}
  admin: {{port: 8081, health_path: /admin/ready{admin}}}
probe: {{url: "{url}"}}
"""


@dataclass(frozen=True)
class Several:
    """The stack's context, and the servers: of the applications, and `front` for their clients."""

    ctx: Context
    servers: Mapping[str, Served]


def good(release: str) -> Reply:
    return Reply(200, headers={"X-Release": release})


@contextmanager
def several(
    ctx: Context,
    folder: Path,
    replies: Mapping[str, Reply],
    front: Mapping[str, Reply],
    admin: str = "",
) -> Iterator[Several]:
    """Run the servers: each application gives its reply, the front one for each path, else 404.

    `admin` are further keys of the application admin.
    """
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving(lambda _n, own=reply: own))  # type: ignore[misc]
            for name, reply in replies.items()
        }
        served: list[Served] = []
        servers["front"] = stack.enter_context(
            serving(lambda n: front.get(served[0].requests[n - 1].partition(" ")[2], Reply(404)))
        )
        served.append(servers["front"])
        settings = folder / "cosmicdeploy.yaml"
        settings.write_text(SETTINGS.format(url=servers["front"].url, admin=admin))
        compose = folder / "compose.yml"
        compose.write_text(COMPOSE)
        declared = read_stack(compose, env_file=folder / ".env", environ={}, project="shop")
        running = {f"shop-{name}-1": _container(name, servers.get(name)) for name in PORTS}
        running["shop-nginx-1"] = _container("nginx", None)
        engine: Any = SimpleNamespace(container=running.get, image=lambda _: None)
        yield Several(
            ctx=replace(ctx, loaded=load(settings, {}), stack=declared, engine=engine),
            servers=servers,
        )


def _container(name: str, served: Served | None) -> Container:
    port = int(served.url.rpartition(":")[2]) if served else 1
    return Container(
        id=name, name=f"shop-{name}-1", service=name, project="shop", image_id="i",
        status="running" if served or name == "nginx" else "exited",
        published={PORTS[name]: ("127.0.0.1", port)} if served else {},
        labels={"cosmicdeploy.release": "2"}, started_at="2026-02-02T18:30:00Z",
    )  # fmt: skip
