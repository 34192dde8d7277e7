"""A stack of four files: one over another, one included, one from which a service is extended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.stack.layouts.kinds.by_variable import ByVariable
from tests.stack.stacks.one_app import base_image
from tests.stack.support.harness import COMPOSE_FILE

BASE = """\
include: [monitoring.yml]

x-health: &health
  test: [CMD, python3, -c, "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health')"]
  interval: 10s
  timeout: 3s

services:
  app:
    extends: {file: common.yml, service: base}
    command: [python3, /srv/server.py]
    environment: {RELEASE: "${RELEASE:-1}", DEBUG: "1"}
    ports: ["8000:8000", "9229:9229"]
    healthcheck: {<<: *health, interval: 2s}
    depends_on: [cache, mail]
  cache: {image: "${REDIS_IMAGE}", ports: ["6379:6379"]}
  mail: {image: "${REDIS_IMAGE}", ports: ["8025:6379"]}
  shell:
    extends: app
    ports: !reset []
    profiles: [tools]
"""
OVER = """\
services:
  app:
    environment: {LOG_LEVEL: warning}
    ports: !override ["127.0.0.1:${HTTP_PORT}:8000"]
    depends_on: !override
      cache: {condition: service_started}
  cache: {ports: !reset [], profiles: [with-cache]}
  mail: {profiles: [development]}
"""
COMMON = """\
services:
  base:
    image: ${PYTHON_IMAGE}
    environment: {LOG_LEVEL: info, ZONE: north}
    volumes: ["./server.py:/srv/server.py:ro"]
    logging: {driver: json-file, options: {max-size: 5m}}
"""
MONITORING = "services:\n  monitor: {image: '${REDIS_IMAGE}', restart: unless-stopped}\n"
FILES = {"over.yml": OVER, "common.yml": COMMON, "monitoring.yml": MONITORING}


@dataclass(frozen=True)
class SeveralFiles(ByVariable):
    """`app`, `cache` and `monitor` run; `mail` and `shell` have profiles that are not active."""

    def files(self, release: str) -> dict[str, str]:
        files = super().files(release) | {COMPOSE_FILE: BASE, **FILES}
        variables = {
            "COMPOSE_FILE": f"{COMPOSE_FILE}:over.yml",
            "COMPOSE_PROFILES": "with-cache",
            "HTTP_PORT": str(self.port),
            "PYTHON_IMAGE": base_image("PYTHON_IMAGE"),
            "REDIS_IMAGE": base_image("REDIS_IMAGE"),
        }
        files[".env"] += "".join(f"{name}={value}\n" for name, value in variables.items())
        return files

    @property
    def compose_options(self) -> Sequence[str]:
        return ()  # Compose finds the files as the deployer does
