"""HAProxy's runtime socket: read the state of its servers, and change it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.proxy.admin.sockets import ask_unix
from cosmicdeploy.proxy.haproxy.process import NO_SOCKET_TODO, HAProxy

# The bits of `srv_admin_state` (HAProxy's management guide, "show servers state").
FORCED_MAINT, CONFIGURED_MAINT, FORCED_DRAIN = 0x01, 0x04, 0x08
# Any of these keeps a server from getting requests: also inherited and resolution ones.
OUT = 0x01 | 0x02 | 0x08 | 0x10 | 0x20
# By a run or an operator, through the socket.
FORCED = FORCED_MAINT | FORCED_DRAIN
# The values of `srv_op_state` with which a server gets requests: starting and running.
UP = ("1", "2")
# Names of backends and servers in commands; anything else could be read as a second command.
NAME = re.compile(r"[\w.:\-]+")
DENIED = "Permission denied"
# HAProxy answers a change of address with a text like this, and any other change with nothing.
CHANGED = re.compile(r"(IP|port) changed from|no need to change")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server of a backend, as HAProxy has it now.

    `address` is "" while HAProxy has none; `fqdn` is "" unless HAProxy resolves the name while it
    runs. `admin` are the bits of its administrative state. `sessions` are the requests in flight
    and those that wait for the server. `check` says how its last health check ended.
    """

    backend: str
    name: str
    address: str
    fqdn: str = ""
    is_up: bool = True
    admin: int = 0
    sessions: int = 0
    check: str = ""

    @property
    def path(self) -> str:
        """The server's name in commands: BACKEND/SERVER."""
        return f"{self.backend}/{self.name}"

    @property
    def gets_requests(self) -> bool:
        return self.is_up and bool(self.address) and not self.admin & OUT

    @property
    def is_taken_out(self) -> bool:
        """Whether a run or an operator has taken the server out of service.

        False for a server that the configuration disables.
        """
        return bool(self.admin & FORCED) and not self.admin & CONFIGURED_MAINT


def read_servers(ctx: Context, haproxy: HAProxy) -> list[Server]:
    """Return the servers of all backends. Raises `ConfigError` and `EngineError`."""
    stats = {
        (row.get("pxname", ""), row.get("svname", "")): row for row in read_stats(ctx, haproxy)
    }
    return [_server(row, stats) for row in _state_rows(_ask(ctx, haproxy, "show servers state"))]


def read_stats(ctx: Context, haproxy: HAProxy) -> list[Mapping[str, str]]:
    """Return the rows of `show stat`: of frontends, servers and backends.

    Raises `ConfigError` and `EngineError`.
    """
    text = _ask(ctx, haproxy, "show stat")
    return list(csv.DictReader(text.removeprefix("# ").splitlines()))


def set_state(ctx: Context, haproxy: HAProxy, path: str, state: str) -> None:
    """Set the state of a server, given as BACKEND/SERVER: `ready`, `drain` or `maint`.

    Raises `ConfigError` if the socket's level does not allow it, and `EngineError` for any other
    refusal or failure.
    """
    _change(ctx, haproxy, path, f"state {state}")


def set_address(ctx: Context, haproxy: HAProxy, path: str, address: str) -> None:
    """Give a server another address; its port stays. Raises as `set_state` does.

    New requests go to the new address from then on; those in flight end at the former one.
    """
    _change(ctx, haproxy, path, f"addr {address}")


def _change(ctx: Context, haproxy: HAProxy, path: str, what: str) -> None:
    backend, _, server = path.partition("/")
    if not (NAME.fullmatch(backend) and NAME.fullmatch(server)):
        raise EngineError("HAProxy's server has an unusable name", where=path)
    ctx.lock.require()
    answer = _ask(ctx, haproxy, f"set server {path} {what}").strip()
    if answer and not CHANGED.search(answer):
        raise EngineError(
            f"HAProxy refused to change its server {path}: {answer}",
            where=haproxy.container.name,
            todo="see `show servers state` at its runtime socket",
        )


def _ask(ctx: Context, haproxy: HAProxy, command: str) -> str:
    answer = ask_unix(ctx, haproxy.container, haproxy.require_socket(), command)
    if DENIED in answer:
        raise ConfigError(
            "HAProxy's runtime socket does not allow changes",
            where=f"{haproxy.container.name}: {haproxy.socket}",
            todo=NO_SOCKET_TODO,
        )
    return answer


def _state_rows(text: str) -> Iterator[Mapping[str, str]]:
    """Yield the rows of `show servers state`, by the names in its heading."""
    heading: list[str] = []
    for line in text.splitlines():
        if line.startswith("# "):
            heading = line.removeprefix("# ").split()
        elif heading and len(words := line.split()) > 1:
            yield dict(zip(heading, words, strict=False))


def _server(row: Mapping[str, str], stats: Mapping[tuple[str, str], Mapping[str, str]]) -> Server:
    backend, name = row.get("be_name", ""), row.get("srv_name", "")
    own = stats.get((backend, name), {})
    return Server(
        backend=backend,
        name=name,
        address=_or_empty(row.get("srv_addr")),
        fqdn=_or_empty(row.get("srv_fqdn")),
        is_up=row.get("srv_op_state") in UP,
        admin=number(row.get("srv_admin_state")),
        sessions=number(own.get("scur")) + number(own.get("qcur")),
        check=" ".join(filter(None, (own.get("check_status"), own.get("last_chk")))),
    )


def _or_empty(text: str | None) -> str:
    """Return the text; "" for "-", with which HAProxy says that there is none."""
    return "" if text in (None, "-") else str(text)


def number(text: str | None) -> int:
    """Return the number in a field; 0 if the field is empty or has another text."""
    return int(text) if text and text.isdecimal() else 0
