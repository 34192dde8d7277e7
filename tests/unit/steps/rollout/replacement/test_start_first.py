"""Which services can be replaced start-first: two of their containers run at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Attachment, Port, Service
from cosmicdeploy.steps.rollout.replacement.start_first import require_start_first

pytestmark = pytest.mark.unit


def service(**keys: Any) -> Service:
    return Service(name="web", container_name="web", image="shop/web", **keys)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"ports": (Port(target=80, published=8080),)}, "both would need the port 8080"),
        (
            {"ports": (Port(target=80, published=8080, published_end=8081),), "replicas": 2},
            "the port 8080-8081",
        ),
        (
            {"networks": (Attachment(network="n", ipv4_address="10.0.0.2"),)},
            "the address 10.0.0.2",
        ),
        ({"mac_address": "02:42:ac:11:00:02"}, "the address 02:42:ac:11:00:02"),
        ({"network_mode": "host"}, "the ports of the host"),
        ({"network_mode": "service:vpn"}, "the ports of vpn"),
        ({"network_mode": "container:0123abcd"}, "the ports of 0123abcd"),
    ],
)
def test_what_only_one_container_can_have_is_refused(keys: Any, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        require_start_first(service(**keys))


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"ports": (Port(target=80),)},
        {"ports": (Port(target=80, published=8080, published_end=8082),), "replicas": 2},
        {"network_mode": "bridge"},
    ],
)
def test_what_two_containers_can_share_is_accepted(keys: Any) -> None:
    require_start_first(service(**keys))
