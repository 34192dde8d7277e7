"""A new proxy is tried while the old one runs, unless two must not run at the same time."""

from __future__ import annotations

import pytest

from cosmicdeploy.errors import UnhealthyContainer
from cosmicdeploy.steps.infrastructure import proxy_trial
from cosmicdeploy.steps.infrastructure.proxy_trial import try_proxy
from cosmicdeploy.steps.rollout.drift import MISSING, STOPPED
from tests.unit.infrastructure.shop import COMPOSE, Open, container, running_engine

pytestmark = pytest.mark.unit

REASONS = {"nginx": "another image runs"}


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collects the services of which a trial is started, and removed."""
    found: list[str] = []

    def start(_ctx: object, name: str) -> str:
        found.append(name)
        return "id-nginx"

    monkeypatch.setattr(proxy_trial, "start_trial", start)
    monkeypatch.setattr(proxy_trial, "wait_settled", lambda *_: None)
    return found


@pytest.mark.parametrize("reasons", [{}, {"nginx": MISSING}, {"nginx": STOPPED}, {"pg": "changed"}])
def test_only_a_proxy_that_is_replaced_is_tried(
    shop: Open, tried: list[str], reasons: dict[str, str]
) -> None:
    try_proxy(shop(running_engine()), reasons)
    assert tried == []


@pytest.mark.parametrize(
    ("keys", "is_tried"),
    [
        ("", True),
        ("network_mode: host", False),
        ("network_mode: 'service:app'", False),
        ("volumes: ['data:/data']", False),
        ("volumes: ['data:/data:ro', '/dev/null:/etc/nginx.conf']", True),
    ],
)
def test_two_proxies_never_share_ports_or_data(
    shop: Open, tried: list[str], keys: str, is_tried: bool
) -> None:
    compose = COMPOSE.replace("    ports: ['80:80']\n", f"    {keys}\n").replace(
        "    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']\n", ""
    )
    engine = running_engine()
    removed: list[str] = []
    engine.discard = removed.append  # type: ignore[attr-defined]
    try_proxy(shop(engine, compose), REASONS)
    assert (tried, removed) == ((["nginx"], ["id-nginx"]) if is_tried else ([], []))


def test_a_proxy_that_does_not_start_is_said_to_leave_the_running_one(
    shop: Open, tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = 'nginx: [emerg] unknown directive "serve" in /etc/nginx/nginx.conf:3'

    def fail(*_: object) -> None:
        raise UnhealthyContainer("nginx did not become healthy", where="nginx", details=[line])

    monkeypatch.setattr(proxy_trial, "wait_settled", fail)
    engine = running_engine()
    removed: list[str] = []
    engine.discard = removed.append  # type: ignore[attr-defined]
    engine.by_name["trial"] = container("trial", "sha256:nginx")
    with pytest.raises(UnhealthyContainer, match="the running one was not touched") as caught:
        try_proxy(shop(engine), REASONS)
    assert list(caught.value.details) == [line] and removed == ["id-nginx"]
