"""What is read from Caddy's configuration."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.proxy.caddy.routes import checked_files, reverse_proxies, seconds
from tests.unit.proxy.caddy.fake import (
    OUT,
    PLAIN,
    SECOND,
    active,
    configuration,
    flagged,
    reverse_proxy,
)

pytestmark = pytest.mark.unit


def test_upstreams_and_times_are_found() -> None:
    [found] = reverse_proxies(PLAIN)
    assert found.hosts == {"app-1", "app-2", "app-3"}
    assert (found.try_duration, found.fail_duration, found.dial_timeout) == (5, 2, 0.5)
    assert (found.health_uri, found.noticed_within, found.files) == ("", 0, ())


def test_caddys_defaults_apply_to_what_is_not_written() -> None:
    handler = {"handler": "reverse_proxy", "upstreams": [{"dial": "app:80"}]}
    handler |= {"health_checks": {"active": {"uri": "/up"}}}
    [found] = reverse_proxies(configuration({"handle": [handler]}))
    assert (found.try_duration, found.dial_timeout, found.noticed_within) == (0, 3, 35)


def test_several_passes_take_longer() -> None:
    [found] = reverse_proxies(
        configuration({"handle": [reverse_proxy("a:1", **active(passes=2, fails=3))]})
    )
    assert found.noticed_within == pytest.approx(3 * 0.5 + 0.4)


def test_the_condition_of_an_outer_route_counts() -> None:
    inner = {"handler": "subroute", "routes": [{"handle": [reverse_proxy("app-2:80")]}]}
    tree = configuration(flagged("app-1", inner))
    [found] = reverse_proxies(tree)
    assert found.files == (f"{OUT}/app-1",)
    assert checked_files(tree) == {f"{OUT}/app-1"}


def test_names_that_caddy_resolves_again_are_upstreams_too() -> None:
    dynamic = {"source": "a", "name": "app", "port": "8000", "refresh": SECOND}
    handler = {"handler": "reverse_proxy", "dynamic_upstreams": dynamic}
    [found] = reverse_proxies(configuration({"handle": [handler]}))
    assert (found.hosts, found.is_dynamic) == ({"app"}, True)


@pytest.mark.parametrize(
    "odd", [{}, {"apps": []}, {"apps": {"http": {"servers": {"a": None, "b": {"routes": "x"}}}}}]
)
def test_an_odd_configuration_has_no_upstreams(odd: Any) -> None:
    assert reverse_proxies(odd) == [] and checked_files(odd) == set()


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2 * SECOND, 2), ("1m30s", 90), ("500ms", 0.5), (None, 0), (True, 0), ("soon", 0)],
)
def test_durations_are_parsed(value: Any, expected: float) -> None:
    assert seconds(value) == pytest.approx(expected)
