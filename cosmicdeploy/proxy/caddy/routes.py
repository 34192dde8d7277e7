"""Read from Caddy's configuration where it sends requests, and on which conditions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    is how long it takes until a failed or passed one counts.
    """

    upstreams: tuple[str, ...]
    is_dynamic: bool = False
    files: tuple[str, ...] = ()
    try_duration: float = 0.0
    fail_duration: float = 0.0
    dial_timeout: float = DIAL_TIMEOUT
    health_uri: str = ""
    noticed_within: float = 0.0

    @property
    def hosts(self) -> set[str]:
        """The hosts of the upstreams."""
        return {host_of(each) for each in self.upstreams}


def reverse_proxies(configuration: Json) -> list[ReverseProxy]:
    """Return every `reverse_proxy` of all HTTP servers."""
    apps = _mapping(configuration.get("apps"))
    servers = _mapping(_mapping(apps.get("http")).get("servers"))
    return [each for server in servers.values() for each in _in_routes(server, ())]


def checked_files(configuration: Json) -> set[str]:
    """Return the paths of all files of which a route depends on whether they exist."""
    apps = _mapping(configuration.get("apps"))
    servers = _mapping(_mapping(apps.get("http")).get("servers"))
    return {file for server in servers.values() for file in _conditions(server)}


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


def _in_routes(container: Any, files: Sequence[str]) -> Iterator[ReverseProxy]:
    """Yield what is in the routes of a server or a subroute; `files` are the outer conditions."""
    for route in _list(_mapping(container).get("routes")):
        own = (*files, *_files_of(route))
        for handler in _list(route.get("handle")):
            if handler.get("handler") == "reverse_proxy":
                yield _reverse_proxy(handler, own)
            yield from _in_routes(handler, own)


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
    dial_timeout = _mapping(handler.get("transport")).get("dial_timeout")
    return ReverseProxy(
        upstreams=tuple(filter(None, dials)),
        is_dynamic=bool(dynamic),
        files=tuple(files),
        try_duration=seconds(balancing.get("try_duration")),
        fail_duration=seconds(passive.get("fail_duration")),
        dial_timeout=seconds(dial_timeout) if dial_timeout else DIAL_TIMEOUT,
        health_uri=uri,
        noticed_within=_noticed_within(active) if uri else 0.0,
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
