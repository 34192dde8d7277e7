"""The shipped heartbeat service on the real stack: what devices and operators rely on."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import docker
import httpx
import pytest

from tests.stack.support.harness import BEAT, BODY, StackUnderTest

pytestmark = pytest.mark.stack

Away = Callable[[StackUnderTest, str], AbstractContextManager[None]]

# A heartbeat of a device that the monitor demotes after the writer has read it as connected.
DEMOTED_MEANWHILE = """
import os
from cosmic_app import cache
from cosmic_app.heartbeat import model, writer
from cosmic_app.settings import read_settings
from cosmic_app.tokens import hash_token

def find_devices(cursor, hashes, find=writer.find_devices):
    devices = find(cursor, hashes)
    assert [device.status for device in devices.values()] == ["Connected"]
    cursor.execute("UPDATE remotes SET status = 'Disconnected' WHERE token_hash IN %s", (hashes,))
    return devices

writer.find_devices = find_devices
settings = read_settings(os.environ)
beats = writer.BeatWriter(settings, cache.Breaker(cache.connect(settings.redis)))
beat = model.Beat(token_hash=hash_token(os.environ["TOKEN"]), body=b'{"battery_level": 50}')
print(beats.write([beat])[0].should_reconnect)
"""
GUIDE_MIGRATION = "2026_02_02_000001_add_heartbeat_management_fields_to_remotes"


@pytest.fixture
def client(released: StackUnderTest) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=released.url(), trust_env=False, timeout=15) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def console(stack: StackUnderTest, *words: str) -> str:
    ctx = stack.open()
    result = ctx.engine.exec(ctx.any_app().id, ctx.console(*words))
    assert result.exit_code == 0, result.error_text
    return result.text


def device(stack: StackUnderTest, name: str) -> tuple[str, object]:
    with stack.database() as facts:
        sql = "SELECT status, last_heartbeat_at FROM remotes WHERE name = %s"
        return facts.session.rows(sql, name)[0]  # type: ignore[return-value]


@pytest.mark.parametrize("headers", [{}, bearer("unknown"), {"Authorization": "Basic eDp5"}])
def test_an_unknown_token_is_answered_401(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.post(BEAT, json=BODY, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["X-App-Version"] == "2"


def test_a_revoked_token_is_answered_401(released: StackUnderTest, client: httpx.Client) -> None:
    with released.database() as facts:
        facts.session.execute("UPDATE remotes SET token_revoked = 1 WHERE name = 'KIOSK-02'")
    try:
        assert client.post(BEAT, json=BODY, headers=bearer(released.kiosks[1])).status_code == 401
    finally:
        with released.database() as facts:
            facts.session.execute("UPDATE remotes SET token_revoked = 0 WHERE name = 'KIOSK-02'")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"battery_level": "x"}', b'{"battery_level": 101}']
)
def test_an_invalid_body_is_refused_with_a_reason_and_not_stored(
    released: StackUnderTest, client: httpx.Client, content: bytes
) -> None:
    before = device(released, "KIOSK-03")
    headers = {**bearer(released.kiosks[2]), "Content-Type": "application/json"}
    answer = client.post(BEAT, content=content, headers=headers)
    assert 400 <= answer.status_code < 500 and answer.status_code not in (401, 429)
    assert answer.json()["message"]
    assert device(released, "KIOSK-03") == before


def test_too_many_heartbeats_are_answered_429_with_retry_after(
    released: StackUnderTest, client: httpx.Client
) -> None:
    headers = bearer(released.kiosks[3])
    answers = (client.post(BEAT, json=BODY, headers=headers) for _ in itertools.repeat(None, 300))
    limited = next((answer for answer in answers if answer.status_code == 429), None)
    # More than twice the limit, since a window may end in between.
    assert limited is not None, "120 beats in 60 s are the limit"
    assert 0 < int(limited.headers["Retry-After"]) <= 60
    console(released, "cache:clear")  # also resets the counters, for later tests


def test_tokens_are_not_stored(released: StackUnderTest) -> None:
    with released.database() as facts:
        rows = facts.session.rows("SELECT * FROM remotes")
    stored = json.dumps(rows, default=str)
    assert not any(token in stored for token in [*released.kiosks, released.token()])


def test_a_silent_device_goes_offline_and_a_heartbeat_reconnects_it(
    released: StackUnderTest, client: httpx.Client
) -> None:
    for seconds, expected in ((50, "Temporarily Offline"), (100, "Disconnected")):
        with released.database() as facts:
            facts.session.execute(
                "UPDATE remotes SET status = IF(%s = 50, 'Connected', status),"
                " last_heartbeat_at = NOW(3) - INTERVAL %s SECOND WHERE name = 'KIOSK-05'",
                seconds,
                seconds,
            )
        console(released, "devices:monitor-status", "--verbose")
        assert device(released, "KIOSK-05")[0] == expected
    answer = client.post(BEAT, json=BODY, headers=bearer(released.kiosks[4]))
    assert (answer.status_code, answer.json()["should_reconnect"]) == (200, True)
    assert device(released, "KIOSK-05")[0] == "Connected"
    again = client.post(BEAT, json=BODY, headers=bearer(released.kiosks[4]))
    assert again.json()["should_reconnect"] is False


def test_a_heartbeat_reconnects_a_device_that_is_demoted_meanwhile(
    released: StackUnderTest, client: httpx.Client
) -> None:
    token = released.kiosks[6]
    assert client.post(BEAT, json=BODY, headers=bearer(token)).status_code == 200
    engine, app = released.open().engine, released.open().any_app()
    words = ["python3", "-c", DEMOTED_MEANWHILE]
    done = engine.exec(app.id, words, environment={"TOKEN": token})
    assert (done.exit_code, done.text) == (0, "True\n"), done.error_text
    assert device(released, "KIOSK-07")[0] == "Connected"
    with released.database() as facts:
        rows = facts.session.rows(
            "SELECT from_status, to_status FROM device_status_transitions t"
            " JOIN remotes r ON r.id = t.remote_id WHERE r.name = 'KIOSK-07' ORDER BY t.id"
        )
    assert rows[-1] == ("Disconnected", "Connected")


def test_a_dry_run_changes_nothing(released: StackUnderTest) -> None:
    with released.database() as facts:
        facts.session.execute(
            "UPDATE remotes SET status = 'Connected', last_heartbeat_at ="
            " NOW(3) - INTERVAL 10 SECOND WHERE name = 'KIOSK-06'"
        )
    before = device(released, "KIOSK-06")
    console(released, "devices:monitor-status", "--dry-run", "--verbose")
    assert device(released, "KIOSK-06") == before


@contextmanager
def stopped(stack: StackUnderTest, service: str) -> Iterator[None]:
    """Stop a service during the block; wait until the stack is healthy again."""
    ctx = stack.open()
    container = ctx.running(service)
    ctx.engine.stop(container.id, ctx.service(service).stop_grace_period)
    try:
        yield
    finally:
        ctx.engine.start(container.id)
        assert stack.cli("step", "health").code == 0


@contextmanager
def paused(stack: StackUnderTest, service: str) -> Iterator[None]:
    """Pause a service during the block; wait until the stack is healthy again."""
    container = docker.from_env().containers.get(stack.open().running(service).id)
    container.pause()
    try:
        yield
    finally:
        container.unpause()
        assert stack.cli("step", "health").code == 0


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"battery_level": 101}', b" " * 5000])
def test_an_unknown_token_is_answered_401_whatever_the_body_is(
    client: httpx.Client, content: bytes
) -> None:
    assert client.post(BEAT, content=content, headers=bearer("unknown")).status_code == 401


@pytest.mark.parametrize("away", [paused, stopped])
def test_while_the_database_is_away_every_answer_is_503_within_a_second(
    released: StackUnderTest, client: httpx.Client, away: Away
) -> None:
    headers = bearer(released.kiosks[7])
    assert client.post(BEAT, json=BODY, headers=headers).status_code == 200
    with away(released, "platform-db"):
        for _ in range(4):
            beat = client.post(BEAT, json=BODY, headers=headers)
            assert (beat.status_code, beat.headers["Retry-After"]) == (503, "1")
            assert beat.elapsed.total_seconds() < 1
            health = client.get("/api/health")
            assert health.status_code == 503 and health.elapsed.total_seconds() < 1
    # The first statements of a server that has just started may take longer than the answer may.
    for _ in range(20):
        if client.post(BEAT, json=BODY, headers=headers).status_code == 200:
            break
        time.sleep(0.5)
    else:
        pytest.fail("no heartbeat is accepted once the database is back")


def test_a_beat_that_a_lock_delays_is_answered_200(
    released: StackUnderTest, client: httpx.Client
) -> None:
    """As during a migration: the database answers, but not the statement."""
    with released.database() as facts:
        facts.session.execute("LOCK TABLES remotes WRITE")
        with ThreadPoolExecutor(1) as threads:
            beat = threads.submit(client.post, BEAT, json=BODY, headers=bearer(released.kiosks[8]))
            time.sleep(2)
            assert not beat.done()
            facts.session.execute("UNLOCK TABLES")
            assert beat.result().status_code == 200


@pytest.mark.parametrize("path", ["/api/health/", "/api/devices/heartbeat/", "/nginx-health/"])
def test_no_response_names_a_foreign_host_or_a_version_and_each_has_security_headers(
    client: httpx.Client, path: str
) -> None:
    response = client.get(path, headers={"Host": "evil.example"})
    assert response.status_code == 404 and "location" not in response.headers
    assert response.headers["server"] == "nginx" and "evil" not in response.text
    for page in (path, "/api/health", "/nginx-health"):
        headers = client.get(page).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_page_of_the_maintenance_has_the_same_headers(
    released: StackUnderTest, client: httpx.Client
) -> None:
    """A location with a header of its own gets none of the server's, and has to repeat them."""
    ctx = released.open()
    path = str(ctx.settings.maintenance.file)
    proxy = ctx.running("platform-nginx").id
    usual = client.get("/nginx-health").headers
    assert ctx.engine.exec(proxy, ["touch", path]).exit_code == 0
    try:
        page = client.get("/api/health", headers={"Host": "evil.example"})
    finally:
        ctx.engine.exec(proxy, ["rm", path])
    assert page.status_code == 503 and page.json()["status"] == "maintenance"
    assert page.headers["server"] == "nginx" and "evil" not in page.text
    assert int(page.headers["Retry-After"]) > 0 and page.headers["Cache-Control"] == "no-store"
    secure = [name for name in usual if name.startswith(("x-", "referrer", "content-security"))]
    assert len(secure) == 4
    assert {name: page.headers[name] for name in secure} == {name: usual[name] for name in secure}


