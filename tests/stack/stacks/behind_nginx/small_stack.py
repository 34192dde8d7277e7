"""A stack of tiny replicas behind nginx, to test the proxy.

Process 1 of a replica is a shell that does not forward its stop signal. nginx has the configuration
of docs/nginx.md.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from cosmicdeploy.context.context import Context
from cosmicdeploy.layout import free_subnet
from cosmicdeploy.probes.http import OK, send_request
from cosmicdeploy.probes.urls import proxy_url, replica_url
from cosmicdeploy.process.polling import poll
from cosmicdeploy.stack.variables.environment import read_env_file
from cosmicdeploy.steps.rollout.replacement.replace import put_in_place
from cosmicdeploy.workspace import open_stack
from tests.stack.support.harness import IMAGES, ROOT, taken_subnets

DOCUMENT = ROOT / "docs" / "nginx.md"
# The settings name a database and a console; the tests use neither.
SETTINGS = """\
services: {{app: [{apps}], database: proxy, proxy: proxy}}
app: {{console: [none], health_path: /}}
database: {{name: none}}
restart: {{pause: 1.5, stable_for: 0}}
proxy: {{out_of_service: "/run/cosmicdeploy/out/{{service}}"}}
project: {project}
"""


@dataclass
class SmallStack:
    """The replicas at their fixed `addresses`, by service; nginx knows them by address or name."""

    folder: Path
    subnet: IPv4Network
    addresses: dict[str, str]
    by_name: bool = False

    @property
    def apps(self) -> Sequence[str]:
        return list(self.addresses)

    def write(self) -> Context:
        """Write the files of the stack for its addresses, and open it."""
        project = f"cosmic-{self.folder.name}"
        (self.folder / "cosmicdeploy.yaml").write_text(
            SETTINGS.format(apps=", ".join(self.apps), project=project)
        )
        compose = {"services": self._services(project), "networks": {"default": self._network()}}
        (self.folder / "docker-compose.prod.yml").write_text(yaml.safe_dump(compose))
        (self.folder / ".env").touch()
        self._write_nginx(project)
        return open_stack(self.folder / "cosmicdeploy.yaml", lambda _event: None)

    def up(self, *services: str) -> Context:
        """Recreate these services, or all, and wait until they answer."""
        ctx = self.write()
        for network in ctx.stack.networks.values():
            ctx.engine.ensure_network(network, ctx.stack.project)
        for name in services or (*self.apps, "proxy"):
            if (old := ctx.container(name)) is not None:
                ctx.engine.stop(old.id, 0)  # it ignores the stop signal, so do not wait
            put_in_place(ctx, name)
        for name in services or self.apps:
            wait_for_answer(partial(replica_url, ctx, name))
        wait_for_answer(lambda: proxy_url(ctx))
        return ctx

    def _services(self, project: str) -> dict[str, Any]:
        images = read_env_file(IMAGES)
        app = {
            "image": images["PYTHON_IMAGE"],
            # The second command keeps the shell from replacing itself by the server.
            "entrypoint": ["sh", "-c", "python3 /server.py; exit 1"],
            "volumes": [f"{ROOT}/tests/stack/stacks/behind_nginx/small_server.py:/server.py:ro"],
        }
        apps = {
            name: app
            | {
                "container_name": f"{project}-{name}",
                "environment": {"NAME": name},
                "networks": {"default": {"ipv4_address": address}},
            }
            for name, address in self.addresses.items()
        }
        proxy = {
            "image": images["NGINX_IMAGE"],
            "container_name": f"{project}-proxy",
            "volumes": [
                "./nginx/default.conf:/etc/nginx/conf.d/default.conf:ro",
                "./nginx:/etc/nginx/replicas:ro",
            ],
            "ports": ["127.0.0.1::80"],
        }
        return {**apps, "proxy": proxy}

    def _network(self) -> dict[str, Any]:
        rest = str(list(self.subnet.subnets())[1])
        return {"ipam": {"config": [{"subnet": str(self.subnet), "ip_range": rest}]}}

    def _write_nginx(self, project: str) -> None:
        folder = self.folder / "nginx"
        folder.mkdir(exist_ok=True)
        (folder / "default.conf").write_text(documented("nginx"))
        hosts = {n: f"{project}-{n}" if self.by_name else a for n, a in self.addresses.items()}
        write_groups(folder, hosts)


def write_groups(folder: Path, hosts: dict[str, str]) -> None:
    """Write the upstream groups with the shell script of docs/nginx.md."""
    pairs = [f"{name}={host}:80" for name, host in hosts.items()]
    subprocess.run(["sh", "-s", str(folder), *pairs], input=documented("sh"), text=True, check=True)


def documented(language: str) -> str:
    """Return the first code block of this language in docs/nginx.md."""
    block = re.search(rf"^```{language}\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    assert block is not None, f"docs/nginx.md has no block of {language}"
    return block[1]


@contextmanager
def small_stack(folder: Path, count: int, *, by_name: bool = False) -> Iterator[SmallStack]:
    """Run a stack with `count` replicas; remove it at the end."""
    stack_folder = folder / f"t{uuid4().hex[:6]}"
    stack_folder.mkdir()
    subnet = free_subnet(taken_subnets())
    addresses = {f"app-{n}": str(subnet[10 + n]) for n in range(1, count + 1)}
    stack = SmallStack(stack_folder, subnet, addresses, by_name)
    try:
        stack.up()
        yield stack
    finally:
        ctx = stack.write()
        ctx.engine.remove_project(ctx.stack.project)
        shutil.rmtree(stack_folder)


def wait_for_answer(url: Callable[[], str]) -> None:
    """Wait until the URL answers 200."""
    last = poll(lambda: send_request(url()), until=lambda r: r.status == OK, every=0.05, within=30)
    assert last.status == OK, last
