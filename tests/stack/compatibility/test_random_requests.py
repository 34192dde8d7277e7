"""Random requests to the shipped application: no 500, no traceback, no answer that takes 5 s.

They go to nginx and to a replica itself, which have a real database and Redis behind them. `make
test` sends some hundred, `make torture` 10,000.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import docker
import httpx
import pytest

from tests.stack.compatibility.test_payload import bearer, console
from tests.stack.support.harness import BEAT, BODY, RELEASED, StackUnderTest
from tests.unit.fuzz.http_answers import Address, require_answer
from tests.unit.fuzz.http_requests import raw_requests

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

AT_ONCE = 8
# The devices' rate limit is reset after so many requests, so that most heartbeats are written.
RESET_AFTER = 1000
SEED = 5


def addresses(stack: StackUnderTest) -> tuple[Address, Address]:
    """Return the addresses of the proxy and of a replica."""
    proxy = urlsplit(stack.url())
    assert proxy.hostname and proxy.port
    return (proxy.hostname, proxy.port), (stack.open().loaded.secret("APP_1_ADDRESS"), 80)


def logged(stack: StackUnderTest, since: float) -> str:
    """Return what the replicas have logged since a Unix time."""
    api, found = docker.from_env().api, stack.containers()
    logs = [api.logs(found[name].id, since=int(since)) for name in RELEASED[:3]]
    return b"".join(logs).decode(errors="replace")


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.torture)])
def test_no_request_is_answered_500_or_leaves_a_traceback(
    released: StackUnderTest, count: int
) -> None:
    began, lives, statuses = time.time(), released.lives(), Counter[int | None]()
    places = itertools.cycle(addresses(released))
    tries = zip(range(count), places, raw_requests(SEED, count, released.kiosks), strict=False)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while part := list(itertools.islice(tries, RESET_AFTER)):
            console(released, "cache:clear")
            statuses.update(threads.map(lambda each: require_answer(*each), part))
    log = logged(released, began)
    assert "Traceback" not in log and "ERROR:" not in log, log[-4000:]
    assert released.lives() == lives, "a container ended"
    # The requests reach the database, and every kind of refusal.
    assert {200, 400, 401, 404, 405, 422} <= statuses.keys(), statuses
    console(released, "cache:clear")
    answer = httpx.post(
        released.url() + BEAT, json=BODY, headers=bearer(released.kiosks[0]), trust_env=False
    )
    assert answer.status_code == 200
