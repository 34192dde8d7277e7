"""Which labels make Traefik list a container, and which ones conflict with an old container."""

from __future__ import annotations

import pytest

from cosmicdeploy.proxy.traefik.labels import conflicts, is_routed
from cosmicdeploy.stack.model import Service

pytestmark = pytest.mark.unit

RULE = "traefik.http.routers.app.rule"
PORT = "traefik.http.services.app.loadbalancer.server.port"
OLD = {"traefik.enable": "true", RULE: "Host(`a`)", PORT: "80"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({RULE: "Host(`b`)"}, ["http.routers.app"]),
        ({RULE.upper().replace("APP", "app"): "Host(`a`)"}, []),
        ({PORT: "81"}, []),
        ({"traefik.http.services.app.loadbalancer.passhostheader": "false"}, ["http.services.app"]),
        ({"traefik.http.routers.app.tls": "true"}, ["http.routers.app"]),
        ({"traefik.http.middlewares.new.retry.attempts": "3"}, []),
        ({"traefik.enable": "false", RULE: "Host(`b`)"}, []),
        ({"other": "label"}, []),
    ],
)
def test_what_two_containers_define_differently(
    changes: dict[str, str], expected: list[str]
) -> None:
    new = {key: OLD[key] for key in OLD if key.lower() not in map(str.lower, changes)} | changes
    assert conflicts(OLD, new) == conflicts(new, OLD) == expected


def test_a_new_name_is_no_conflict() -> None:
    renamed = {key.replace(".app.", ".app2."): value for key, value in OLD.items()}
    assert conflicts(OLD, {**renamed, "traefik.http.routers.app2.rule": "Host(`b`)"}) == []


def test_a_trial_has_no_label_by_which_traefik_would_send_it_requests() -> None:
    service = Service(name="a", container_name="a", image="a", labels={**OLD, "team": "shop"})
    assert service.isolated().labels == {"team": "shop", "traefik.enable": "false"}


@pytest.mark.parametrize(
    ("labels", "by_default", "expected"),
    [
        ({RULE: "Host(`a`)"}, True, True),
        ({RULE: "Host(`a`)"}, False, False),
        ({"traefik.enable": "true", "Traefik.TCP.Routers.db.rule": "HostSNI(`*`)"}, False, True),
        ({"traefik.enable": "true"}, False, True),
        ({"traefik.enable": "true", "traefik.udp.routers.dns.entrypoints": "dns"}, True, False),
        ({"team": "shop"}, True, False),
    ],
)
def test_a_container_that_traefik_has_to_list(
    labels: dict[str, str], by_default: bool, expected: bool
) -> None:
    assert is_routed(labels, by_default=by_default) is expected
