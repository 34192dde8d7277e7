"""Give each service its role: what is known by itself first, then what gets requests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.reading.texts.proxy_texts import proxy_texts
from cosmicdeploy.adoption.reading.texts.text_file import SearchedText
from cosmicdeploy.adoption.recognition.release.variables import tag_variable
from cosmicdeploy.adoption.recognition.requests.health_checks import checked_url
from cosmicdeploy.adoption.recognition.roles.background import background_role, is_task
from cosmicdeploy.adoption.recognition.roles.labels import Pass
from cosmicdeploy.adoption.recognition.roles.passes import find_passes
from cosmicdeploy.adoption.recognition.roles.servers import Server, known_server
from cosmicdeploy.stack.order import ending

# The tiers of evidence that a service is an application, the strongest first.
GETS_REQUESTS, OWN_AND_PUBLISHED, PUBLISHED, OWN, ANY = range(5)
# Directives by which nginx, Caddy, Apache and HAProxy pass requests on, to whatever host.
_PASSES = re.compile(
    r"\b(?:(?:\w+_pass|reverse_proxy|php_fastcgi|ProxyPass\w*|use_backend)\s"
    r"|upstream\s{1,9}\S{1,100}\s{0,9}\{)"
)


@dataclass(frozen=True)
class Roles:
    """What each service is.

    `applications` are the services that serve requests; `servers` those that are no part of the
    application; `background` the schedulers, workers and tasks; `one_shot` those that others wait
    for until they have ended. A service that is in none of these has no role. `passes` says how
    each application gets its requests, and `proxy` is the service that sends them. `texts` has the
    configuration of each proxy.
    """

    applications: Mapping[str, Fact[int]]
    servers: Mapping[str, Fact[Server]]
    background: Mapping[str, Fact[str]]
    one_shot: Mapping[str, str]
    passes: Mapping[str, Sequence[Pass]]
    texts: Mapping[str, Sequence[SearchedText]] = field(repr=False)
    proxy: Fact[str] | None = None

    def of_kind(self, kind: str) -> list[str]:
        """Return the servers of a kind, in the order of the compose file."""
        return [name for name, each in self.servers.items() if each.value.kind == kind]


def find_roles(survey: Survey, named: Sequence[str] = ()) -> Roles:
    """Return the role of each service; `named` are the applications that the operator names."""
    servers = _servers(survey, named)
    one_shot = {name: _waiting(survey, name) for name in ending(survey.stack)}
    fronts = {n: s.value.product for n, s in servers.items() if s.value.kind == "proxy"}
    rest = [n for n in survey.services if n not in one_shot and (n not in servers or n in fronts)]
    texts = {name: proxy_texts(survey, name) for name in fronts}
    passes = find_passes(survey, fronts, texts, rest)
    for name in _serving_proxies(survey, texts, passes):
        del servers[name]
    rest = [name for name in rest if name not in servers]
    background = _background(survey, [name for name in rest if name not in named], passes)
    candidates = {n: _tier(survey, n, passes[n]) for n in rest if n not in background}
    applications = _applications(survey, candidates, named) or _only_front(survey, servers)
    servers = {name: each for name, each in servers.items() if name not in applications}
    return Roles(
        applications=applications,
        servers=servers,
        background=background,
        one_shot=one_shot,
        passes={name: passes.get(name, ()) for name in applications},
        texts=texts,
        proxy=_proxy(survey, servers, passes, applications),
    )


def _servers(survey: Survey, named: Collection[str]) -> dict[str, Fact[Server]]:
    known = {name: known_server(survey, name) for name in survey.services if name not in named}
    return {name: server for name, server in known.items() if server is not None}


def _only_front(survey: Survey, servers: Mapping[str, Fact[Server]]) -> dict[str, Fact[int]]:
    """Return the web servers of a stack without any application behind them, else its first tool.

    Only services that publish a port count. In a stack with a database no tool counts: it is
    probably for the database.
    """
    reachable = [
        (name, server)
        for name, server in servers.items()
        if any(port.protocol == "tcp" for port in survey.services[name].ports)
    ]
    fronts = [(name, server) for name, server in reachable if server.value.kind == "proxy"]
    is_for_data = any(server.value.kind == "database" for server in servers.values())
    tools = [] if is_for_data else [e for e in reachable if e[1].value.kind == "helper"]
    why = "nothing is behind it" if fronts else "no other service looks like an application"
    return {
        name: Fact(value=ANY, evidence=f"{server.evidence}, {why}", mark="guess")
        for name, server in fronts or tools[:1]
    }


def _waiting(survey: Survey, name: str) -> str:
    other = next(
        other
        for other, service in survey.services.items()
        if name in service.depends_on
        and service.depends_on[name].condition == "service_completed_successfully"
    )
    return f"{survey.place(other, 'depends_on', name)}, {other} waits for its end"


def _serving_proxies(
    survey: Survey,
    texts: Mapping[str, Sequence[SearchedText]],
    passes: Mapping[str, Sequence[Pass]],
) -> list[str]:
    """Return the web servers that are applications: they pass no request on, but serve own files.

    Besides, the stack builds them, or they get requests from a proxy, such as a frontend. `texts`
    has the configuration of all that may be proxies.
    """
    passing = {each.proxy for own in passes.values() for each in own}
    passing |= {name for name, own in texts.items() if any(any(e.matches(_PASSES)) for e in own)}
    shown = {name for name in texts if name in survey.built or passes.get(name)}
    return [name for name in texts if name in shown - passing]


def _background(
    survey: Survey, names: Iterable[str], passes: Mapping[str, Sequence[Pass]]
) -> dict[str, Fact[str]]:
    found: dict[str, Fact[str]] = {}
    for name in names:
        role = None if passes.get(name) else background_role(survey, name)
        if role is not None and (role.value != "task" or is_task(survey, name)):
            found[name] = Fact(value=role.value, evidence=role.evidence, mark=role.mark)
    return found


def _tier(survey: Survey, name: str, passes: Sequence[Pass]) -> Fact[int]:
    """Return the tier of the evidence that a service is an application."""
    service = survey.services[name]
    if passes:
        to = f"{passes[0].proxy} passes" if passes[0].proxy else "a proxy passes"
        return Fact(value=GETS_REQUESTS, evidence=f"{passes[0].evidence}, {to} requests to it")
    is_built = service.build is not None or name in survey.built_elsewhere
    is_own = is_built or bool(tag_variable(survey, name))
    if any(port.protocol == "tcp" for port in service.ports):
        evidence = f"{survey.place(name, 'ports')}, publishes a port"
        return Fact(value=OWN_AND_PUBLISHED if is_own else PUBLISHED, evidence=evidence)
    if is_own:
        has_port = bool(service.expose or survey.images[name].ports)
        key = "build" if service.build else "image"
        evidence = (
            f"{survey.place(name, key)}, {'built here' if service.build else 'its own image'}"
        )
        return Fact(value=OWN, evidence=evidence, mark="" if has_port else "guess")
    evidence = f"{survey.place(name)}, no other service looks like an application"
    return Fact(value=ANY, evidence=evidence, mark="guess")


def _applications(
    survey: Survey, candidates: Mapping[str, Fact[int]], named: Sequence[str]
) -> dict[str, Fact[int]]:
    """Return the candidates with the strongest evidence, and those that are built and published.

    A service that only publishes a port, beside others that are built here, is probably a tool.
    """
    if named:
        return {name: Fact(value=GETS_REQUESTS, evidence="named by --app") for name in named}
    best = min((fact.value for fact in candidates.values()), default=ANY)
    chosen = {name: fact for name, fact in candidates.items() if fact.value == best}
    if best == ANY:
        chosen = dict(list(chosen.items())[:1])
    chosen = _without_helpers(survey, chosen)
    if best == GETS_REQUESTS:
        beside = {n: f for n, f in candidates.items() if f.value == OWN_AND_PUBLISHED}
        chosen |= {name: fact.guessed() for name, fact in beside.items()}
    return chosen


def _without_helpers(survey: Survey, chosen: Mapping[str, Fact[int]]) -> dict[str, Fact[int]]:
    """Leave out what runs a command of its own on the image of another application.

    Without requests or a published port, it is probably a job of that application.
    """
    plain = [name for name in chosen if survey.services[name].command is None]
    return {
        name: fact
        for name, fact in chosen.items()
        if fact.value != OWN
        or name in plain
        or checked_url(survey, name) is not None
        or not any(is_same_image(survey, name, other) for other in plain)
    }


def is_same_image(survey: Survey, name: str, other: str) -> bool:
    """Return whether two services run the same image."""
    one, two = survey.services[name], survey.services[other]
    is_same_build = one.build is not None and one.build == two.build
    return one.image == two.image or is_same_build


def is_same_program(survey: Survey, name: str, other: str) -> bool:
    """Return whether two services run the same image with the same command."""
    one, two = survey.services[name], survey.services[other]
    return is_same_image(survey, name, other) and (one.command, one.entrypoint) == (
        two.command,
        two.entrypoint,
    )


def _proxy(
    survey: Survey,
    servers: Mapping[str, Fact[Server]],
    passes: Mapping[str, Sequence[Pass]],
    applications: Iterable[str],
) -> Fact[str] | None:
    """Return the proxy that passes requests to most applications, preferably a published one.

    Without such evidence, it is a proxy that publishes a port or depends on an application, as a
    guess.
    """
    names = list(applications)
    counts = {
        name: sum(any(each.proxy == name for each in passes.get(app, ())) for app in names)
        for name, server in servers.items()
        if server.value.kind == "proxy"
    }
    ranked = sorted(counts, key=lambda name: (-counts[name], not survey.services[name].ports))
    for name in ranked:
        service = survey.services[name]
        if counts[name]:
            return Fact(value=name, evidence=servers[name].evidence)
        if service.ports or set(service.depends_on) & set(names):
            return Fact(value=name, evidence=servers[name].evidence, mark="guess")
    return None
