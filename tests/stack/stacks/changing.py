"""A stack whose compose file gets, loses and renames services between two deploys."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.stacks.one_app import SETTINGS, OneApp
from tests.stack.support.harness import COMPOSE_FILE, IMAGES

NGINX = """\
resolver 127.0.0.11 valid=1s ipv6=off;

server {
    listen 80;
    set $app app;

    location / { proxy_pass http://$app:8000; }
}
"""


@dataclass(frozen=True)
class Changing(OneApp):
    """The stack; `app` is its only service unless `declare` says otherwise."""

    def declare(
        self,
        release: str,
        *,
        roles: str = "{app: [app]}",
        sections: str = "",
        app: Mapping[str, Any] | None = None,
        **others: Mapping[str, Any],
    ) -> None:
        """Write the files for this release: with further keys of `app`, and other services.

        `sections` are further lines of the settings.

        A service with the key `renamed_from: app` has the keys of `app`, which is left out.
        """
        self.write(release)
        file = self.folder / COMPOSE_FILE
        own = yaml.safe_load(file.read_text())["services"]["app"] | (app or {})
        services: dict[str, Any] = {"app": own}
        for name, keys in others.items():
            is_renamed = keys.get("renamed_from") == "app"
            services[name] = {**own, "renamed": None} | dict(keys) if is_renamed else dict(keys)
            if is_renamed:
                del services["app"], services[name]["renamed"], services[name]["renamed_from"]
        volumes = {"letters": None}
        file.write_text(yaml.safe_dump({"services": services, "volumes": volumes}))
        settings = SETTINGS.replace("{app: [app]}", roles)
        (self.folder / "cosmicdeploy.yaml").write_text(settings + sections)
        (self.folder / "nginx.conf").write_text(NGINX)
        (self.folder / ".dockerignore").write_text("*\n!server.py\n")

    def found(self) -> dict[str, tuple[str, bool]]:
        """Return the id of each container of the project by name, and whether it runs."""
        containers = self.open().engine.containers(self.project)
        return {each.name: (each.id, each.is_running) for each in containers}

    def names(self) -> set[str]:
        """Return the containers' names without the project's."""
        return {name.removeprefix(f"{self.project}-") for name in self.found()}

    def has_volume(self, name: str) -> bool:
        """Whether a volume exists; the test has to know its real name."""
        client: Any = self.open().engine
        return name in {each["Name"] for each in client._api.volumes()["Volumes"] or ()}

    def records(self, kind: str) -> list[Any]:
        """Return the journal's records of one kind."""
        journal = Journal(path=self.folder / ".cosmicdeploy" / "journal.jsonl")
        return [record for record in journal.records() if record["kind"] == kind]


def sleeping(**keys: Any) -> dict[str, Any]:
    """Return a service that does nothing."""
    image = read_env_file(IMAGES)["PYTHON_IMAGE"]
    return {"image": image, "command": ["sleep", "infinity"], "init": True, **keys}


def database() -> dict[str, Any]:
    """Return a MariaDB with the schema `notes`, which anybody may read and write."""
    return {
        "image": read_env_file(IMAGES)["MARIADB_IMAGE"],
        "environment": {"MARIADB_ROOT_PASSWORD": "root", "MARIADB_DATABASE": "notes"},
        "volumes": ["letters:/var/lib/mysql"],
    }


def cache() -> dict[str, Any]:
    return {"image": read_env_file(IMAGES)["REDIS_IMAGE"], "stop_grace_period": "1s"}


def nginx() -> dict[str, Any]:
    return {
        "image": read_env_file(IMAGES)["NGINX_IMAGE"],
        "ports": ["127.0.0.1::80"],
        "volumes": ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"],
        "stop_grace_period": "1s",
    }


def free_port() -> int:
    """Return a port of this host that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
