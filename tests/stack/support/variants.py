"""Variants of the shipped stack: more replicas, no fixed addresses, slow answers, a plain nginx."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cosmicdeploy.layout import SOURCES
from tests.stack.support.harness import StackUnderTest, lay_out_release_1, running

COMPOSE = "docker-compose.prod.yml"
TEMPLATE = Path("nginx") / "default.conf.template"
SLOW_PATH = "/slow"
SLOW = '''"""The service, with a path whose answer takes two seconds."""

import asyncio
import json

from cosmic_app import serve

build = serve.build_app


def build_app(settings):
    inner = build(settings)

    async def app(scope, receive, send):
        if scope["type"] != "http" or scope["path"] != "/slow":
            return await inner(scope, receive, send)
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        await asyncio.sleep(2)
        start = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start)
        await send({"type": "http.response.body", "body": json.dumps({"bytes": size}).encode()})

    return app


serve.build_app = build_app
serve.main()
'''


def edit(file: Path, change: Callable[[Any], None]) -> None:
    """Change a YAML file in place; its comments are lost."""
    document = yaml.safe_load(file.read_text())
    change(document)
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def with_replicas(stack: StackUnderTest, count: int) -> None:
    """Give the stack `count` replicas at fixed addresses behind nginx."""
    extra = range(4, count + 1)
    env = stack.folder / ".env"
    text = env.read_text()
    first = re.search(r"^APP_1_ADDRESS=(.*)\.11$", text, flags=re.MULTILINE)
    assert first is not None
    env.write_text(text + "".join(f"APP_{n}_ADDRESS={first[1]}.{10 + n}\n" for n in extra))

    def declare(document: dict[str, Any]) -> None:
        services = document["services"]
        for n in extra:
            copied = dict(services["cosmic-app-1"])
            copied["container_name"] = f"cosmic-app-{n}-${{STACK_SUFFIX:-prod}}"
            copied["networks"] = {"cosmic": {"ipv4_address": f"${{APP_{n}_ADDRESS}}"}}
            services[f"cosmic-app-{n}"] = copied
            services["platform-nginx"]["environment"][f"APP_{n}_ADDRESS"] = f"${{APP_{n}_ADDRESS}}"

    edit(stack.folder / COMPOSE, declare)
    template = stack.folder / TEMPLATE
    # A request reaches a replica even if only one is up.
    tries = rf"\g<1>{count}"
    text = re.sub(r"(proxy_next_upstream_tries )\d+", tries, template.read_text())
    template.write_text(for_replicas(text, count))
    names = [f"cosmic-app-{n}" for n in range(1, count + 1)]
    edit(stack.folder / "cosmicdeploy.yaml", lambda d: d["services"].update(app=names))


def for_replicas(text: str, count: int) -> str:
    """Return the nginx configuration with `count` servers: a group of all, and one without each."""
    group = re.compile(r"upstream (cosmic_app\w*) \{\n(.*?)^\}\n", re.DOTALL | re.MULTILINE)
    shipped = {found[1]: found[0] for found in group.finditer(text)}
    server = re.compile(r"^ *server \$\{APP_1_ADDRESS\}.*\n", re.MULTILINE)
    [line] = server.findall(shipped["cosmic_app"])
    every = [line.replace("APP_1_", f"APP_{n}_") for n in range(1, count + 1)]
    rest = re.compile(r"(?:^ *server .*\n)+", re.MULTILINE)
    written = [rest.sub("".join(every), shipped["cosmic_app"])]
    for n, own in enumerate(every, start=1):
        others = "".join(other for other in every if other != own)
        without = shipped["cosmic_app_without_1"].replace("without_1", f"without_{n}")
        written.append(rest.sub(others, without))
    [choice] = re.findall(r"^.*cosmic_app_without_1; \}\n", text, re.MULTILINE)
    choices = "".join(
        choice.replace("app-1)", f"app-{n})").replace("_1;", f"_{n};") for n in range(1, count + 1)
    )
    text = re.sub(r"(?:^ *if \(-f \S+app-\d.*\n)+", choices, text, flags=re.MULTILINE)
    first = shipped.pop("cosmic_app")
    for group_text in shipped.values():
        text = text.replace(group_text, "")
    return text.replace(first, "\n".join(written))


def by_name(stack: StackUnderTest) -> None:
    """Remove the fixed addresses; nginx knows the replicas by name, as in most stacks."""

    def declare(document: dict[str, Any]) -> None:
        for name, service in document["services"].items():
            if name.startswith("cosmic-app-"):
                service["networks"] = {"cosmic": {}}

    edit(stack.folder / COMPOSE, declare)
    template = stack.folder / TEMPLATE
    text = re.sub(r"\$\{APP_(\d)_ADDRESS\}", r"cosmic-app-\1", template.read_text())
    template.write_text(text)


def slowed(stack: StackUnderTest) -> None:
    """Add a path that takes two seconds to the application, and let nginx accept large bodies."""
    (stack.folder / SOURCES / "cosmic_app" / "slow.py").write_text(SLOW)
    dockerfile = stack.folder / SOURCES / "Dockerfile"
    command = '\nCMD ["python3", "-m", "cosmic_app.slow"]\n'
    dockerfile.write_text(dockerfile.read_text() + command)
    template = stack.folder / TEMPLATE
    template.write_text(
        template.read_text().replace("client_max_body_size 64k", "client_max_body_size 8m")
    )


@contextmanager
def running_variant(
    folder: Path, *changes: Callable[[StackUnderTest], None]
) -> Iterator[StackUnderTest]:
    """Run and seed a stack of release 1 with these changes; remove it at the end."""
    stack = lay_out_release_1(folder)
    for change in changes:
        change(stack)
    with running(stack):
        yield stack


def plain_nginx(stack: StackUnderTest) -> None:
    """Give nginx a common configuration without the deployer's files.

    It knows the replicas by name, and skips a failed one for nginx's default time.
    """
    template = stack.folder / TEMPLATE
    text = re.sub(r"\$\{APP_(\d)_ADDRESS\}", r"cosmic-app-\1", template.read_text())
    text = re.sub(r"^upstream cosmic_app_without_\d \{\n.*?^\}\n", "", text, flags=re.S | re.M)
    text = re.sub(r"^ *(?:zone|if|set) .*\n", "", text, flags=re.MULTILINE)
    text = text.replace(" max_fails=1 fail_timeout=1s", "").replace("$pool", "cosmic_app")
    template.write_text(text)
    edit(stack.folder / "cosmicdeploy.yaml", lambda d: (d.pop("maintenance"), d.pop("proxy")))
