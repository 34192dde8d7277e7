"""Where nginx sends requests: its groups of servers, and the places that pass requests on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cosmicdeploy.proxy.nginx.configuration import Directive, walk

PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass")
TARGET = re.compile(r"^(?:[a-z]+://)?(?P<host>\[[^]]+\]|[^/:]+)(?::(?P<port>\d+))?")
# Ways of choosing that do not give every server its share of our requests.
CHOOSY = ("ip_hash", "hash")

Scope = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server of a group; `options` as `fail_timeout` → `1s`, flags such as `backup` → ""."""

    host: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def at_work(self) -> bool:
        """Whether requests go there while all is well."""
        return not {"backup", "down"} & self.options.keys()


@dataclass(frozen=True, kw_only=True)
class Group:
    """An `upstream`, or the one server that a `proxy_pass` names itself."""

    name: str
    servers: tuple[Server, ...]
    directives: Scope = field(default_factory=dict)

    @property
    def spreads(self) -> bool:
        """Whether every server gets its share, whoever asks."""
        return not any(word in self.directives for word in CHOOSY)


@dataclass(frozen=True, kw_only=True)
class Pass:
    """A place that passes requests on, by `kind` (proxy, fastcgi, …); `scope` are the simple
    directives that hold there."""

    kind: str
    target: str
    scope: Scope


def groups(tree: tuple[Directive, ...]) -> list[Group]:
    """All groups of servers that a configuration knows."""
    declared = [_group(found) for found in walk(tree) if found.name == "upstream"]
    names = {group.name for group in declared}
    direct = dict.fromkeys(p.target for p in passes(tree))
    return declared + [
        Group(name=host, servers=(Server(host=host),))
        for host in direct
        if host not in names and "$" not in host and not host.startswith("unix")
    ]


def passes(block: tuple[Directive, ...], outer: Scope | None = None) -> Iterator[Pass]:
    """Every place that passes requests on, with what it inherits."""
    own = {inner.name: inner.arguments for inner in block if not inner.block}
    scope = {**(outer or {}), **own}
    for directive in block:
        if directive.name in PASSES and directive.arguments:
            found = TARGET.match(directive.arguments[0])
            yield Pass(
                kind=directive.name.removesuffix("_pass"),
                target=found["host"] if found else directive.arguments[0],
                scope=scope,
            )
        yield from passes(directive.block, scope) if directive.block else ()


def _group(upstream: Directive) -> Group:
    simple = {d.name: d.arguments for d in upstream.block if d.name != "server"}
    servers = tuple(_server(found.arguments) for found in upstream.inside("server"))
    return Group(name=upstream.arguments[0], servers=servers, directives=simple)


def _server(arguments: tuple[str, ...]) -> Server:
    found = TARGET.match(arguments[0])
    pairs = (word.partition("=") for word in arguments[1:])
    return Server(
        host=found["host"] if found else arguments[0],
        options={key: value for key, _, value in pairs},
    )
