"""Convert a Caddyfile to the part of Caddy's JSON that decides where requests go.

That is what `caddy adapt` prints, as far as this package reads it (`routes.py`). In addition, each
route has its line in the file, and each `reverse_proxy` its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.proxy.declared.directives import Directive

Json = dict[str, Any]
# Directives that pass requests to upstreams.
PASSING = ("reverse_proxy", "php_fastcgi")
# Directives with directives of their own.
NESTED = ("handle", "handle_path", "handle_errors", "route")
ANSWERS = ("respond", "error")
# The port of an upstream that names only a scheme.
PORTS = {"http": "80", "https": "443", "h2c": "80"}

Matchers = Mapping[str, Sequence[Json]]


def adapted(tree: Sequence[Directive]) -> Json:
    """Return the configuration that the directives of a Caddyfile mean."""
    options = next((each.block for each in tree if not each.name), ())
    blocks = [site[0].block or site for site in sites(tree)]
    servers = {str(n): {"routes": list(_routes(block, ""))} for n, block in enumerate(blocks)}
    return {"admin": _admin(options), "apps": {"http": {"servers": servers}}}


def sites(tree: Sequence[Directive]) -> list[tuple[Directive, ...]]:
    """Return each site of a Caddyfile; its first directive begins with the site's addresses."""
    named = tuple(each for each in tree if each.name and each.name != "import")
    # A file with a single site needs no braces: its first line is the address.
    is_single = bool(named) and not named[0].block
    return [named] if is_single else [(each,) for each in named]


def _admin(options: Sequence[Directive]) -> Json:
    own = next((each.arguments for each in options if each.name == "admin"), ())
    return {"disabled": True} if own[:1] == ("off",) else ({"listen": own[0]} if own else {})


def _routes(block: Sequence[Directive], root: str, outer: Matchers | None = None) -> Iterator[Json]:
    """Yield the routes of a block.

    `root` is the folder of its site's files, and `outer` has the matchers of the outer blocks.
    """
    root = next((each.arguments[-1] for each in block if _names_root(each)), root)
    matchers = {**(outer or {}), **dict(_matchers(block, root))}
    for each in block:
        matched, arguments = _split(each.arguments, matchers)
        route = {"match": matched, "line": each.line}
        if each.name in PASSING:
            yield {**route, "handle": [_passing(each, arguments, root)]}
        elif each.name in NESTED:
            routes = list(_routes(each.block, root, matchers))
            yield {**route, "handle": [{"handler": "subroute", "routes": routes}]}
        elif each.name in ANSWERS:
            code = next((word for word in arguments if word.isdecimal()), "")
            yield {**route, "handle": [{"handler": "static_response", "status_code": code}]}


def _names_root(directive: Directive) -> bool:
    return directive.name == "root" and bool(directive.arguments)


def _matchers(block: Sequence[Directive], root: str) -> Iterator[tuple[str, list[Json]]]:
    """Yield the name and the conditions of each matcher; {} stands for one that names no file."""
    for each in block:
        if each.name.startswith("@"):
            inline = Directive("".join(each.arguments[:1]), each.arguments[1:], each.block)
            files = [inline] if each.arguments else [d for d in each.block if d.name == "file"]
            yield each.name, [_file(d, root) for d in files if d.name == "file"] or [{}]


def _file(directive: Directive, root: str) -> Json:
    own = {each.name: each.arguments for each in directive.block}
    tried = [*directive.arguments, *own.get("try_files", ())]
    folder = "".join(own.get("root", ())) or root
    return {"file": {"try_files": tried} | ({"root": folder} if folder else {})}


def _split(words: Sequence[str], matchers: Matchers) -> tuple[list[Json], Sequence[str]]:
    """Return the conditions of a matcher that comes first, and the words that are no matcher."""
    first = "".join(words[:1])
    if first.startswith("@"):
        return list(matchers.get(first, [{}])), words[1:]
    return [], words[1:] if first.startswith(("/", "*")) else words


def _passing(directive: Directive, upstreams: Sequence[str], root: str) -> Json:
    """Return the handler of a directive that passes requests to upstreams."""
    own = _Options(directive.block)
    transport = next((each for each in directive.block if each.name == "transport"), None)
    is_fastcgi = directive.name == "php_fastcgi" or own.first("transport") == "fastcgi"
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": dialled(each)} for each in (*upstreams, *own.all("to"))],
        "dynamic_upstreams": _dynamic(directive),
        "load_balancing": {
            "try_duration": own.first("lb_try_duration"),
            "retries": own.number("lb_retries"),
        },
        "health_checks": _checks(own),
        "transport": {
            "protocol": "fastcgi" if is_fastcgi else "http",
            "dial_timeout": _Options(transport.block if transport else ()).first("dial_timeout"),
            "root": own.first("root") or root,
        },
        "place": directive.place,
    }


def _checks(own: _Options) -> Json:
    uri = own.first("health_uri") or own.first("health_path")
    active = {
        "uri": uri,
        "interval": own.first("health_interval"),
        "timeout": own.first("health_timeout"),
        "passes": own.number("health_passes"),
        "fails": own.number("health_fails"),
    }
    passive = {"fail_duration": own.first("fail_duration")}
    return {"active": active if uri else {}, "passive": passive}


@dataclass(frozen=True)
class _Options:
    """The directives in the block of a directive, by their names."""

    block: Sequence[Directive]

    def all(self, name: str) -> list[str]:
        """Return the arguments of all directives of this name."""
        return [word for each in self.block if each.name == name for word in each.arguments]

    def first(self, name: str) -> str:
        """Return the first argument; "" without one."""
        return "".join(self.all(name)[:1])

    def number(self, name: str) -> int:
        """Return the first argument as a number; 0 if it is none."""
        text = self.first(name)
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def dialled(address: str) -> str:
    """Return an upstream as host and port, without its scheme."""
    scheme, mark, rest = address.rpartition("://")
    host = rest.partition("/")[0] if mark else address
    bare = host.rpartition("]")[2]
    return host if ":" in bare or "/" in host else f"{host}:{PORTS.get(scheme, '80')}"


def _dynamic(directive: Directive) -> Json:
    """Return the upstreams that Caddy finds by a name: `dynamic a NAME PORT`, or in a block."""
    found = next((each for each in directive.block if each.name == "dynamic"), None)
    if found is None:
        return {}
    own = _Options(found.block)
    source, name, port = (*found.arguments, "", "", "")[:3]
    return {
        "source": source,
        "name": name or own.first("name"),
        "port": port or own.first("port"),
    }
