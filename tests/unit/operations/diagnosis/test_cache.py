"""The problem `cache`: Redis's memory, what it saves, and the writes that it refuses."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.operations.diagnosis.checks.cache import judge
from cosmicdeploy.operations.diagnosis.checks.cache_memory import Cache
from cosmicdeploy.operations.diagnosis.finding import Finding, Severity
from cosmicdeploy.probes.cache import cache_session, refusal_of_writes
from tests.unit.operations.diagnosis.world import INFO

MIB = 1 << 20
FULL = "OOM command not allowed when used memory > 'maxmemory'."


def findings(refusal: str = "", **facts: Any) -> dict[str, Finding]:
    """Return the findings by subject; `facts` are values of INFO, or fields of `Cache`."""
    fields = {key: facts.pop(key) for key in ("memory_limit", "has_jobs") if key in facts}
    found = judge(Cache(name="redis", info={**INFO, **facts}, refusal=refusal, **fields))
    return {each.subject: each for each in found}


def test_a_sound_redis_has_no_problem() -> None:
    assert {f.severity for f in findings().values()} == {Severity.OK}


def test_a_full_redis_that_keeps_everything_refuses_writes() -> None:
    found = findings(FULL, used_memory=100 * MIB)
    assert found["memory"].severity is Severity.PROBLEM
    assert "100.0 MiB of 100.0 MiB (100%), noeviction" in found["memory"].description
    assert f"redis-cli CONFIG SET maxmemory {200 * MIB}" in found["memory"].todo
    assert "Redis refuses writes: its memory is full" in found["writes"].description
    assert found["writes"].todo == "do what `memory` says above"


@pytest.mark.parametrize("limit", [100 * MIB, 200 * MIB])
def test_no_more_memory_is_advised_than_the_container_has(limit: int) -> None:
    found = findings(FULL, used_memory=100 * MIB, memory_limit=limit)["memory"]
    assert "CONFIG SET" not in found.todo
    assert "the limit of redis in the compose file" in found.todo
    assert "`cosmicdeploy deploy --include redis`" in found.todo
    found = findings(FULL, used_memory=100 * MIB, memory_limit=300 * MIB)["memory"]
    assert f"CONFIG SET maxmemory {200 * MIB}" in found.todo


@pytest.mark.parametrize(
    ("policy", "databases", "severity"),
    [
        ("noeviction", {"db0": {"keys": 9, "expires": 9}}, Severity.PROBLEM),
        ("allkeys-lru", {}, Severity.OK),
        ("volatile-lru", {"db0": {"keys": 9, "expires": 0}}, Severity.PROBLEM),
        ("volatile-lru", {"db0": {"keys": 9, "expires": 3}}, Severity.OK),
    ],
)
def test_a_nearly_full_redis_is_a_problem_unless_it_can_make_room(
    policy: str, databases: dict[str, Any], severity: Severity
) -> None:
    found = findings(used_memory=95 * MIB, maxmemory_policy=policy, **databases)
    assert found["memory"].severity is severity


def test_evicted_keys_are_a_warning_only_if_jobs_may_be_among_them() -> None:
    evicted = {"maxmemory_policy": "allkeys-lru", "evicted_keys": 7}
    assert findings(**evicted)["memory"].severity is Severity.OK
    found = findings(has_jobs=True, **evicted)["memory"]
    assert found.severity is Severity.WARNING and "7 keys evicted" in found.description


def test_without_maxmemory_the_limit_of_the_container_counts() -> None:
    unlimited = {"maxmemory": 0, "used_memory_rss": 95 * MIB}
    assert findings(**unlimited)["memory"].severity is Severity.OK
    found = findings(memory_limit=100 * MIB, **unlimited)["memory"]
    assert (
        found.severity is Severity.PROBLEM and "Redis is killed at this limit" in found.description
    )


@pytest.mark.parametrize(
    ("facts", "what", "command"),
    [
        ({"rdb_last_bgsave_status": "err"}, "the last snapshot", "BGSAVE"),
        (
            {"aof_enabled": 1, "aof_last_write_status": "err"},
            "the last write to the append-only file",
            "BGREWRITEAOF",
        ),
        (
            {"aof_enabled": 1, "aof_last_bgrewrite_status": "err"},
            "the last rewrite of the append-only file",
            "BGREWRITEAOF",
        ),
    ],
)
def test_data_that_cannot_be_saved_is_a_problem(
    facts: dict[str, Any], what: str, command: str
) -> None:
    found = findings(**facts)["persistence"]
    assert found.severity is Severity.PROBLEM and found.description.startswith(f"{what} failed")
    assert found.todo.endswith(f"`cosmicdeploy exec redis redis-cli {command}`")


def test_an_append_only_file_that_is_switched_off_is_not_judged() -> None:
    found = findings(aof_last_write_status="err")["persistence"]
    assert found.severity is Severity.OK


def test_a_read_only_replica_names_the_primary() -> None:
    refusal = "READONLY You can't write against a read only replica."
    found = findings(refusal, master_host="10.0.0.9", master_port=6379)["writes"]
    assert found.severity is Severity.PROBLEM and "10.0.0.9:6379" in found.todo


def test_writes_that_were_refused_earlier_are_a_warning() -> None:
    found = findings(errorstat_OOM={"count": 3}, errorstat_MISCONF={"count": 1})["writes"]
    assert found.severity is Severity.WARNING
    assert "OOM 3 times (its memory is full), MISCONF 1 time (" in found.description


@pytest.mark.parametrize("value", ["much", None, float("inf"), float("nan"), {}])
def test_what_redis_reports_may_be_no_number(value: object) -> None:
    numbers = ("used_memory", "maxmemory", "evicted_keys", "uptime_in_seconds", "aof_enabled")
    found = findings(
        maxmemory_policy="volatile-lru",
        errorstat_OOM={"count": value},
        db0={"expires": value},
        **dict.fromkeys(numbers, value),
    )
    assert {each.severity for each in found.values()} == {Severity.OK}
    full = findings(used_memory=99 * MIB, maxmemory_policy="volatile-lru", db0={"expires": value})
    assert full["memory"].severity is Severity.PROBLEM


def test_a_redis_that_loads_its_data_is_a_warning() -> None:
    assert findings("LOADING")["writes"].severity is Severity.WARNING


@contextmanager
def redis_server(reply_to_set: bytes) -> Iterator[tuple[int, list[str]]]:
    """Run a server that speaks enough of Redis's protocol; yield its port and the commands."""
    commands: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while line := self.rfile.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int(self.rfile.readline()[1:])
                    words.append(self.rfile.read(size + 2)[:-2].decode())
                commands.append(words[0])
                replies = {"SET": reply_to_set, "HELLO": b"-ERR unknown command\r\n"}
                self.wfile.write(replies.get(words[0], b"+OK\r\n"))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], commands
        server.shutdown()


