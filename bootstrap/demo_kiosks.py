"""Simulated kiosks for the demo: create them in the database, and send their heartbeats."""

from __future__ import annotations

import json
import threading
import time

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import ExecResult
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.proof import TrafficStats

KIOSKS = 20
BEATS_PER_SECOND = 10.0
# The kiosks stop after this time even if the deploy hangs.
LONGEST_SECONDS = 900


def seed(ctx: Context) -> list[str]:
    """Create the kiosks and the device for verification; return the kiosks' new tokens.

    Raises `CosmicError` if the console command fails.
    """
    app = ctx.any_app()
    environment = {"DEVICE_TOKEN": ctx.loaded.secret("DEVICE_TOKEN")}
    verifier = ctx.console("devices:seed", "--name=VERIFY", "--token-env=DEVICE_TOKEN")
    _require(ctx.engine.exec(app.id, verifier, environment=environment))
    result = ctx.engine.exec(app.id, ctx.console("devices:seed", str(KIOSKS), "--fresh", "--json"))
    _require(result)
    return [device["token"] for device in json.loads(result.text)["devices"]]


def _require(result: ExecResult) -> None:
    if result.exit_code != 0:
        raise CosmicError("Seeding devices failed", details=result.error_text.splitlines())


class Kiosks:
    """Simulated kiosks that send heartbeats through the load balancer during a block.

    Entering the block returns the statistics of the responses.
    """

    def __init__(self, url: str, tokens: list[str]) -> None:
        self._url, self._tokens = url, tokens
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._stats = TrafficStats()

    def __enter__(self) -> TrafficStats:
        self._thread.start()
        return self._stats

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        until = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < until:
            token = self._tokens[self._stats.sent % len(self._tokens)]
            body = {"battery_level": 85}
            answer = send_request(f"{self._url}/api/devices/heartbeat", token=token, json=body)
            self._stats.count(answer, turning_away=answer.is_turned_away)
            if self._stop.wait(1 / BEATS_PER_SECOND):
                return
