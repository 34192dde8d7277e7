"""Damaged files of a stack that is adopted: no traceback, none takes 5 s, no harmful text."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.adoption.adopt import adopt
from cosmicdeploy.adoption.reading.engine_view import EngineView
from cosmicdeploy.adoption.reading.opening import StackChoice
from cosmicdeploy.text.sanitize import HARMFUL
from tests.unit.adoption.stacks import BACKGROUND, DATABASE, DJANGO, SECRETS
from tests.unit.fuzz.damage import cases, require_no_traceback

pytestmark = [pytest.mark.unit, pytest.mark.timeout(3600)]

PROXY = """\
  nginx:
    image: nginx
    ports: ["80:80"]
    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf"]
  edge:
    image: caddy
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile"]
"""
NGINX = "upstream a { server web:8000; }\nserver { location / { proxy_pass http://a; } }\n"
STACK = DJANGO | {
    "docker-compose.yml": BACKGROUND["docker-compose.yml"] + PROXY + DATABASE,
    "nginx.conf": NGINX,
    "Caddyfile": "shop.example {\n\treverse_proxy web:8000 {\n\t\thealth_uri /ready\n\t}\n}\n",
    ".env": SECRETS + BACKGROUND[".env"],
}


@pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.torture)])
def test_a_damaged_stack_that_is_adopted(tmp_path: Path, count: int) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()

    def read() -> None:
        adoption = adopt(StackChoice(folder=folder), EngineView(None, "none"))
        assert not HARMFUL.search(adoption.text)

    for number, chance, _ in cases(5, count, [""]):
        name = chance.choice(list(STACK))
        for each, text in STACK.items():
            (folder / each).write_text(text)
        _, _, data = next(iter(cases(number, 1, [STACK[name]])))
        (folder / name).write_bytes(data)
        require_no_traceback(number, read)
