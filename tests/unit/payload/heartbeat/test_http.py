"""The payload's HTTP responses, also to malformed requests."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from cosmic_app.heartbeat.body import BadBody, parse_beat
from cosmic_app.heartbeat.model import (
    Accepted,
    Allowance,
    Beat,
    Invalid,
    Limited,
    Outcome,
    Unauthorized,
    Unavailable,
)
from cosmic_app.http import responses
from cosmic_app.http.app import build_app
from cosmic_app.http.health import Health
from cosmic_app.settings import read_settings
from starlette.types import Receive, Scope, Send

pytestmark = pytest.mark.unit

ALLOWANCE = Allowance(allowed=True, limit=120, remaining=119, reset=60)
UNREACHABLE = {"DB_HOST": "127.0.0.1", "DB_PORT": "1", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}


def ask(method: str, path: str, **more: object) -> httpx.Response:
    """Send a request to an application without a database and Redis."""

    async def run() -> httpx.Response:
        app = build_app(read_settings({"APP_VERSION": "7.1", **UNREACHABLE}))
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
def test_every_response_is_json_and_has_the_release(method: str, path: str, status: int) -> None:
    response = ask(method, path)
    assert response.status_code == status
    assert response.headers["X-App-Version"] == "7.1"
    assert isinstance(response.json(), dict)


def test_health_says_what_is_unreachable() -> None:
    content = ask("GET", "/api/health").json()
    assert content["status"] == "unavailable"
    assert content["release"] == "7.1"
    assert content["database"] == content["redis"] == "unreachable"
    assert "database: Can't connect" in content["reason"]


def beat(body: bytes, authorization: bytes = b"Bearer x", query: str = "") -> httpx.Response:
    """Send a heartbeat to an application that knows every token and accepts every valid body."""

    async def submit(beat: Beat) -> Outcome:
        try:
            parse_beat(beat.body)
        except BadBody as error:
            return Invalid(error)
        return Accepted(should_reconnect=False, allowance=ALLOWANCE)

    app = build_app(read_settings({"APP_VERSION": "7.1", **UNREACHABLE}))

    async def app_with_submit(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"submit": submit}}, receive, send)

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=app_with_submit)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            headers = [(b"Authorization", authorization)]
            url = f"/api/devices/heartbeat{query}"
            return await client.request("POST", url, headers=headers, content=body)

    return asyncio.run(run())


VALUES = [
    *(b"null", b"true", b'""', b'"85"', b"[]", b"{}", b"[[[[1]]]]", b'{"a": {"b": 1}}'),
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e-999", b"5e-324", b"-0.0"),
    *(b"9" * 400, b"-" + b"9" * 400, b"9" * 3900, b"1" + b"0" * 3900, b"0." + b"9" * 3900),
    *(
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\xc3\xbc"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\x00",
        b"0x1",
        b"1_0",
    ),
    *(b"[" * 3900, b'{"a":' * 700, b"[" * 1900 + b"]" * 1900, b'"' + b"x" * 3900 + b'"'),
]


@pytest.mark.parametrize("name", ["battery_level", "heartbeat_id", "id", "\\ud800"])
@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_no_value_of_a_field_causes_a_server_error(name: str, value: bytes) -> None:
    body = b'{"battery_level": 50, "%b": %b}' % (name.encode(), value)
    assert beat(body).status_code in (200, 400, 422)


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig", "cp037", "utf-7"]
)
def test_no_encoding_causes_a_server_error(encoding: str) -> None:
    assert beat('{"battery_level": 50, "x": "ü"}'.encode(encoding)).status_code in (200, 400, 422)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"bearer\t",
        b"Basic eDp5",
        b"\xff\xfe",
        b"Bearer\xa0x",
        b" ",
        b"B" * 9000,
    ],
)
def test_a_header_without_a_token_is_refused_before_the_body_is_read(header: bytes) -> None:
    response = beat(b"no JSON", header)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "token", [b"\xff", "ü".encode(), b"x" * 9000, b"a b c", b"\x01", b"'; --", b"Bearer x"]
)
def test_any_token_is_accepted_unchanged(token: bytes) -> None:
    assert beat(b'{"battery_level": 1}', b"Bearer " + token).status_code == 200


@pytest.mark.parametrize("query", ["?", "?a=%ff&b[]=%00", "?" + "x=1&" * 500, "?battery_level=1"])
def test_the_query_is_ignored(query: str) -> None:
    assert beat(b'{"battery_level": 1}', query=query).status_code == 200


@pytest.mark.parametrize("path", ["/%00", "/%ff", "/api/health/%2e%2e", "//", "/" + "x" * 9000])
def test_no_path_causes_a_server_error(path: str) -> None:
    assert ask("GET", path).status_code == 404


@pytest.mark.parametrize("path", ["/api/health/", "/api/devices/heartbeat/", "//api/health"])
def test_no_request_is_redirected_to_the_host_that_it_names(path: str) -> None:
    response = ask("GET", path, headers={"Host": "evil.example"})
    assert response.status_code == 404
    assert "location" not in response.headers and "evil" not in response.text


def test_without_redis_the_replica_is_degraded_but_available() -> None:
    response = responses.health_response(Health(redis="no route"), "1")
    assert response.status_code == 200
    assert b'"degraded"' in response.body


def test_the_response_to_a_beat_has_the_remaining_allowance() -> None:
    response = responses.beat_response(Accepted(should_reconnect=True, allowance=ALLOWANCE), now=0)
    assert response.status_code == 200
    assert response.headers["X-RateLimit-Remaining"] == "119"
    assert "Retry-After" not in response.headers


def test_the_response_to_a_limited_beat_says_when_to_retry() -> None:
    limited = Allowance(allowed=False, limit=120, remaining=0, reset=7)
    response = responses.beat_response(Limited(allowance=limited), now=1000.9)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "7"
    assert response.headers["X-RateLimit-Reset"] == "1007"


def test_an_invalid_body_gets_the_status_and_the_invalid_field() -> None:
    error = BadBody("The battery level must be a number.", field="battery_level")
    response = responses.beat_response(Invalid(error), now=0)
    assert response.status_code == 422
    assert b'"errors":{"battery_level":' in response.body


def test_an_unauthorized_beat_gets_401_and_an_outage_503() -> None:
    assert responses.beat_response(Unauthorized(), now=0).status_code == 401
    refused = responses.beat_response(Unavailable("The database is not reachable."), now=0)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
