"""Recognize which services get requests, and on which port, from the configuration of proxies.

nginx's configuration is parsed. That of other proxies is searched for the names of services.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.text_file import SearchedText
from cosmicdeploy.adoption.recognition.roles.labels import Pass, passes_by_labels
from cosmicdeploy.proxy.nginx.declared import declared_passes, names_of, passes_to

# Words of the lines in which other proxies name a server without a port.
_DIRECTIVE = re.compile(
    r"^\s*(?:reverse_proxy|php_fastcgi|to|server|backend|balancemember|proxypass\w*)\b",
    re.IGNORECASE,
)
_FASTCGI = re.compile(r"fcgi|fastcgi", re.IGNORECASE)


def find_passes(
    survey: Survey,
    proxies: Mapping[str, str],
    texts: Mapping[str, Sequence[SearchedText]],
    targets: Collection[str],
) -> dict[str, list[Pass]]:
    """Return how the `targets` get requests, by service.

    `proxies` maps the services that may be proxies to their products, and `texts` has the
    configuration of each.
    """
    found: dict[str, list[Pass]] = {name: [] for name in targets}
    for proxy, product in proxies.items():
        for name in targets:
            if name != proxy:
                found[name] += _passes(survey, proxy, product, name, texts[proxy])
    for name in targets:
        found[name] += passes_by_labels(survey, proxies, name)
    return found


def _passes(
    survey: Survey, proxy: str, product: str, name: str, texts: Iterable[SearchedText]
) -> list[Pass]:
    names = _names(survey, proxy, name)
    if product != "nginx":
        return sorted(_searched(proxy, name, names, texts, with_port=False), key=_without_port)
    parsed = _parsed(survey, proxy, name, names, texts)
    return parsed or list(_searched(proxy, name, names, texts, with_port=True))


def _names(survey: Survey, proxy: str, name: str) -> set[str]:
    """Return the names and addresses by which the proxy may reach a service."""
    service = survey.services[name]
    addresses = {each.ipv4_address for each in service.networks if each.ipv4_address}
    links = {each.alias for each in survey.services[proxy].links if each.service == name}
    return {*names_of(service), *addresses, *links}


def _parsed(
    survey: Survey, proxy: str, name: str, names: Collection[str], texts: Iterable[SearchedText]
) -> list[Pass]:
    visible = {
        (each.kind, each.place.rpartition("/")[2], each.port)
        for each in declared_passes(survey.stack, survey.services[name])
    }
    found = passes_to(names, {each.shown: each.text for each in texts if each.is_file})
    return [
        Pass(
            service=name,
            proxy=proxy,
            kind=each.kind,
            port=each.port,
            evidence=each.place,
            script=each.script,
            is_visible=(each.kind, each.place.rpartition("/")[2], each.port) in visible,
            is_parsed=True,
        )
        for each in found
    ]


def _searched(
    proxy: str, name: str, names: Collection[str], texts: Iterable[SearchedText], *, with_port: bool
) -> Iterator[Pass]:
    alternatives = "|".join(re.escape(each) for each in sorted(names, key=len, reverse=True))
    pattern = re.compile(
        rf"(?<![\w./@-])(?:(?P<scheme>[a-z][a-z0-9]*)://)?(?:{alternatives})"
        r"(?::(?P<port>\d{1,5}))?(?![\w.-])"
    )
    for each in texts:
        for match in each.matches(pattern):
            line, port = each.line(match.start()), int(match["port"] or 0)
            is_bare = not (port or match["scheme"])
            if port >= 1 << 16 or (is_bare and (with_port or not _DIRECTIVE.match(line))):
                continue
            is_fastcgi = _FASTCGI.search(f"{match['scheme']} {line}")
            yield Pass(
                service=name,
                proxy=proxy,
                kind="fastcgi" if is_fastcgi else "proxy",
                port=port or None,
                evidence=each.place(match.start()),
            )


def _without_port(found: Pass) -> bool:
    return found.port is None
