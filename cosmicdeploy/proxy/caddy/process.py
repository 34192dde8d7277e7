"""The Caddy that runs in the proxy's container: its configuration and its admin endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.proxy.admin.http import get
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.kernel.processes import processes

PROGRAM = "caddy"
ADMIN = "localhost:2019"
# Exit codes of the engine and of shells for a command that cannot be run.
NOT_RUN = (126, 127)
VALUED = ("--config", "--adapter")

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Caddy:
    """A running Caddy.

    `options` are the options `--config` and `--adapter` with which it was started. `adapted` is the
    configuration of its present files, and `running` the one with which it runs; each is None if it
    cannot be read. `problem` says why Caddy would not start with its present files.
    """

    container: Container
    options: tuple[str, ...]
    adapted: Json | None
    running: Json | None
    problem: ConfigError | None = None

    @property
    def configuration(self) -> Json:
        """The configuration with which Caddy runs, or else that of its files; {} if unknown."""
        return self.running or self.adapted or {}

    @property
    def file(self) -> str:
        """The path of the configuration file in the container; "" if none is known."""
        if "--config" not in self.options:
            return ""
        return self.options[self.options.index("--config") + 1]

    @property
    def is_loaded(self) -> bool:
        """Whether Caddy runs with its present files."""
        return self.running is not None and self.running == self.adapted


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Caddy's admin endpoint in a container: its address ("" for all) and port."""

    host: str
    port: int


def find_caddy(ctx: Context) -> Caddy | None:
    """Return the Caddy in the proxy's container; None if it does not run."""
    name = ctx.settings.services.proxy
    container = ctx.container(name) if name else None
    if container is None or not container.is_running:
        return None
    options = _options(ctx, container)
    adapted, problem = _adapt(ctx, container, options)
    running = ask_admin(ctx, container, admin_of(container, adapted or {}), "/config/")
    return Caddy(
        container=container,
        options=options,
        adapted=adapted,
        running=running if isinstance(running, dict) else None,
        problem=problem,
    )


def admin_of(container: Container, configuration: Json) -> Endpoint | None:
    """Return the admin endpoint; None if it is switched off, or a UNIX socket."""
    own = configuration.get("admin")
    own = own if isinstance(own, dict) else {}
    listen = str(own.get("listen") or container.environment.get("CADDY_ADMIN") or ADMIN)
    host, _, port = listen.removeprefix("tcp/").rpartition(":")
    if own.get("disabled") or "/" in host or not port.isdecimal():
        return None
    return Endpoint(host=host, port=int(port))


def ask_admin(ctx: Context, container: Container, admin: Endpoint | None, path: str) -> Any:
    """Return the JSON at a path of the admin endpoint; None if it gives none."""
    text = get(ctx, container, admin.host, admin.port, path) if admin is not None else None
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def run_caddy(ctx: Context, container: Container, *arguments: str) -> str | None:
    """Run a command of Caddy's own program in its container; return its output.

    None if the program cannot be run. Raises `ConfigError` if the command fails.
    """
    try:
        result = ctx.engine.exec(container.id, [PROGRAM, *arguments])
    except EngineUnavailable:
        raise
    except EngineError:
        return None
    if result.exit_code in NOT_RUN:
        return None
    if result.exit_code != 0:
        raise ConfigError(
            f"Caddy does not accept its configuration (`caddy {arguments[0]}`)",
            where=container.name,
            todo="correct the configuration before Caddy restarts; until then it runs with the old"
            " one",
            details=[_message(line) for line in result.error_text.splitlines()[-3:]],
        )
    return result.text


def _options(ctx: Context, container: Container) -> tuple[str, ...]:
    own = [each.pid for each in processes(ctx, container) if each.name == PROGRAM]
    text = proc.read(ctx, container, f"{min(own)}/cmdline").text if own else ""
    words = text.rstrip("\0").split("\0") if text else list(container.command)
    return tuple(_valued(words))


def _valued(words: Sequence[str]) -> list[str]:
    """Return the options that name the configuration, each followed by its value."""
    found: list[str] = []
    for word, after in zip(words, [*words[1:], ""], strict=False):
        name, mark, value = word.partition("=")
        if name in VALUED and (value if mark else after):
            found += [name, value if mark else after]
    return found


def _adapt(
    ctx: Context, container: Container, options: Sequence[str]
) -> tuple[Json | None, ConfigError | None]:
    """Return the configuration of Caddy's files, and why Caddy does not accept them."""
    if "--config" not in options:
        return None, None
    try:
        text = run_caddy(ctx, container, "adapt", *options)
        found = json.loads(text) if text else None
    except ConfigError as error:
        return None, error
    except (ValueError, RecursionError):
        return None, None
    return (found if isinstance(found, dict) else None), None


def _message(line: str) -> str:
    """Return the message of a line of Caddy's log, which is JSON; any other line is unchanged."""
    try:
        return str(json.loads(line)["msg"])
    except (ValueError, KeyError, TypeError):
        return line
