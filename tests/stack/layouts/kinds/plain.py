"""Stacks of one application that publishes its port, with a little more than that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.stack.stacks.one_app import SETTINGS, OneApp, base_image


def healthcheck(url: str = "http://127.0.0.1:8000/health") -> dict[str, Any]:
    """Return a health check that asks this URL in the container."""
    program = f"import urllib.request as r; r.urlopen({url!r}, timeout=2)"
    return {"test": ["CMD", "python3", "-c", program], "interval": "2s", "timeout": "3s"}


@dataclass(frozen=True)
class ExternalDatabase(OneApp):
    """The database is outside of the stack: the application gets its address."""

    def compose_file(self) -> dict[str, Any]:
        compose = super().compose_file()
        compose["services"]["app"] |= {
            "restart": "unless-stopped",
            "healthcheck": healthcheck(),
            "environment": {"DB_HOST": "database.internal", "DB_PORT": "13306"},
            "extra_hosts": ["database.internal:host-gateway"],
        }
        return compose


@dataclass(frozen=True)
class WithCache(OneApp):
    """Redis with a volume; no service has a `container_name`, and the file has a version."""

    def files(self, release: str) -> dict[str, str]:
        settings = SETTINGS.replace("{app: [app]}", "{app: [app], cache: redis}")
        return super().files(release) | {"cosmicdeploy.yaml": settings}

    def compose_file(self) -> dict[str, Any]:
        services = super().compose_file()["services"]
        services["app"] |= {"restart": "always", "depends_on": ["redis"]}
        services["redis"] = {
            "image": base_image("REDIS_IMAGE"),
            "restart": "always",
            "volumes": ["redis_data:/data"],
        }
        return {"version": "3.8", "services": services, "volumes": {"redis_data": {}}}
