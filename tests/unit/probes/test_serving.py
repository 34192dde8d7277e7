"""The wait until a proxy that has just started sends requests to the replicas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import cosmicdeploy.probes.serving as module
from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.events import Event, Progress
from cosmicdeploy.probes.http import Response
from cosmicdeploy.probes.serving import wait_until_served
from cosmicdeploy.probes.urls import Front

pytestmark = pytest.mark.unit
FRONT = Front("http://127.0.0.1:8080", "/health", "shop.example")
Answers = Callable[..., list[int]]


@pytest.fixture
def ctx(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    settings: Any = SimpleNamespace(settings=SimpleNamespace(all_applications=["shop"]))
    monkeypatch.setattr(module, "front_of", lambda *_: FRONT)
    monkeypatch.setattr(module, "SERVED_WITHIN", 0.3)
    return replace(ctx, loaded=settings)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    def use(*statuses: int) -> list[int]:
        left = list(statuses)

        def send(url: str, *, host: str) -> Response:
            assert (url, host) == (FRONT.url, FRONT.host)
            return Response(url=url, status=left.pop(0) if len(left) > 1 else left[0])

        monkeypatch.setattr(module, "send_request", send)
        return left

    return use


def test_a_proxy_that_does_not_know_the_replicas_yet_is_waited_for(
    ctx: Context, answers: Answers, events: list[Event]
) -> None:
    left = answers(404, 502, 200)
    wait_until_served(ctx)
    assert (left, events) == ([200], [])


def test_a_proxy_that_never_answers_200_is_named(
    ctx: Context, answers: Answers, events: list[Event]
) -> None:
    answers(404)
    wait_until_served(ctx)
    assert events == [Progress(text=f"clients get no 2xx yet at {FRONT.url}: 404")]


def test_an_application_that_no_client_can_reach_is_left_to_the_verification(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, events: list[Event]
) -> None:
    def unreachable(*_: object) -> Front:
        raise ConfigError("no port", where="app", todo="publish one")

    monkeypatch.setattr(module, "front_of", unreachable)
    wait_until_served(ctx)
    assert events == []