def test_redis_requires_a_password_that_no_argument_or_log_shows(released: StackUnderTest) -> None:
    ctx = released.open()
    password = ctx.loaded.secret("REDIS_PASSWORD")
    place = ctx.running("platform-redis").id
    answer = ctx.engine.exec(place, ["sh", "-c", "REDISCLI_AUTH= redis-cli ping 2>&1"]).text
    assert "NOAUTH" in answer
    assert ctx.engine.exec(place, ["redis-cli", "ping"]).text.strip() == "PONG"
    described = docker.from_env().api.inspect_container(place)
    assert password not in json.dumps([described["Path"], described["Args"]])
    processes = docker.from_env().api.top(place)
    assert password not in json.dumps(processes)
    assert password.encode() not in docker.from_env().api.logs(place)


def test_without_redis_the_service_is_degraded_but_available(
    released: StackUnderTest, client: httpx.Client
) -> None:
    with stopped(released, "platform-redis"):
        health = client.get("/api/health")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        beat = client.post(BEAT, json=BODY, headers=bearer(released.kiosks[6]))
        assert beat.status_code == 200


def test_without_the_database_health_is_answered_503_with_the_reason(
    released: StackUnderTest, client: httpx.Client
) -> None:
    with stopped(released, "platform-db"):
        health = client.get("/api/health")
        assert health.status_code == 503
        assert "database" in health.text
    assert client.get("/api/health").status_code == 200


