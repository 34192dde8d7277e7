"""Services that share something with a replaced container are replaced, too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.stack.model import Service
from cosmicdeploy.steps.rollout.drift import STOPPED, Drift, with_sharing_services

pytestmark = pytest.mark.unit


def service(name: str, **keys: Any) -> Service:
    return Service(name=name, container_name=name, image=name, **keys)


SERVICES = {
    "app": service("app"),
    "side": service("side", network_mode="service:app"),
    "beside": service("beside", volumes_from=("side:ro",)),
    "other": service("other", pid="service:app"),
}


@pytest.mark.parametrize(
    ("reason", "replaced"),
    [("image differs", ["app", "side", "beside", "other"]), (STOPPED, ["app"]), (None, [])],
)
def test_only_a_replaced_container_takes_others_along(
    reason: str | None, replaced: list[str]
) -> None:
    ctx: Any = SimpleNamespace(service=SERVICES.__getitem__)
    drifts = {name: Drift(container=None, reason=None) for name in SERVICES}
    drifts["app"] = Drift(container=None, reason=reason)
    found = with_sharing_services(ctx, drifts)
    assert [name for name, drift in found.items() if drift.reason] == replaced
