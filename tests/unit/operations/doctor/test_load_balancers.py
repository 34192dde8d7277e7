"""What a deploy would lose behind each kind of load balancer, before and after it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.operations.doctor.checks.requests.gaps import gaps
from cosmicdeploy.operations.doctor.checks.requests.maintenance import maintenance
from cosmicdeploy.operations.doctor.checks.requests.proxy import proxy
from cosmicdeploy.operations.doctor.outcome import Flaw, Verdict
from cosmicdeploy.proxy import load_balancer
from tests.unit.operations.doctor.world import COMPOSE, SETTINGS, World, container_of, opened, run

pytestmark = pytest.mark.unit

REPLICAS, _, _ = COMPOSE.partition("  front:")
WITHOUT_FILE = SETTINGS.replace("maintenance: {file: /run/maintenance}\n", "")
STAT = "1 ({}) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1000 0 0\n"
CADDY = f"""{REPLICAS}
  front:
    image: caddy:2
    ports: ["127.0.0.1:8080:80"]
    volumes: ["./nginx.conf:/etc/caddy/Caddyfile:ro"]
"""
CADDYFILE = """\
:80 {
    @closed file {
        root /run
        try_files /maintenance
    }
    handle @closed {
        respond 503
    }
    reverse_proxy app-1:8000 app-2:8000 {
        lb_try_duration 5s
        fail_duration 1s
        transport http {
            dial_timeout 500ms
        }
    }
}
"""
HAPROXY = CADDY.replace("caddy:2", "haproxy:2.6").replace(
    "/etc/caddy/Caddyfile", "/usr/local/etc/haproxy/haproxy.cfg"
)
HAPROXY_CFG = """\
global
    stats socket /run/haproxy.sock mode 600 level admin
defaults
    mode http
    timeout connect 500ms
    option redispatch 1
backend app
    default-server check inter 500ms fall 1 rise 1
    server app-1 app-1:8000
    server app-2 app-2:8000
"""
TRAEFIK = (
    REPLICAS.replace('expose: ["8000"]', 'labels: ["traefik.enable=true"]')
    + """
  front:
    image: traefik:v3
    command: [--providers.docker=true, --api.insecure=true]
    ports: ["127.0.0.1:8080:80"]
