"""A stack whose application is php-fpm behind an nginx of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.workspace import read_stack_files

COMPOSE = """\
services:
  app: {image: shop}
  nginx:
    image: nginx
    ports: ["8080:80"]
    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"]
"""
NGINX = """\
server {{
    root /srv;
    location / {{
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
        fastcgi_pass app:{port};
    }}
}}
"""
SETTINGS = "compose_file: compose.yml\nproject: shop\nservices: {app: [app], proxy: nginx}\n"
CHECK = ("php-fpm-healthcheck",)


@dataclass
class FpmEngine:
    """An engine with one container, whose health check ends with `exit_code`."""

    only: Container
    exit_code: int = 0
    checks: list[Sequence[str]] = field(default_factory=list)

    def container(self, _name: str) -> Container:
        return self.only

    def exec(self, _id: str, argv: Sequence[str], **_: Any) -> ExecResult:
        self.checks.append(argv)
        return ExecResult(exit_code=self.exit_code)

    def logs(self, _id: str, **_: Any) -> list[str]:
        return ["ready to handle connections"]

    def image(self, _reference: str) -> None:
        return None


StackOf = Callable[..., Context]


@pytest.fixture
def fpm(ctx: Context, tmp_path: Path) -> StackOf:
    """Return a function that opens the stack, with these keys of `app`.

    The port of the application is the given one of this machine. With `check`, the container has a
    health check of its own.
    """

    def opened(
        port: int, app: str = "", *, nginx: str = NGINX, check: bool = False, rest: str = ""
    ) -> Context:
        (tmp_path / "compose.yml").write_text(COMPOSE)
        (tmp_path / "nginx.conf").write_text(nginx.format(port=port))
        keys = f"release_variable: RELEASE, health_path: /health{', ' if app else ''}{app}"
        settings = f"{SETTINGS}app: {{{keys}}}\nrestart: {{healthy_within: 0.3}}\n{rest}"
        (tmp_path / "cosmicdeploy.yaml").write_text(settings)
        loaded, stack = read_stack_files(tmp_path / "cosmicdeploy.yaml")
        container = Container(
            id="c1", name="shop-app-1", service="app", project="shop", image_id="i",
            status="running", started_at="2026-02-02T18:30:00Z", addresses={"net": "127.0.0.1"},
            health="starting" if check else "", healthcheck=CHECK if check else (),
        )  # fmt: skip
        engine: Any = FpmEngine(container)
        return replace(ctx, loaded=loaded, stack=stack, engine=engine)

    return opened
