"""Replicas that get requests again after a restart: which errors end the run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.errors import CosmicError, LockLost, ProbeFailed
from cosmicdeploy.steps.containers.restart import stop_start


def put(monkeypatch: pytest.MonkeyPatch, error: CosmicError) -> None:
    def fail() -> None:
        raise error

    proxy = SimpleNamespace(adopt=fail, put_all_in_service=fail)
    monkeypatch.setattr(stop_start, "ProxyControl", lambda *_: proxy)
    ctx: Any = None
    stop_start.put_all_in_service(ctx)


def test_an_error_of_the_proxy_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, ProbeFailed("nginx does not answer"))


def test_a_lost_lock_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LockLost):
        put(monkeypatch, LockLost("another run holds the lock", where="x", todo="y"))
