"""A secret of an application has changed only if its content has, whatever its time says."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cosmicdeploy.engine.facts import Difference
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.steps.infrastructure.records import remember_files
from cosmicdeploy.steps.rollout.drift import drift_of
from tests.unit.infrastructure.shop import Open, running_engine

pytestmark = pytest.mark.unit

COMPOSE = """\
name: shop
services:
  app: {image: shop/app, secrets: [token]}
  db: {image: 'mariadb:10'}
secrets: {token: {file: ./token.txt}}
"""
SETTINGS = """\
compose_file: compose.yml
services: {app: [app], database: db}
app: {console: [none]}
database: {name: shop}
"""
TOUCHED = Difference(key="secrets.token", change="changed")
OTHER = Difference(key="environment.A", change="added")


def test_a_secret_that_is_written_again_has_not_changed(
    shop: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, own = tmp_path / "token.txt", tmp_path / "700"
    secret.write_text("first")
    own.mkdir()
    (own / "cgroup").write_text("0::/docker/id-app\n")
    monkeypatch.setattr(proc, "PROC", tmp_path)
    (tmp_path / ".cosmicdeploy").mkdir()
    time.sleep(0.02)  # the next tick of the clock that files get their times from
    engine = running_engine("pg", "mailer", "nginx")
    engine.by_name["shop-app-1"] = replace(
        engine.by_name["shop-app-1"],
        started_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        mounts={"/run/secrets/token": str(secret)},
        pid=700,
    )
    ctx = shop(engine, COMPOSE, SETTINGS)
    engine.drift["app"] = [TOUCHED, OTHER]
    assert list(drift_of(ctx, "app").keys) == [TOUCHED, OTHER], "nothing is recorded yet"
    remember_files(ctx)
    time.sleep(0.02)
    secret.write_text("first")
    assert list(drift_of(ctx, "app").keys) == [OTHER]
    secret.write_text("second")
    assert list(drift_of(ctx, "app").keys) == [TOUCHED, OTHER]
    remember_files(ctx)
    assert list(drift_of(ctx, "app").keys) == [TOUCHED, OTHER], "it was not read since"
    engine.by_name["shop-app-1"] = replace(
        engine.by_name["shop-app-1"], started_at="2026-01-01T00:00:00.0Z"
    )
    secret.write_text("first")
    assert list(drift_of(ctx, "app").keys) == [TOUCHED, OTHER], "the record is void"
