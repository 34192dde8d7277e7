from __future__ import annotations

import asyncio

import httpx
import pytest
from cosmic_app.heartbeat.model import Accepted, Allowance, Limited, Unauthorized, Unavailable
from cosmic_app.http import answers
from cosmic_app.http.app import build_app
from cosmic_app.http.health import Health
from cosmic_app.settings import read_settings

pytestmark = pytest.mark.unit

ALLOWANCE = Allowance(allowed=True, limit=120, remaining=119, reset=60)
NOWHERE = {"DB_HOST": "127.0.0.1", "DB_PORT": "1", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}


def ask(method: str, path: str, **more: object) -> httpx.Response:
    async def run() -> httpx.Response:
        app = build_app(read_settings({"APP_VERSION": "7.1", **NOWHERE}))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.request(method, path, **more)  # type: ignore[arg-type]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/devices/heartbeat", 405),
        ("POST", "/api/devices/heartbeat", 401),
        ("GET", "/api/health", 503),
    ],
)
def test_every_answer_carries_the_release_and_is_json(method: str, path: str, status: int) -> None:
    response = ask(method, path)
    assert response.status_code == status
    assert response.headers["X-App-Version"] == "7.1"
    assert isinstance(response.json(), dict)


def test_health_names_what_is_out_of_reach() -> None:
    content = ask("GET", "/api/health").json()
    assert content["status"] == "unavailable"
    assert content["release"] == "7.1"
    assert content["database"] == content["redis"] == "unreachable"
    assert "database: Can't connect" in content["reason"]


def test_a_bad_body_is_refused_before_the_database_is_asked() -> None:
    response = ask(
        "POST",
        "/api/devices/heartbeat",
        headers={"Authorization": "Bearer x"},
        json={"battery_level": 101},
    )
    assert response.status_code == 422
    assert list(response.json()["errors"]) == ["battery_level"]


def test_redis_gone_is_degraded_and_not_down() -> None:
    response = answers.health(Health(redis="no route"), "1")
    assert response.status_code == 200
    assert b'"degraded"' in response.body


def test_an_accepted_beat_says_what_is_left() -> None:
    response = answers.answer(Accepted(should_reconnect=True, allowance=ALLOWANCE), now=0)
    assert response.status_code == 200
    assert response.headers["X-RateLimit-Remaining"] == "119"
    assert "Retry-After" not in response.headers


def test_a_limited_beat_says_when_to_come_back() -> None:
    limited = Allowance(allowed=False, limit=120, remaining=0, reset=7)
    response = answers.answer(Limited(allowance=limited), now=1000.9)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "7"
    assert response.headers["X-RateLimit-Reset"] == "1007"


def test_other_refusals() -> None:
    assert answers.answer(Unauthorized(), now=0).status_code == 401
    refused = answers.answer(Unavailable("The database is not reachable."), now=0)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
