"""Orphans that hold a port, an address or the schedule that a renamed service needs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, NeedsPerson, Refused
from cosmicdeploy.settings import Restart, Services
from cosmicdeploy.stack.model import Attachment, Port
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers import services
from cosmicdeploy.steps.containers.in_the_way import (
    describe,
    in_the_way,
    require_way,
    start_again,
    stop_for,
)
from cosmicdeploy.steps.containers.services import ServicesStep
from tests.unit.engine.shop_stack import Engine, container, stack

pytestmark = pytest.mark.unit

WEB = container("shop-web-1", service="web", host_ports=(("::", 8080, "tcp"),))
FIXED = container("shop-web-1", service="web", addresses={"shop_front": "10.0.0.9"})
CRON = container("shop-cron-1", service="cron", command=("php", "artisan", "schedule:work"))


def context(ctx: Context, *found: Container, asked: bool = False, **keys: Any) -> Context:
    """Return the context of a stack whose services `site` and `ticker` are new."""
    declared = stack(site=None, ticker=None)
    services = dict(declared.services)
    services["site"] = replace(services["site"], **keys)
    services["ticker"] = replace(services["ticker"], command=("php", "artisan", "schedule:work"))
    roles = Services(app=("site",), scheduler="ticker")
    settings = SimpleNamespace(services=roles, restart=Restart(healthy_within=0.1))
    loaded: Any = SimpleNamespace(settings=settings)
    engine: Any = Engine(found)
    opened = replace(ctx, stack=replace(declared, services=services), engine=engine, loaded=loaded)
    return opened.with_run(remove_orphans=asked)


def published(number: int, **more: Any) -> tuple[Port, ...]:
    return (Port(target=80, published=number, **more),)


@pytest.mark.parametrize(
    ("orphan", "keys", "what"),
    [
        (WEB, {"ports": published(8080)}, "port 8080 of the host"),
        (WEB, {"ports": published(8080, host_ip="127.0.0.1")}, "port 8080 of the host"),
        (
            FIXED,
            {"networks": (Attachment(network="shop_front", ipv4_address="10.0.0.9"),)},
            "the address 10.0.0.9",
        ),
        (CRON, {}, "the schedule"),
    ],
)
def test_an_orphan_in_the_way_is_refused_before_anything_changes(
    ctx: Context, orphan: Container, keys: dict[str, Any], what: str
) -> None:
    opened = context(ctx, orphan, **keys)
    found = in_the_way(opened, ["site", "ticker"])
    assert [each["holds"] for each in found] == [what]
    with pytest.raises(Refused, match=what) as refused:
        require_way(opened, found)
    assert "`cosmicdeploy deploy --remove-orphans`" in refused.value.todo
    assert not any(word in str(refused.value) for word in ("docker rm", "rm -f"))


@pytest.mark.parametrize(
    ("orphan", "keys"),
    [
        (WEB, {"ports": published(8081)}),
        (WEB, {"ports": published(8080, protocol="udp")}),
        (WEB, {"ports": published(8080, published_end=8089)}),
        (replace(WEB, host_ports=(("127.0.0.2", 8080, "tcp"),)),
         {"ports": published(8080, host_ip="127.0.0.1")}),
        (replace(WEB, status="exited"), {"ports": published(8080)}),
        (replace(WEB, service="site"), {"ports": published(8080)}),
        (FIXED, {"networks": (Attachment(network="shop_back", ipv4_address="10.0.0.9"),)}),
    ],
)  # fmt: skip
def test_what_needs_nothing_of_the_orphan_is_created_beside_it(
    ctx: Context, orphan: Container, keys: dict[str, Any]
) -> None:
    opened = context(ctx, orphan, **keys)
    assert require_way(opened, in_the_way(opened, ["site"])) == {}


def test_it_is_stopped_for_its_service_alone_and_started_again_by_an_undo(ctx: Context) -> None:
    opened = context(ctx, WEB, asked=True, ports=published(8080))
    before = require_way(opened, in_the_way(opened, ["site", "ticker"]))
    assert "stop shop-web-1" in describe(before) and "right before site starts" in describe(before)
    engine: Any = opened.engine
    stop_for(opened, "ticker", before)
    assert engine.stopped == {}
    stop_for(opened, "site", before)
    stop_for(opened, "site", before)  # as a resumed run does
    assert engine.stopped == {"shop-web-1": 10.0}
    start_again(opened, before)
    assert engine.container("shop-web-1").is_running
    assert describe({"containers": {}}) == ""


def test_an_undo_starts_the_other_orphans_too_and_raises_its_own_first_error(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of two orphans is gone, and a created service cannot be removed either."""
    opened = context(ctx, WEB, CRON, asked=True, ports=published(8080))
    before = require_way(opened, in_the_way(opened, ["site", "ticker"]))
    for name in ("site", "ticker"):
        stop_for(opened, name, before)
    engine: Any = opened.engine
    engine.remove("shop-web-1")
    with pytest.raises(NeedsPerson, match="shop-web-1, which the run stopped, is gone"):
        start_again(opened, before)
    assert engine.container("shop-cron-1").is_running

    def put_back(_ctx: Context, name: str, _before: object) -> None:
        raise EngineError(f"{name} cannot be removed")

    monkeypatch.setattr(services, "put_back", put_back)
    step = ServicesStep(name="services")
    with pytest.raises(EngineError, match="ticker cannot be removed"):
        step.undo(
            opened,
            Change(summary="", before={**before, "containers": {"site": None, "ticker": None}}),
        )
