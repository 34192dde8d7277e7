"""Find the HAProxy that runs in the proxy's container, its files and its runtime socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.proxy.haproxy.configuration import Section, parse, socket_of
from cosmicdeploy.proxy.kernel import proc
from cosmicdeploy.proxy.kernel.processes import processes

PROGRAM = "haproxy"
# Exit codes of the engine and of shells for a command that cannot be run.
NOT_RUN = (126, 127)
SOCKET_LINE = "stats socket /run/haproxy.sock mode 600 level admin"
NO_SOCKET_TODO = (
    f"write `{SOCKET_LINE}` in the section `global`, then restart HAProxy (docs/haproxy.md)"
)


@dataclass(frozen=True, kw_only=True)
class HAProxy:
    """A running HAProxy: its container, the paths of its files, and their sections."""

    container: Container
    files: Sequence[str]
    sections: Sequence[Section]

    @property
    def socket(self) -> str:
        """The path of the runtime socket in the container; "" if no socket is declared."""
        return socket_of(self.sections)

    def require_socket(self) -> str:
        """Return the path of the runtime socket; raises `ConfigError` if there is none."""
        if not self.socket:
            raise ConfigError(
                "HAProxy has no runtime socket, so no replica can be drained",
                where=", ".join(self.files) or self.container.name,
                todo=NO_SOCKET_TODO,
            )
        return self.socket


def find_haproxy(ctx: Context) -> HAProxy | None:
    """Return the HAProxy in the proxy's container; None if it does not run."""
    name = ctx.settings.services.proxy
    container = ctx.container(name) if name else None
    if container is None or not container.is_running:
        return None
    arguments = _arguments(ctx, container)
    files = list(named_files(arguments))
    sections = parse({file: _text(ctx, container, file) for file in files})
    return HAProxy(container=container, files=files, sections=sections)


def require_valid(ctx: Context, haproxy: HAProxy) -> None:
    """Raise `ConfigError` if HAProxy would not start with its present files."""
    files = [word for file in haproxy.files for word in ("-f", file)]
    try:
        result = ctx.engine.exec(haproxy.container.id, [PROGRAM, "-c", *files])
    except EngineUnavailable:
        raise
    except EngineError:
        return  # the program is elsewhere in the image, so the files cannot be tested
    if result.exit_code == 0 or result.exit_code in NOT_RUN or not files:
        return
    raise ConfigError(
        "HAProxy would not start with its present configuration",
        where=haproxy.container.name,
        todo="correct the configuration before HAProxy restarts; until then it runs with the old"
        " one. If a host name is not found, its container may be stopped",
        details=[line for line in result.error_text.splitlines() if "ALERT" in line],
    )


def _arguments(ctx: Context, container: Container) -> list[str]:
    """Return the arguments with which HAProxy was started."""
    own = [each.pid for each in processes(ctx, container) if each.name == PROGRAM]
    text = proc.read(ctx, container, f"{min(own)}/cmdline").text if own else ""
    words = text.rstrip("\0").split("\0")
    return words[1:] if len(words) > 1 else list(container.command[1:])


def named_files(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the files and folders that HAProxy's arguments name: after `-f`, or after `--`."""
    for index, word in enumerate(arguments):
        if word == "--":
            yield from arguments[index + 1 :]
            return
        if word == "-f":
            yield from arguments[index + 1 : index + 2]


def _text(ctx: Context, container: Container, file: str) -> str:
    content = ctx.engine.read_file(container.id, file)
    if content is None:
        return _of_folder(ctx, container, file)
    return content.decode("utf-8", "replace")


def _of_folder(ctx: Context, container: Container, folder: str) -> str:
    """Return the text of all `.cfg` files of a folder, in the order in which HAProxy reads them."""
    script = 'for file in "$1"/*.cfg; do cat "$file"; echo; done'
    try:
        return ctx.engine.exec(container.id, ["sh", "-c", script, "sh", folder]).text
    except EngineUnavailable:
        raise
    except EngineError:
        return ""
