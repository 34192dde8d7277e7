"""Read from Caddy's configuration where it sends requests, and on which conditions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Durations are in nanoseconds, or a text such as "2s".
NANOSECONDS = 1e9
PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d)")
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
# Caddy's defaults, in seconds.
HEALTH_INTERVAL, HEALTH_TIMEOUT, DIAL_TIMEOUT = 30.0, 5.0, 3.0

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReverseProxy:
    """A `reverse_proxy` of the configuration. Times are in seconds, 0 for none.

    `upstreams` are host and port of each upstream. `files` are the paths of which one has to exist
    for a request to get here. `health_uri` is "" without an active health check; `noticed_within`
    is how long it takes until a failed or passed one counts. `retries` is how often a request is
    tried again. `protocol` is "fastcgi", or "http" and the like, and `root` the folder of the PHP
    scripts. `place` is "FILE:LINE"; "" if the configuration is not read from its file.
    """

    upstreams: tuple[str, ...]
    is_dynamic: bool = False
    files: tuple[str, ...] = ()
    try_duration: float = 0.0
    fail_duration: float = 0.0
    dial_timeout: float = DIAL_TIMEOUT
    health_uri: str = ""
    noticed_within: float = 0.0
    retries: int = 0
    protocol: str = "http"
    root: str = ""
    place: str = field(default="", compare=False)

    @property
    def hosts(self) -> set[str]:
        """The hosts of the upstreams."""
        return {host_of(each) for each in self.upstreams}


@dataclass(frozen=True, kw_only=True)
class Handled:
    """A handler, and the paths of files of which one has to exist for a request to get there.

    `line` is where the Caddyfile has the condition; 0 if that is unknown.
    """

    handler: Json
    files: tuple[str, ...]
    line: int = 0


def reverse_proxies(configuration: Json) -> list[ReverseProxy]:
    """Return every `reverse_proxy` of all HTTP servers."""
    handled = [each for server in _servers(configuration) for each in _in_routes(server, (), 0)]
    return [
        _reverse_proxy(each.handler, each.files)
        for each in handled
        if each.handler.get("handler") == "reverse_proxy"
    ]


def conditional_handlers(configuration: Json) -> list[Handled]:
    """Return the handlers that a request only reaches while a file exists."""
    handled = (each for server in _servers(configuration) for each in _in_routes(server, (), 0))
    return [each for each in handled if each.files]


def checked_files(configuration: Json) -> set[str]:
    """Return the paths of all files of which a route depends on whether they exist."""
    return {file for server in _servers(configuration) for file in _conditions(server)}


def with_replicas(proxies: Sequence[ReverseProxy], hosts: Collection[str]) -> list[ReverseProxy]:
    """Return those that send requests to one of these hosts."""
    return [each for each in proxies if each.hosts & set(hosts)]


def host_of(upstream: str) -> str:
    """Return the host of an upstream's address, such as `app-1:8000`."""
    return upstream.rpartition("/")[2].rpartition(":")[0].strip("[]")


def seconds(value: Any) -> float:
    """Convert a duration to seconds: a number of nanoseconds, or a text such as "1m30s"."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / NANOSECONDS
    text = value if isinstance(value, str) else ""
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))


def _servers(configuration: Json) -> Iterable[Any]:
    apps = _mapping(configuration.get("apps"))
    return _mapping(_mapping(apps.get("http")).get("servers")).values()


def _in_routes(container: Any, files: tuple[str, ...], line: int) -> Iterator[Handled]:
    """Yield the handlers in the routes of a server or a subroute.

    `files` are the outer conditions, and `line` is the line of the last one.
    """
    for route in _list(_mapping(container).get("routes")):
        own = tuple(_files_of(route))
        place = _number(route.get("line")) if own else line
        for handler in _list(route.get("handle")):
            yield Handled(handler=handler, files=(*files, *own), line=place)
            yield from _in_routes(handler, (*files, *own), place)


def _conditions(container: Any) -> Iterator[str]:
    for route in _list(_mapping(container).get("routes")):
        yield from _files_of(route)
        for handler in _list(route.get("handle")):
            yield from _conditions(handler)


def _files_of(route: Json) -> Iterator[str]:
    for matcher in _list(route.get("match")):
        condition = _mapping(matcher.get("file"))
        root = condition.get("root")
        for name in condition.get("try_files") or ():
            if isinstance(root, str) and isinstance(name, str):
                yield posixpath.normpath(f"{root}/{name}")


def _reverse_proxy(handler: Json, files: Sequence[str]) -> ReverseProxy:
    balancing = _mapping(handler.get("load_balancing"))
    checks = _mapping(handler.get("health_checks"))
    active, passive = _mapping(checks.get("active")), _mapping(checks.get("passive"))
    dynamic = _mapping(handler.get("dynamic_upstreams"))
    dials = [str(each.get("dial", "")) for each in _list(handler.get("upstreams"))]
    if name := dynamic.get("name"):
        dials.append(f"{name}:{dynamic.get('port', '')}")
    uri = str(active.get("uri") or active.get("path") or "") if active else ""
    transport = _mapping(handler.get("transport"))
    dial_timeout = transport.get("dial_timeout")
    return ReverseProxy(
        upstreams=tuple(filter(None, dials)),
        is_dynamic=bool(dynamic),
        files=tuple(files),
        try_duration=seconds(balancing.get("try_duration")),
        fail_duration=seconds(passive.get("fail_duration")),
        dial_timeout=seconds(dial_timeout) if dial_timeout else DIAL_TIMEOUT,
        health_uri=uri,
        noticed_within=_noticed_within(active) if uri else 0.0,
        retries=_number(balancing.get("retries")),
        protocol=str(transport.get("protocol") or "http"),
        root=str(transport.get("root") or ""),
        place=str(handler.get("place") or ""),
    )


def _noticed_within(active: Json) -> float:
    interval = seconds(active.get("interval")) or HEALTH_INTERVAL
    timeout = seconds(active.get("timeout")) or HEALTH_TIMEOUT
    times = max(_number(active.get("passes")), _number(active.get("fails")), 1)
    return interval * times + timeout


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