def test_migrate_and_rollback_print_what_artisan_does(released: StackUnderTest) -> None:
    with released.beats() as beats:
        back = console(released, "migrate:rollback", "--step=1", "--force")
        assert f"Rolled back:  {GUIDE_MIGRATION}" in back
        assert "No" in console(released, "migrate:status")
        forth = console(released, "migrate", "--force")
    assert f"Migrated:  {GUIDE_MIGRATION}" in forth
    assert "Nothing to migrate." in console(released, "migrate", "--force")
    assert beats.failures == [], "the release must serve on both schemas"


@pytest.mark.torture
@pytest.mark.parametrize(
    "name",
    [
        "cosmic-app-1",
        "cosmic-app-2",
        "cosmic-app-3",
        "cosmic-scheduler",
        "cosmic-queue-1",
    ],
)
def test_every_service_stops_within_its_grace_period(released: StackUnderTest, name: str) -> None:
    ctx = released.open()
    container = ctx.running(name)
    ctx.engine.stop(container.id, ctx.service(name).stop_grace_period)
    stopped = ctx.engine.container(container.id)
    ctx.engine.start(container.id)
    assert stopped is not None and stopped.exit_code == 0, "it was killed after its grace period"
    assert released.cli("step", "health").code == 0


def test_the_service_runs_unprivileged_and_without_the_deployer(released: StackUnderTest) -> None:
    ctx = released.open()
    app = ctx.any_app().id
    assert ctx.engine.exec(app, ["id", "-u"]).text.strip() != "0"
    for module in ("cosmicdeploy", "docker", "typer", "rich"):
        assert ctx.engine.exec(app, ["python3", "-c", f"import {module}"]).exit_code != 0


APPS = ("cosmic-app-1", "cosmic-app-2", "cosmic-app-3", "cosmic-scheduler", "cosmic-queue-1")
READ_ONLY = (*APPS, "platform-redis", "platform-nginx")


@pytest.mark.parametrize("name", [*READ_ONLY, "platform-db"])
def test_a_container_has_only_the_privileges_that_it_needs(
    released: StackUnderTest, name: str
) -> None:
    api = docker.from_env().api
    config = api.inspect_container(released.containers()[name].id)["HostConfig"]
    assert config["CapDrop"] == ["ALL"] and config["SecurityOpt"] == ["no-new-privileges:true"]
    assert config["Memory"] > 0 and config["PidsLimit"] > 0
    assert config["ReadonlyRootfs"] is (name in READ_ONLY)
    ctx = released.open()
    status = ctx.engine.exec(ctx.running(name).id, ["cat", "/proc/1/status"]).text
    assert "NoNewPrivs:\t1" in status
    # nginx's master is root; everything else runs as a user without any capability.
    assert ("CapEff:\t0000000000000000" in status) is (name != "platform-nginx")
