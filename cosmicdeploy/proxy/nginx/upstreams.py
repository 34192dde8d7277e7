"""Find where nginx sends requests: its groups of servers, and directives such as `proxy_pass`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cosmicdeploy.proxy.declared.directives import Directive, walk

PASS_DIRECTIVES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass")
TARGET = re.compile(r"^(?:[a-z]+://)?(?P<host>\[[^]]+\]|[^/:]+)(?::(?P<port>\d+))?")
# Directives that can be in force several times together, with different first arguments.
SEVERAL = ("set", "fastcgi_param")
# Balancing methods that may send all requests of one client to the same server.
BY_CLIENT = ("ip_hash", "hash")

# The arguments of the directives in force, by the directive's name.
Scope = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server of a group; `port` is None if the configuration names none.

    `options` maps names to values, such as `fail_timeout` to `1s`. An option without a value, such
    as `backup`, has the value "". `place` is "FILE:LINE" of its directive; "" if it has none.
    """

    host: str
    port: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    place: str = field(default="", compare=False)

    @property
    def takes_requests(self) -> bool:
        """Whether nginx sends requests to this server while no server fails."""
        return not {"backup", "down"} & self.options.keys()


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of servers: an `upstream`, or the one server that a pass directive names itself.

    `is_declared`: whether it is an `upstream`. `place` is "FILE:LINE" of the `upstream`; "" for a
    server without one.
    """

    name: str
    servers: tuple[Server, ...]
    directives: Scope = field(default_factory=dict)
    is_declared: bool = True
    place: str = field(default="", compare=False)

    @property
    def is_balanced(self) -> bool:
        """Whether every server gets its share of one client's requests."""
        return not any(word in self.directives for word in BY_CLIENT)


@dataclass(frozen=True, kw_only=True)
class PassDirective:
    """A directive that passes requests on, such as `proxy_pass` or `fastcgi_pass`.

    `kind` is the directive's name without `_pass`. `target` is a host, a group or a variable;
    `port` is None if the directive names none. `scope` has the directives without a block that are
    in force in the same block, inherited ones included. If a directive can be in force several
    times, the key contains its first argument, as in "set $pool". `line` is its line in its `file`.
    """

    kind: str
    target: str
    scope: Scope
    port: int | None = None
    line: int = 0
    file: str = field(default="", compare=False)

    @property
    def place(self) -> str:
        """Where it is: "FILE:LINE"."""
        return f"{self.file}:{self.line}"


def groups(tree: tuple[Directive, ...]) -> list[Group]:
    """Return all groups of servers of a configuration, single servers included."""
    upstreams = (each for each in walk(tree) if each.name == "upstream" and each.arguments)
    declared = [_group(upstream) for upstream in upstreams]
    names = {group.name for group in declared}
    direct = dict.fromkeys(p.target for p in pass_directives(tree))
    return declared + [
        Group(name=host, servers=(Server(host=host),), is_declared=False)
        for host in direct
        if host not in names and "$" not in host and host != "unix"  # the socket `unix:PATH`
    ]


def pass_directives(
    block: tuple[Directive, ...], outer: Scope | None = None
) -> Iterator[PassDirective]:
    """Yield every directive that passes requests on.

    `outer` has the directives in force outside the block.
    """
    own = dict(_in_scope(inner) for inner in block if not inner.block)
    scope = {**(outer or {}), **own}
    for directive in block:
        if directive.name in PASS_DIRECTIVES and directive.arguments:
            target = TARGET.match(directive.arguments[0])
            yield PassDirective(
                kind=directive.name.removesuffix("_pass"),
                target=target["host"] if target else directive.arguments[0],
                scope=scope,
                port=_port(target),
                line=directive.line,
                file=directive.file,
            )
        yield from pass_directives(directive.block, scope) if directive.block else ()


def _in_scope(directive: Directive) -> tuple[str, tuple[str, ...]]:
    first, *rest = directive.arguments or ("",)
    if directive.name in SEVERAL and first:
        return f"{directive.name} {first}", tuple(rest)
    return directive.name, directive.arguments


def _port(target: re.Match[str] | None) -> int | None:
    return int(target["port"]) if target and target["port"] else None


def _group(upstream: Directive) -> Group:
    simple = {d.name: d.arguments for d in upstream.block if d.name != "server"}
    servers = tuple(_server(each) for each in upstream.inside("server") if each.arguments)
    return Group(
        name=upstream.arguments[0], servers=servers, directives=simple, place=_place(upstream)
    )


def _server(directive: Directive) -> Server:
    first, *rest = directive.arguments
    target = TARGET.match(first)
    pairs = (word.partition("=") for word in rest)
    return Server(
        host=target["host"] if target else first,
        port=_port(target),
        options={key: value for key, _, value in pairs},
        place=_place(directive),
    )


def _place(directive: Directive) -> str:
    return f"{directive.file}:{directive.line}"
