"""Whether requests carry the host name by which the proxy recognizes the application."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.operations.doctor.checks.requests.proxy import proxy
from cosmicdeploy.proxy.declared.hosts import host_notices, lacking_host, todo_of
from cosmicdeploy.proxy.declared.kinds import kind_named
from tests.unit.operations.doctor.test_load_balancers import (
    CADDY,
    CADDYFILE,
    TRAEFIK,
    WITHOUT_FILE,
)
from tests.unit.operations.doctor.world import World, opened

pytestmark = pytest.mark.unit

RULE = "traefik.http.routers.app.rule"
ROUTED = TRAEFIK.replace('["traefik.enable=true"]', f'["{RULE}=Host(`shop.example`)"]')
NAMED = CADDYFILE.replace(":80 {", "http://shop.example, http://www.shop.example {")


@pytest.mark.parametrize(
    ("compose", "text", "probe", "name"),
    [
        (ROUTED, "", "", "shop.example"),
        (ROUTED, "", "probe: {host: other.example}", "shop.example"),
        (ROUTED, "", "probe: {url: 'http://127.0.0.1:8080'}", "shop.example"),
        (ROUTED, "", "probe: {host: 'Shop.example:8080'}", ""),
        (ROUTED, "", "probe: {url: 'http://shop.example:8080'}", ""),
        (ROUTED.replace("Host(", "Path(`/`) || Host("), "", "", ""),
        (TRAEFIK, "", "", ""),
        (CADDY, NAMED, "", "shop.example"),
        (CADDY, NAMED, "probe: {host: www.shop.example}", ""),
        (CADDY, CADDYFILE, "", ""),
        (CADDY, CADDYFILE.replace(":80 {", "{$SITE} {"), "", ""),
        (CADDY, CADDYFILE.replace(":80 {", "*.shop.example {"), "", ""),
    ],
)
def test_a_name_that_requests_lack_is_found(
    tmp_path: Path, compose: str, text: str, probe: str, name: str
) -> None:
    settings = f"{WITHOUT_FILE}{probe}\n"
    ctx = opened(tmp_path, World(), compose=compose, nginx=text, cosmicdeploy=settings)
    host = lacking_host(ctx)
    assert (host.name if host else "") == name
    assert [each.lines for each in proxy(ctx).flaws if each.stake == "proof"] == (
        [(f"probe: {{host: {name}}}",)] if name else []
    )
    todo = [each.todo for each in host_notices(ctx)]
    assert todo == ([f"set `probe.host: {name}` in cosmicdeploy.yaml"] if name else [])


def test_a_site_over_https_needs_its_address_too(tmp_path: Path) -> None:
    text = CADDYFILE.replace(":80 {", "shop.example {")
    ctx = opened(tmp_path, World(), compose=CADDY, nginx=text, cosmicdeploy=WITHOUT_FILE)
    host = lacking_host(ctx)
    assert host is not None and host.is_tls
    assert "`probe.url`" in todo_of(host) and "`probe.host: shop.example`" in todo_of(host)


def test_each_site_of_a_caddyfile_has_its_own_names() -> None:
    caddy = kind_named("Caddy")
    assert caddy is not None
    text = "a.example {\n reverse_proxy a:1\n}\nhttp://b.example:80 {\n reverse_proxy b:1\n}\n"
    found = dict(caddy.passes_in({"Caddyfile": text}))
    assert [host.name for host in found["a"].hosts] == ["a.example"]
    assert [(host.name, host.is_tls) for host in found["b"].hosts] == [("b.example", False)]
    [(_, single)] = caddy.passes_in({"Caddyfile": "a.example\nreverse_proxy a:1\n"})
    assert single.needs_host and single.hosts[0].place == "Caddyfile:1"


def test_the_routers_of_traefiks_file_have_names() -> None:
    traefik = kind_named("Traefik")
    assert traefik is not None
    text = """\
http:
  routers:
    shop: {rule: "Host(`shop.example`)", service: app, tls: {}}
    other: {rule: "PathPrefix(`/`)", service: other}
  services:
    app: {loadBalancer: {servers: [{url: "http://app:8000"}]}}
"""
    [(_, found)] = traefik.passes_in({"a.yml": text})
    [host] = found.hosts
    assert (host.name, host.place, host.is_tls) == ("shop.example", "a.yml:3", True)
    assert found.needs_host