"""
)


def stack(folder: Path, compose: str, text: str = "", world: World | None = None) -> Context:
    """Return the context of replicas behind a load balancer with this configuration."""
    own = world or World()
    return opened(folder, own, compose=compose, nginx=text, cosmicdeploy=WITHOUT_FILE)


def failing(ctx: Context) -> list[Flaw]:
    return [each for each in proxy(ctx).flaws if each.fails]


@pytest.mark.parametrize(
    ("compose", "text"),
    [(CADDY, CADDYFILE), (HAPROXY, HAPROXY_CFG), (TRAEFIK, "")],
    ids=["caddy", "haproxy", "traefik"],
)
def test_a_good_configuration_holds_before_it_runs(tmp_path: Path, compose: str, text: str) -> None:
    outcome = proxy(stack(tmp_path, compose, text))
    assert (outcome.verdict, outcome.flaws) == (Verdict.HOLDS, ())
    assert "no known flaw" in outcome.found


@pytest.mark.parametrize(
    ("compose", "text", "loses", "todo", "line"),
    [
        (CADDY, CADDYFILE.replace("        lb_try_duration 5s\n", ""),
         "each request that Caddy sends", "write into nginx.conf:9:", "lb_try_duration 5s"),
        (CADDY, CADDYFILE.replace(" app-2:8000", " other:8000"),
         "requests while the other replicas are away", "add app-2:PORT to reverse_proxy", ""),
        (HAPROXY, HAPROXY_CFG.replace("    stats", "    # stats"),
         "requests in flight to each replica", "write into nginx.conf:1:", "stats socket"),
        (HAPROXY, HAPROXY_CFG.replace(" level admin", ""),
         "requests in flight to each replica", "write into nginx.conf:1:", "level admin"),
        (HAPROXY, HAPROXY_CFG.replace("server app-2 app-2", "server app-2 other"),
         "requests while the other replicas", "write server app-2 app-2:PORT", "app-2:PORT"),
    ],
)  # fmt: skip
def test_a_flaw_says_what_is_lost_and_what_to_write(
    tmp_path: Path, compose: str, text: str, loses: str, todo: str, line: str
) -> None:
    [flaw] = failing(stack(tmp_path, compose, text))
    assert flaw.stake == "requests" and flaw.loses.startswith(loses)
    assert flaw.todo.startswith(todo)
    assert line in "".join(flaw.lines)


def test_traefik_does_not_follow_the_health_of_replicas_that_a_file_names(tmp_path: Path) -> None:
    options = "command: [--providers.file.directory=/etc/traefik, --api.insecure=true]"
    compose = TRAEFIK.replace(
        "command: [--providers.docker=true, --api.insecure=true]",
        f'{options}\n    volumes: ["./nginx.conf:/etc/traefik/dynamic.yml:ro"]',
    )
    servers = "".join(f"          - url: http://app-{n}:8000\n" for n in (1, 2))
    text = f"http:\n  services:\n    app:\n      loadBalancer:\n        servers:\n{servers}"
    [flaw] = failing(stack(tmp_path, compose, text))
    assert flaw.loses.startswith("about one of ten requests")
    assert "the provider for Docker" in flaw.why


def test_replicas_to_which_nothing_leads_are_not_checked(tmp_path: Path) -> None:
    for compose, text in (
        (TRAEFIK.replace("--providers.docker=true, ", ""), ""),
        (CADDY, CADDYFILE.replace("app-", "other-")),
        (HAPROXY, HAPROXY_CFG.replace(" app-", " other-")),
    ):
        [unchecked] = proxy(stack(tmp_path, compose, text)).unchecked
        assert unchecked.why.startswith("none of the servers in the ")


def test_what_compose_created_behind_traefik_cannot_be_drained_in_the_first_deploy(
    tmp_path: Path,
) -> None:
    world = World()
    for name in ("app-1", "app-2"):
        run(world, name, tmp_path)
    flaw, *_ = failing(stack(tmp_path, TRAEFIK, world=world))
    assert flaw.loses.startswith("about one of ten requests during the rollout")
    assert flaw.todo == "the next deploy creates its container with one"


def test_an_image_without_a_shell_cannot_be_drained_behind_traefik(tmp_path: Path) -> None:
    world = World(has_shell=False)
    world.images["shop/app"] = Image(id="sha256:1")
    flaw, *_ = failing(stack(tmp_path, TRAEFIK, world=world))
    assert flaw.todo.startswith("add a shell to its image")


def test_published_ports_of_replicas_without_a_load_balancer_are_closed(tmp_path: Path) -> None:
    compose = REPLICAS.replace('expose: ["8000"]', 'ports: ["8000"]')
    settings = WITHOUT_FILE.replace(", proxy: front", "")
    ctx = opened(tmp_path, World(), compose=compose, cosmicdeploy=settings)
    [flaw] = failing(ctx)
    assert "those to the published port of each replica" in flaw.loses and "1 more" in flaw.why
    assert load_balancer(ctx).drains("app-1") is False


@pytest.mark.parametrize(
    ("compose", "text", "drains"),
    [
        (HAPROXY, HAPROXY_CFG, True),
        (HAPROXY, HAPROXY_CFG.replace(" level admin", ""), False),
        (CADDY, CADDYFILE, False),
        (CADDY, CADDYFILE.replace("    reverse_proxy app-1:8000", OUT := """\
    @one file {
        root /run/out
        try_files /app-1
    }
    reverse_proxy @one app-2:8000
    reverse_proxy app-1:8000"""), True),
        (TRAEFIK, "", True),
        (TRAEFIK.replace("--providers.docker=true, ", ""), "", False),
    ],
)  # fmt: skip
def test_what_can_be_drained_is_known_before_the_load_balancer_runs(
    tmp_path: Path, compose: str, text: str, drains: bool
) -> None:
    settings = WITHOUT_FILE + "proxy: {out_of_service: '/run/out/{service}'}\n"
    ctx = opened(tmp_path, World(), compose=compose, nginx=text, cosmicdeploy=settings)
    assert load_balancer(ctx).drains("app-1") is drains


def test_caddy_gets_its_own_lines_for_the_maintenance(tmp_path: Path) -> None:
    [flaw] = maintenance(stack(tmp_path, CADDY, CADDYFILE)).flaws
    assert flaw.stake == "requests" and "Caddyfile" in flaw.todo
    assert "    try_files /maintenance" in flaw.lines
    assert flaw.lines[-1] == "maintenance: {file: /run/cosmicdeploy/maintenance}"
    ctx = opened(tmp_path, World(), compose=CADDY, nginx=CADDYFILE)
    assert maintenance(ctx).found == "Caddy answers 503 while /run/maintenance exists"


@pytest.mark.parametrize(("compose", "text"), [(HAPROXY, HAPROXY_CFG), (TRAEFIK, "")])
def test_what_cannot_look_for_a_file_gets_no_line(tmp_path: Path, compose: str, text: str) -> None:
    [flaw] = maintenance(stack(tmp_path, compose, text)).flaws
    assert flaw.lines == () and "cannot look for a file" in flaw.todo
    [flaw] = maintenance(opened(tmp_path, World(), compose=compose, nginx=text)).flaws
    assert flaw.stake == "deploy" and "remove `maintenance.file`" in flaw.todo


def test_labels_that_contradict_those_that_run_leave_a_gap(tmp_path: Path) -> None:
    rule = "traefik.http.routers.app.rule"
    compose = TRAEFIK.replace('["traefik.enable=true"]', f"{{{rule}: Host(`new.example`)}}")
    world = World()
    for name in ("app-1", "app-2", "front"):
        labels = {rule: "Host(`old.example`)"}
        world.running[f"shop-{name}-1"] = container_of(
            f"shop-{name}-1", service=name, labels=labels
        )
    world.commands = {("shop-front-1", "sh"): STAT.format("traefik")}
    flaw, _ = gaps(stack(tmp_path, compose, world=world)).flaws
    assert flaw.stake == "requests" and "http.routers.app" in flaw.why
    assert "docs/traefik.md" in flaw.todo


def test_a_load_balancer_without_mounted_files_is_not_checked(tmp_path: Path) -> None:
    for compose, what in ((CADDY, "Caddy"), (HAPROXY, "HAProxy")):
        unmounted = compose.partition("    volumes:")[0]
        with pytest.raises(ProbeFailed, match=f"no configuration of {what} is mounted"):
            proxy(stack(tmp_path, unmounted))
    bare = TRAEFIK.replace("command: [--providers.docker=true, --api.insecure=true]", "init: true")
    with pytest.raises(ProbeFailed, match="no configuration of Traefik is mounted"):
        proxy(stack(tmp_path, bare))
