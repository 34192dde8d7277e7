"""Keys that an engine is too old for are refused by name, since the engine would ignore them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.engine.containers.creation.newer_keys import (
    require_known,
    require_known_network,
    too_new,
)
from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.model import (
    Attachment,
    BindOptions,
    Healthcheck,
    Mount,
    Network,
    Service,
    VolumeOptions,
)

pytestmark = pytest.mark.unit

WEB = Service(
    name="web",
    container_name="web",
    image="web",
    annotations={"a": "b"},
    healthcheck=Healthcheck(start_interval=0.5),
    mounts=(
        Mount(type="volume", source="v", target="/v", volume=VolumeOptions(subpath="a")),
        Mount(type="bind", source="/b", target="/b", bind=BindOptions(recursive="readonly")),
    ),
    networks=(
        Attachment(network="one", gw_priority=1, interface_name="eth7"),
        Attachment(network="two", mac_address="02:42:ac:11:65:43"),
    ),
)


@pytest.mark.parametrize(
    ("version", "count"), [((1, 41), 7), ((1, 43), 6), ((1, 44), 3), ((1, 45), 2), ((1, 49), 0)]
)
def test_each_key_needs_its_version_of_the_api(version: tuple[int, int], count: int) -> None:
    assert len(too_new(WEB, version)) == count


def test_the_refusal_names_keys_and_engines() -> None:
    with pytest.raises(Refused) as refused:
        require_known(WEB, (1, 41))
    assert "healthcheck.start_interval needs Docker Engine 25 or newer" in refused.value.what
    assert "this engine's API is 1.41" in refused.value.what
    require_known(replace(WEB, networks=()), (1, 45))


def test_a_network_s_key_is_refused_too() -> None:
    network = Network(key="n", name="n", enable_ipv4=False)
    with pytest.raises(Refused, match="enable_ipv4 needs Docker Engine 28"):
        require_known_network(network, (1, 47))
    require_known_network(network, (1, 48))
