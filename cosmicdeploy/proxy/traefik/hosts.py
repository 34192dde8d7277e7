"""Read from rules of Traefik's routers which host names requests have to carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from cosmicdeploy.proxy.declared.passes import DeclaredHost

RULE = re.compile(r"traefik\.http\.routers\.[^.]+\.rule", re.IGNORECASE)
TLS = re.compile(r"traefik\.http\.routers\.[^.]+\.tls(?:\..+)?", re.IGNORECASE)
ENTRY_POINTS = re.compile(r"traefik\.http\.routers\.[^.]+\.entrypoints", re.IGNORECASE)
HOST = re.compile(r"(?P<not>!\s*)?\bHost(?:Header)?\((?P<names>[^()]*)\)", re.IGNORECASE)
# Template functions and variables that nothing has filled in are no names.
NAME = re.compile(r"[`\"']([\w.-]+)[`\"']", re.ASCII)
OPERATOR = re.compile(r"(\(|\)|\|\|)")


def rules_of(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return the rules of a service's routers by their labels."""
    return {key: value for key, value in labels.items() if RULE.fullmatch(key)}


def has_tls(labels: Mapping[str, str]) -> bool:
    """Return whether a router of a service gets its requests over HTTPS."""
    return any(_is_tls(key, value) for key, value in labels.items())


def hosts_of(rules: Mapping[str, str], *, is_tls: bool) -> tuple[DeclaredHost, ...]:
    """Return the host names that rules accept, each once; the keys are the places of the rules."""
    found: dict[str, DeclaredHost] = {}
    for place, rule in rules.items():
        for name in _names_in(rule):
            found.setdefault(name, DeclaredHost(name=name, place=place, is_tls=is_tls))
    return tuple(found.values())


def need_host(rules: Iterable[str]) -> bool:
    """Return whether there are rules, and all accept only requests with one of their host names."""
    parts = [part for rule in rules for part in _alternatives(rule)]
    return bool(parts) and all(map(_names_in, parts))


def _names_in(rule: str) -> list[str]:
    return [
        name
        for found in HOST.finditer(rule)
        if not found["not"]
        for name in NAME.findall(found["names"])
    ]


def _alternatives(rule: str) -> Iterator[str]:
    """Yield the parts of a rule between its outermost `||`."""
    depth, part = 0, ""
    for word in OPERATOR.split(rule):
        depth += (word == "(") - (word == ")")
        if word == "||" and not depth:
            yield part
            part = ""
        else:
            part += word
    yield part


def _is_tls(key: str, value: str) -> bool:
    is_secure = ENTRY_POINTS.fullmatch(key) is not None and "secure" in value
    return is_secure or (TLS.fullmatch(key) is not None and value.lower() != "false")
