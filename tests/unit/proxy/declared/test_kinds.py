"""Each kind of load balancer is recognized by the stack's files, and so are its passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.proxy.declared.kinds import KINDS, declared_passes, kind_named, kind_of
from cosmicdeploy.proxy.declared.passes import DeclaredPass, Switch, passes_to
from cosmicdeploy.stack.data_keepers import words_of
from cosmicdeploy.stack.model import Mount, Service, Stack

pytestmark = pytest.mark.unit

CADDYFILE = """\
:80 {
    @closed file {
        root /run
        try_files /maintenance
    }
    handle @closed {
        respond 503
    }
    @one file {
        root /run/out
        try_files /app-1
    }
    reverse_proxy @one app-2:8000
    reverse_proxy app:8000 app-2:8000
    root * /srv/public
    php_fastcgi php:9000
}
"""
HAPROXY = """\
defaults
    mode http
backend app
    server app app:8000 check
    server-template s 3 ipv4@app-2 check
backend php
    use-fcgi-app php
    server php php:9000
"""
TRAEFIK = """\
http:
  services:
    app:
      loadBalancer:
        servers:
          - url: http://app:8000
          - url: http://app-2
"""


def service(name: str = "edge", image: str = "own/edge", **fields: object) -> Service:
    return Service(name=name, container_name=f"shop-{name}-1", image=image, **fields)  # type: ignore[arg-type]


def mounted(folder: Path, target: str, text: str) -> Mount:
    file = folder / target.rpartition("/")[2]
    file.write_text(text)
    return Mount(type="bind", source=str(file), target=target)


def stack_of(folder: Path, *services: Service) -> Stack:
    return Stack(
        project="shop",
        file=folder / "compose.yml",
        env_file=folder / ".env",
        services={each.name: each for each in services},
        networks={},
        volumes={},
    )


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx:1.22", "nginx"),
        ("registry.example:5000/nginxproxy/nginx-proxy", "nginx"),
        ("haproxy:2.6-alpine", "HAProxy"),
        ("traefik:v3", "Traefik"),
        ("caddy@sha256:1", "Caddy"),
        ("envoy", None),
    ],
)
def test_a_kind_is_recognized_by_the_name_of_its_image(image: str, name: str | None) -> None:
    found = kind_of(service(image=image), words_of(image))
    assert (found.name if found else None) == name


def test_a_kind_is_recognized_by_its_program_or_its_mounted_files(tmp_path: Path) -> None:
    by_program = service(command=("/usr/bin/caddy", "run"))
    found = kind_of(by_program, words_of(by_program.image))
    assert found is not None and found.name == "Caddy"
    mount = mounted(tmp_path, "/usr/local/etc/haproxy/haproxy.cfg", HAPROXY)
    found = kind_of(service(mounts=(mount,)), ["own"])
    assert found is not None and found.name == "HAProxy"


@pytest.mark.parametrize(
    ("target", "text", "expected"),
    [
        ("/etc/caddy/Caddyfile", CADDYFILE, [("proxy", 8000, 14), ("proxy", 8000, 14)]),
        ("/usr/local/etc/haproxy/haproxy.cfg", HAPROXY, [("proxy", 8000, 4), ("proxy", None, 5)]),
        ("/etc/haproxy/haproxy.cfg", HAPROXY, [("proxy", 8000, 4), ("proxy", None, 5)]),
        ("/etc/traefik/dynamic.yml", TRAEFIK, [("proxy", 8000, 6), ("proxy", 80, 7)]),
        ("/etc/nginx/conf.d/a.conf", "server { location / {\n proxy_pass http://app; }\n"
         "location /b {\n proxy_pass http://app-2:1; } }", [("proxy", None, 2), ("proxy", 1, 4)]),
    ],
)  # fmt: skip
def test_passes_are_found_with_protocol_port_and_line(
    tmp_path: Path, target: str, text: str, expected: list[tuple[str, int | None, int]]
) -> None:
    edge = service(mounts=(mounted(tmp_path, target, text),))
    app, second = service("app"), service("app-2")
    declared = declared_passes(stack_of(tmp_path, edge, app, second))
    first, *_ = passes_to(app, declared)
    *_, last = passes_to(second, declared)
    found = [(each.kind, each.port, int(each.place.rpartition(":")[2])) for each in (first, last)]
    assert found == expected


def test_php_behind_caddy_and_haproxy_speaks_fastcgi(tmp_path: Path) -> None:
    php = service("php")
    for target, text in (("/etc/caddy/Caddyfile", CADDYFILE), ("/etc/haproxy/a.cfg", HAPROXY)):
        edge = service(mounts=(mounted(tmp_path, target, text),))
        [found] = passes_to(php, declared_passes(stack_of(tmp_path, edge, php)))
        assert (found.kind, found.port) == ("fastcgi", 9000)
        assert found.script == ("/srv/public/index.php" if "Caddy" in target else "")


def test_a_file_elsewhere_counts_if_the_command_names_it(tmp_path: Path) -> None:
    mount = mounted(tmp_path, "/srv/Site", CADDYFILE)
    named = service(mounts=(mount,), command=("caddy", "run", "--config", "/srv/Site"))
    app = service("app")
    assert passes_to(app, declared_passes(stack_of(tmp_path, named, app)))
    unnamed = service(mounts=(mount,), command=("caddy", "run"))
    assert not passes_to(app, declared_passes(stack_of(tmp_path, unnamed, app)))


@pytest.mark.parametrize(
    ("fields", "product", "port"),
    [
        ({"labels": {"traefik.http.services.a.loadbalancer.server.port": "81"}}, "Traefik", 81),
        ({"labels": {"traefik.enable": "true"}}, "Traefik", None),
        ({"labels": {"caddy.reverse_proxy": "{{upstreams 82}}"}}, "Caddy", 82),
        ({"environment": {"VIRTUAL_HOST": "a.example", "VIRTUAL_PORT": "83"}}, "nginx", 83),
    ],
)
def test_labels_and_variables_ask_for_requests(
    fields: dict[str, object], product: str, port: int | None
) -> None:
    app = service("app", **fields)
    [found] = [each for kind in KINDS if (each := kind.pass_of(app)) is not None]
    assert (found.product, found.port) == (product, port)


def test_a_service_that_is_left_out_by_its_label_asks_for_nothing() -> None:
    app = service("app", labels={"traefik.enable": "false", "traefik.http.routers.a.rule": "x"})
    assert not [each for kind in KINDS if (each := kind.pass_of(app)) is not None]


def test_the_files_that_change_what_happens_to_requests_are_found() -> None:
    caddy, nginx = kind_named("Caddy"), kind_named("nginx")
    assert caddy is not None and nginx is not None
    assert list(caddy.switches_in(CADDYFILE)) == [
        Switch(file="/run/maintenance", line=6),
        Switch(file="/run/out/app-1", line=13, service="app-1"),
    ]
    text = (
        "server {\n if (-f /run/out/app-1) { set $pool b; }\n"
        " # if (-f /run/no) { return 503; }\n if ( -f /run/closed ) { return 503; }\n}"
    )
    assert list(nginx.switches_in(text)) == [
        Switch(file="/run/out/app-1", line=2, service="app-1"),
        Switch(file="/run/closed", line=4),
    ]
    assert not [s for kind in KINDS if kind not in (caddy, nginx) for s in kind.switches_in(text)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.name)
@pytest.mark.parametrize(
    "text",
    [
        "{" * 5000,
        "a: " * 3000,
        "[" * 3000,
        "backend",
        "http: {services: [1]}",
        "\0\x1b[2J",
        "&a [*a]",
    ],
)
def test_hostile_files_pass_nothing(kind: object, text: str) -> None:
    passing = kind_named(getattr(kind, "name", ""))
    assert passing is not None
    assert not [each for _, each in passing.passes_in({"a.yml": text}) if _is_known(each)]
    assert not list(passing.switches_in(text))


def _is_known(found: DeclaredPass) -> bool:
    return found.port is not None