@pytest.mark.parametrize(
    ("reply", "refusal"),
    [
        (b"+QUEUED\r\n", ""),
        (b"-OOM command not allowed\r\n", "OOM command not allowed"),
        (b"-MISCONF Redis is configured to save\r\n", "MISCONF Redis is configured to save"),
        (b"-READONLY You can't write\r\n", "READONLY You can't write"),
        (b"-NOPERM no permission\r\n", "NOPERM no permission"),
    ],
)
def test_a_write_is_tried_without_being_executed(reply: bytes, refusal: str) -> None:
    with redis_server(reply) as (port, commands):
        client = redis.Redis(port=port, protocol=2)
        assert refusal_of_writes(client) == refusal
        client.close()
    tried = [word for word in commands if word in ("MULTI", "SET", "EXEC", "DISCARD")]
    assert tried[:2] == ["MULTI", "SET"] and "EXEC" not in tried


@pytest.mark.parametrize(
    ("variable", "what", "todo"),
    [
        (None, "Redis requires a password", "set `cache.password_variable`"),
        ("REDIS_PASSWORD", "refuses the password in REDIS_PASSWORD: WRONGPASS", "correct REDIS_"),
    ],
)
def test_a_refused_login_is_explained_by_whether_a_password_is_configured(
    variable: str | None, what: str, todo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = SimpleNamespace(close=lambda: None)
    monkeypatch.setattr("cosmicdeploy.probes.cache.open_cache", lambda *_: client)
    ctx = SimpleNamespace(
        settings=SimpleNamespace(cache=SimpleNamespace(password_variable=variable))
    )
    with pytest.raises(ProbeFailed) as failed, cache_session(cast(Context, ctx), "redis"):
        raise redis.AuthenticationError("WRONGPASS invalid username-password pair")
    assert what in failed.value.what and todo in failed.value.todo
