"""Read published and exposed ports, in short and long syntax."""

from __future__ import annotations

import re
from typing import get_args

from cosmicdeploy.stack.model import Port, Protocol
from cosmicdeploy.stack.values.compose_value import ComposeValue

# Behind an address, the host's port may be missing, as in 127.0.0.1::80: the engine chooses one.
_SHORT = re.compile(
    r"(?:(?P<ip>\[[^\]]+\]|[0-9.]*):(?P<any>[0-9-]*):|(?P<published>[0-9-]+):)?"
    r"(?P<target>[0-9-]+)(?:/(?P<protocol>\w*))?"
)
_SYNTAX = "write for example 8080:80, 127.0.0.1:8080:80 or 53:53/udp"
_EXPOSED = "write the port inside the container alone, such as 8080 or 53/udp"
_LONG_KEYS = ("target", "published", "host_ip", "protocol", "mode", "name", "app_protocol")


def read_ports(entry: ComposeValue | None) -> tuple[Port, ...]:
    """Return all published ports of a service.

    A range is expanded, except a range of host ports for a single container port: the engine
    chooses one of these host ports.
    """
    if entry is None:
        return ()
    ports = [port for item in entry.items() for port in _parse(item)]
    return tuple(dict.fromkeys(ports))


def read_expose(entry: ComposeValue | None) -> tuple[str, ...]:
    """Return the exposed ports with their protocols, such as "53/udp"; ranges are expanded."""
    if entry is None:
        return ()
    ports: list[str] = []
    for item in entry.items():
        numbers, _, word = item.text().partition("/")
        protocol = _protocol(item, word or "tcp")
        ports += [f"{number}/{protocol}" for number in _port_range(item, numbers, _EXPOSED)]
    return tuple(dict.fromkeys(ports))


def _parse(item: ComposeValue) -> list[Port]:
    if isinstance(item.data, dict):
        return _long_syntax(item)
    match = _SHORT.fullmatch(item.text())
    if match is None:
        raise item.error(f"'{item.text()}' is not a port", _SYNTAX)
    protocol = _protocol(item, match["protocol"] or "tcp")
    published = match["published"] or match["any"] or ""
    return _ports(item, match["target"], published, match["ip"] or "", protocol)


def _long_syntax(item: ComposeValue) -> list[Port]:
    fields = item.mapping(_LONG_KEYS)
    if "target" not in fields:
        raise item.error("has no target", "add 'target: <port in the container>'")
    if "mode" in fields:
        fields["mode"].one_of(("host", "ingress"))
    word = fields["protocol"].text() if "protocol" in fields else ""
    protocol = _protocol(item, word or "tcp")
    published = fields["published"].text() if "published" in fields else ""
    host_ip = fields["host_ip"].text() if "host_ip" in fields else ""
    return _ports(item, fields["target"].text(), published, host_ip, protocol)


def _ports(
    item: ComposeValue, target: str, published: str, host_ip: str, protocol: Protocol
) -> list[Port]:
    inside = _port_range(item, target)
    is_declared = published not in ("", "0")  # else the engine chooses
    outside: list[int | None] = (
        [*_port_range(item, published)] if is_declared else [None] * len(inside)
    )
    address = host_ip.strip("[]")
    if len(inside) == 1 < len(outside):
        first, last = outside[0], outside[-1]
        return [
            Port(
                target=inside[0],
                published=first,
                published_end=last,
                host_ip=address,
                protocol=protocol,
            )
        ]
    if len(inside) != len(outside):
        raise item.error(f"'{item.data}' has ranges of different lengths", _SYNTAX)
    return [
        Port(target=to, published=at, host_ip=address, protocol=protocol)
        for to, at in zip(inside, outside, strict=True)
    ]


def _port_range(item: ComposeValue, text: str, syntax: str = _SYNTAX) -> list[int]:
    """Expand a range: "8000-8002" to [8000, 8001, 8002]."""
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise item.error(f"'{text}' is not a port", syntax)
    # Six digits show that a number is too large; Python refuses to parse thousands of digits.
    low, high = int(first[:6]), int((last or first)[:6])
    if not 0 < low <= high <= 65535:
        raise item.error(f"'{text}' is not a port", "ports go from 1 to 65535")
    return list(range(low, high + 1))


def _protocol(item: ComposeValue, word: str) -> Protocol:
    for protocol in get_args(Protocol):
        if word.lower() == protocol:
            return protocol  # type: ignore[no-any-return]
    raise item.error(f"'{word}' is not supported", f"use {', '.join(get_args(Protocol))}")
