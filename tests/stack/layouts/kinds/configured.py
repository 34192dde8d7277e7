"""A stack whose application is a config, with secrets, links, limits and options of mounts."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.stack.layouts.kinds.by_variable import ByVariable
from tests.stack.layouts.kinds.plain import healthcheck
from tests.stack.stacks.one_app import base_image

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# Healthy while it can read its secret, and finds its store.
APP = """\
import os, socket

import server


class Handler(server.Handler):
    def is_ill(self):
        try:
            socket.create_connection(("store", 6379), 2).close()
            with open(os.environ["TOKEN_FILE"]) as token:
                return super().is_ill() or not token.read()
        except OSError as error:
            print(error, flush=True)
            return True


server.serve(Handler)
"""


@dataclass(frozen=True)
class Configured(ByVariable):
    """`app` is linked to `cache` as `store`; `mailer` has a profile that is not active.

    `engine` is the engine's major version: those before 25 do not know `start_interval`.
    """

    engine: int = field(default=25, kw_only=True)

    def files(self, release: str) -> dict[str, str]:
        return super().files(release) | {"app.py": APP, "token.txt": "a token of this stack\n"}

    def compose_file(self) -> dict[str, Any]:
        compose: dict[str, Any] = yaml.safe_load(KEYS)
        app = super().compose_file()["services"]["app"]
        app["volumes"].append("./logs:/srv/logs:z")
        app["environment"]["TOKEN_FILE"] = "/run/secrets/token"
        at_start = {"start_period": "20s", "start_interval": "500ms"} if self.engine >= 25 else {}
        app |= compose["services"]["app"] | {
            "healthcheck": healthcheck() | at_start,
            "platform": f"linux/{ARCHITECTURES[platform.machine()]}",
        }
        redis = {"image": base_image("REDIS_IMAGE"), "networks": ["inside"]}
        mailer = redis | {"profiles": ["mail"]}
        return compose | {"services": {"app": app, "cache": redis, "mailer": mailer}}


KEYS = """\
services:
  app:
    command: [python3, /srv/app.py]
    init: true
    secrets: [token, {source: token, target: other-name, mode: 0400}]
    configs: [{source: program, target: /srv/app.py, mode: 0444}]
    links: ["cache:store"]
    networks: [inside]
    depends_on:
      cache: {condition: service_started, restart: true}
      mailer: {condition: service_started, required: false}
    ulimits: {nproc: 1024, nofile: {soft: 2048, hard: 4096}}
    deploy:
      restart_policy: {condition: any, delay: 2s}
      resources:
        limits: {memory: 256M}
        reservations: {memory: 32M, cpus: "0.1"}
networks:
  inside: {driver: bridge, driver_opts: {com.docker.network.driver.mtu: "1400"}}
secrets: {token: {file: ./token.txt}}
configs: {program: {file: ./app.py}}
"""
