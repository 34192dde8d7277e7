"""Health checks that pass although the service does not work are recognized."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cosmicdeploy.probes.preconditions.weak_health_checks import weakness

pytestmark = pytest.mark.unit
URL = "http://127.0.0.1:8000/health"


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (("NONE",), "switched off"),
        (("CMD", "true"), "whatever happens"),
        (("CMD-SHELL", "exit 0"), "whatever happens"),
        (("CMD-SHELL", "echo ok"), "whatever happens"),
        (("CMD-SHELL", f"curl -f {URL} || true"), "ends with `true`"),
        (("CMD-SHELL", f"curl -f {URL} || exit 0"), "ends with `exit 0`"),
        (("CMD-SHELL", f"curl -f {URL}; exit 0"), "ends with `exit 0`"),
        (("CMD-SHELL", f"curl -f {URL} || echo down"), "ends with `echo`"),
        (("CMD", "curl", URL), "without --fail"),
        (("CMD-SHELL", f"curl -s -o /dev/null {URL} || exit 1"), "without --fail"),
        (("/bin/sh", "-c", f"curl -sS {URL}"), "without --fail"),
        (("CMD-SHELL", "pgrep -f gunicorn || exit 1"), "process exists"),
        (("CMD-SHELL", "ps aux | grep -q [n]ode"), "process exists"),
        (("CMD-SHELL", "kill -0 1"), "process exists"),
        (("CMD", "nc", "-z", "localhost", "8000"), "port is open"),
        (("CMD-SHELL", "cat < /dev/null > /dev/tcp/localhost/8000"), "port is open"),
        (("CMD-SHELL", "ss -tln | grep -q 8000"), "port is open"),
    ],
)
def test_a_check_that_proves_nothing(test: Sequence[str], why: str) -> None:
    assert why in weakness(test)


def test_arguments_that_may_be_secret_are_not_repeated() -> None:
    for test in ("echo a-word", "curl -H 'X-Token: a-word' localhost || echo a-word"):
        assert weakness(("CMD-SHELL", test)) and "a-word" not in weakness(("CMD-SHELL", test))


@pytest.mark.parametrize(
    "test",
    [
        (),
        ("CMD", "curl", "--fail", URL),
        ("CMD", "curl", "-fsS", URL),
        ("CMD-SHELL", f"curl -sf {URL} || exit 1"),
        ("CMD-SHELL", f"curl --fail-with-body {URL}"),
        ("CMD-SHELL", f"curl -s {URL} | grep -q ok"),
        ("CMD-SHELL", f'test "$(curl -s {URL})" = ok'),
        ("CMD-SHELL", f"[ $(curl -s -o /dev/null -w '%{{http_code}}' {URL}) = 200 ]"),
        ("CMD-SHELL", f"wget -q -O /dev/null {URL} || exit 1"),
        ("CMD", "python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1/')"),
        ("CMD", "healthcheck.sh", "--connect", "--innodb_initialized"),
        ("CMD-SHELL", "pg_isready -U app"),
        ("CMD", "redis-cli", "ping"),
        ("CMD", "/true-north/check"),
        ("CMD-SHELL", f"curl -f {URL} || true-north/check"),
        ("CMD-SHELL", f"curl -f {URL} || exit 1; echo ok"),
        ("CMD-SHELL", f"if ! curl -f {URL}; then exit 1; fi; true"),
        ("CMD-SHELL", f"set -e; curl -f {URL}; echo ok"),
        ("CMD-SHELL", f"curl -s {URL}/warm-up && curl -sf {URL}"),
        ("CMD-SHELL", "x" * 100_000),
        ("CMD-SHELL", "x" * 1994 + "; true && pg_isready"),
    ],
)
def test_a_check_that_can_fail(test: Sequence[str]) -> None:
    assert weakness(test) == ""
