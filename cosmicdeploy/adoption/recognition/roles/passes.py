"""Recognize which services get requests, and on which port, from the configuration of proxies.

The configuration of load balancers that the deployer knows is parsed. That of other proxies, and
what is not parsed, is searched for the names of services.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.text_file import SearchedText
from cosmicdeploy.adoption.recognition.roles.labels import Pass, passes_by_labels
from cosmicdeploy.proxy.declared.kinds import declared_passes, kind_named
from cosmicdeploy.proxy.declared.passes import DeclaredPass, names_of

# Words of the lines in which proxies that are only searched name a server without a port.
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
    visible = {_key(each) for _, each in declared_passes(survey.stack)}
    for proxy, product in proxies.items():
        files = {each.shown: each.text for each in texts[proxy] if each.is_file}
        kind = kind_named(product)
        parsed = kind.passes_in(files) if kind is not None else []
        has_default = kind is not None and kind.default_port is not None
        for name in (each for each in targets if each != proxy):
            names = _names(survey, proxy, name)
            own = [each for host, each in parsed if host in names]
            found[name] += [
                _parsed(each, name, proxy, _key(each) in visible, has_default=has_default)
                for each in own
            ]
            if not own:
                is_known = kind is not None
                searched = _searched(proxy, name, names, texts[proxy], needs_port=is_known)
                found[name] += sorted(searched, key=_without_port)
    for name in targets:
        found[name] += passes_by_labels(survey, proxies, name)
    return found


def _key(declared: DeclaredPass) -> tuple[str, str, int | None]:
    """Return what identifies a directive, whatever the folder that its place is relative to."""
    return declared.kind, declared.place.rpartition("/")[2], declared.port


def _parsed(
    declared: DeclaredPass, name: str, proxy: str, is_visible: bool, *, has_default: bool
) -> Pass:
    return Pass(
        service=name,
        proxy=proxy,
        kind=declared.kind,
        port=declared.port,
        evidence=declared.place,
        script=declared.script,
        is_visible=is_visible,
        has_default_port=has_default,
        hosts=declared.hosts if declared.needs_host else (),
    )


def _names(survey: Survey, proxy: str, name: str) -> set[str]:
    """Return the names and addresses by which the proxy may reach a service."""
    service = survey.services[name]
    addresses = {each.ipv4_address for each in service.networks if each.ipv4_address}
    links = {each.alias for each in survey.services[proxy].links if each.service == name}
    return {*names_of(service), *addresses, *links}


def _searched(
    proxy: str,
    name: str,
    names: Collection[str],
    texts: Iterable[SearchedText],
    *,
    needs_port: bool,
) -> Iterator[Pass]:
    """Yield where the texts have one of a service's names as a target of requests.

    A name without scheme and port counts only in the line of a `_DIRECTIVE`, and not if
    `needs_port`.
    """
    alternatives = "|".join(re.escape(each) for each in sorted(names, key=len, reverse=True))
    pattern = re.compile(
        rf"(?<![\w./@-])(?:(?P<scheme>[a-z][a-z0-9]*)://)?(?:{alternatives})"
        r"(?::(?P<port>\d{1,5}))?(?![\w.-])"
    )
    for each in texts:
        for match in each.matches(pattern):
            line, port = each.line(match.start()), int(match["port"] or 0)
            is_bare = not (port or match["scheme"])
            if port >= 1 << 16 or (is_bare and (needs_port or not _DIRECTIVE.match(line))):
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
