"""Read the host names in the addresses of a Caddyfile's sites."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cosmicdeploy.proxy.declared.passes import DeclaredHost
from cosmicdeploy.text.host_names import is_host_name

ADDRESS = re.compile(r"(?:(?P<scheme>https?)://)?(?P<name>[\w.-]+)(?::(?P<port>\d+))?/?", re.ASCII)


def hosts_of(addresses: Iterable[str], place: str) -> tuple[DeclaredHost, ...]:
    """Return the host names of a site with these addresses, which commas may separate.

    Empty if the site also takes requests for other hosts, or if an address is no plain name.
    """
    words = [word.strip() for each in addresses for word in each.split(",") if word.strip()]
    matches = [ADDRESS.fullmatch(word) for word in words]
    found = [match for match in matches if match and _is_name(match["name"])]
    return tuple(_host(each, place) for each in found) if len(found) == len(words) else ()


def _is_name(text: str) -> bool:
    # A name without a dot may be `localhost`, and one that ends in a number is an address.
    _, dot, last = text.rpartition(".")
    return bool(dot) and not last.isdecimal() and is_host_name(text)


def _host(match: re.Match[str], place: str) -> DeclaredHost:
    # Caddy serves a name over HTTPS, and redirects HTTP to it.
    is_plain = match["scheme"] == "http" or match["port"] == "80"
    return DeclaredHost(name=match["name"], place=place, is_tls=not is_plain)
