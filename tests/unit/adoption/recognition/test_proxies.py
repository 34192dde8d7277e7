"""What the settings need for each kind of load balancer, beyond its service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.adoption.conftest import Adopt, compose, values
from tests.unit.adoption.stacks import HAPROXY, TRAEFIK, Files

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[4] / "docs" / "caddy.md"
REPLICAS = """\
  app-1: &app {image: "shop:${T:-1}"}
  app-2: *app
"""


EDGE = """\
  edge: {image: caddy, ports: ["80:80"], volumes: ["./Caddyfile:/etc/caddy/Caddyfile"]}
"""


def behind_caddy(text: str) -> Files:
    edge = (
        "  edge: {image: caddy, ports: ['80:80'], volumes: ['./Caddyfile:/etc/caddy/Caddyfile']}\n"
    )
    return compose(REPLICAS + edge, Caddyfile=text)


def test_the_documented_caddyfile_gets_its_maintenance_and_flag_files(adopted: Adopt) -> None:
    [documented, *_] = re.findall(r"```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = values(adopted(behind_caddy(documented)))
    assert found["services.proxy"] == "edge"
    assert found["services.app"] == ["app-1", "app-2"]
    assert found["maintenance.file"] == "/run/cosmicdeploy/maintenance"
    assert found["proxy.out_of_service"] == "/run/cosmicdeploy/out/{service}"


def test_a_caddyfile_without_such_files_gets_none(adopted: Adopt) -> None:
    found = values(adopted(behind_caddy(":80 {\n  reverse_proxy app-1:8000 app-2\n}\n")))
    assert found["app.port"] == 8000
    assert not [key for key in found if key.startswith(("maintenance", "proxy."))]


def test_a_missing_port_means_80_behind_caddy_and_nothing_behind_haproxy(adopted: Adopt) -> None:
    found = values(adopted(behind_caddy(":81 {\n  reverse_proxy app-1 app-2\n}\n")))
    assert found.get("app.port", 80) == 80 and found["services.app"] == ["app-1", "app-2"]
    text = HAPROXY["haproxy.cfg"].replace(":8000", "")
    found = values(adopted(HAPROXY | {"haproxy.cfg": text}))
    assert found["services.app"] == ["app-1", "app-2"]
    assert found["app.port"] == 8000, "from the image"


def test_php_behind_caddy_speaks_fastcgi_without_a_setting(adopted: Adopt) -> None:
    text = '  php: {image: "shop:${T:-1}"}\n' + EDGE
    site = ":80 {\n  root * /srv/public\n  php_fastcgi php:9000\n}\n"
    found = values(adopted(compose(text, Caddyfile=site)))
    assert found["services.app"] == ["php"]
    assert "app.protocol" not in found and "app.port" not in found, "the deployer reads them itself"


def labelled(check: str) -> Files:
    """Return the files of replicas behind Traefik with this health check."""
    own = f'    healthcheck: {{test: ["CMD-SHELL", "{check}"]}}\n    labels:\n'
    return {"compose.yaml": TRAEFIK["compose.yaml"].replace("    labels:\n", own)}


@pytest.mark.parametrize(
    ("check", "file"),
    [
        ("test ! -e /dev/shm/drain && curl -f http://localhost:8000/ready", "/dev/shm/drain"),
        ("[ ! -f /dev/shm/off ] && true", "/dev/shm/off"),
        ("test ! -e /tmp/drain", None),
        ("test -e /dev/shm/drain", None),
    ],
)
def test_the_drain_file_of_replicas_behind_traefik_is_found(
    adopted: Adopt, check: str, file: str | None
) -> None:
    assert values(adopted(labelled(check))).get("proxy.drain_file") == file


@pytest.mark.parametrize(
    ("image", "target", "text"),
    [
        ("envoyproxy/envoy", "/etc/envoy/envoy.yaml", "address: {address: web, port_value: 8000}\n"
         "# other\nurl: http://web:8000\n"),
        ("httpd", "/usr/local/apache2/conf/httpd.conf", "ProxyPass / http://web:8000/\n"),
        ("caddy", "/etc/caddy/config.json", '{"dial": "web:8000"}\n'),
    ],
)  # fmt: skip
def test_a_configuration_that_is_not_parsed_is_searched(
    adopted: Adopt, image: str, target: str, text: str
) -> None:
    services = f"""\
  web: {{image: "shop:${{T:-1}}"}}
  edge: {{image: {image}, ports: ["80:80"], volumes: ["./edge.conf:{target}"]}}
"""
    adoption = adopted(compose(services, **{"edge.conf": text}))
    found: dict[str, Any] = values(adoption)
    assert (found["services.app"], found["app.port"]) == (["web"], 8000)
    notes = [each.what for each in adoption.notes if each.kind == "does not hold"]
    assert any("only observed" in each for each in notes) == (image != "caddy")
    assert found["services.proxy"] == "edge"
