"""Recognize the port that a replica listens on, inside its container."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cosmicdeploy.adoption.facts import Fact, first_fact
from cosmicdeploy.adoption.reading.declared import one_line
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.requests.health_checks import USUAL, checked_url
from cosmicdeploy.adoption.recognition.roles.labels import Pass
from cosmicdeploy.stack.data_keepers import words_of
from cosmicdeploy.text.numbers import port_number

_OPTION = re.compile(
    r"(?:--(?:port|bind|listen|host|http-port|server\.port|address)[= ]|-[bp][ =]?|runserver )"
    r"(?:\[?[\w.:*-]{0,100}\]?:)?(\d{2,5})(?![\w.])"
)
_VARIABLES = ("VIRTUAL_PORT", "PORT", "APP_PORT", "HTTP_PORT", "SERVER_PORT")
# The ports of well-known base images, by a word of their names.
_BASES = {"httpd": 80, "nginx": 80, "caddy": 80, "tomcat": 8080, "wildfly": 8080, "wordpress": 80}


def port_of(survey: Survey, name: str, passes: Sequence[Pass]) -> Fact[int] | None:
    """Return the port of a service's replicas; None if nothing names one."""
    return first_fact(
        (
            lambda: _of_passes(passes),
            lambda: _of_health_check(survey, name),
            lambda: _of_published(survey, name),
            lambda: _of_variable(survey, name),
            lambda: _of_command(survey, name),
            lambda: _of_exposed(survey, name),
            lambda: _of_containers(survey, name),
            lambda: _of_base(survey, name),
        )
    )


def _of_passes(passes: Sequence[Pass]) -> Fact[int] | None:
    known = [each for each in passes if each.port is not None]
    if known:
        return Fact(value=known[0].port or 0, evidence=known[0].evidence)
    # `proxy_pass http://web` of nginx means port 80; a label without a port says nothing.
    direct = next((p for p in passes if p.has_default_port and p.kind == "proxy"), None)
    return Fact(value=80, evidence=direct.evidence) if direct else None


def _of_health_check(survey: Survey, name: str) -> Fact[int] | None:
    url = checked_url(survey, name)
    if url is None or url.value.port is None:
        return None
    return Fact(value=url.value.port, evidence=url.evidence)


def _of_published(survey: Survey, name: str) -> Fact[int] | None:
    ports = [port.target for port in survey.services[name].ports if port.protocol == "tcp"]
    return _chosen(ports, survey.place(name, "ports"))


def _of_variable(survey: Survey, name: str) -> Fact[int] | None:
    environment = survey.services[name].environment
    for variable in _VARIABLES:
        if port := port_number(environment.get(variable, "")):
            evidence = f"{survey.environment_place(name, variable)}, {variable}"
            return Fact(value=port, evidence=evidence)
    return None


def _of_command(survey: Survey, name: str) -> Fact[int] | None:
    command = survey.command(name)
    match = _OPTION.search(command.value)
    port = port_number(match[1]) if match else None
    return Fact(value=port, evidence=command.evidence) if port else None


def _of_exposed(survey: Survey, name: str) -> Fact[int] | None:
    texts = [each.partition("/") for each in survey.services[name].expose]
    ports = [port_number(port) for port, _, kind in texts if kind in ("", "tcp")]
    if any(ports):
        return _chosen([port for port in ports if port], survey.place(name, "expose"))
    exposed = survey.images[name].ports
    chosen = _chosen([each.value for each in exposed], "")
    if chosen is None:
        return None
    evidence = next(each.evidence for each in exposed if each.value == chosen.value)
    return Fact(value=chosen.value, evidence=f"{evidence}, EXPOSE", mark=chosen.mark)


def _of_containers(survey: Survey, name: str) -> Fact[int] | None:
    for container in survey.containers[name]:
        if container.published:
            return _chosen(sorted(container.published), f"the container {container.name}")
    return None


def _of_base(survey: Survey, name: str) -> Fact[int] | None:
    for image in survey.images[name].names:
        for word in words_of(image):
            if word in _BASES:
                return Fact(value=_BASES[word], evidence=f"image {one_line(image)}", mark="guess")
    return None


def _chosen(ports: Sequence[int], evidence: str) -> Fact[int] | None:
    """Return the only port, or one of several as a guess."""
    distinct = list(dict.fromkeys(ports))
    if len(distinct) < 2:
        return Fact(value=distinct[0], evidence=evidence) if distinct else None
    # The first of these is probably the one for HTTP.
    usual = [port for port in USUAL if port in distinct]
    return Fact(value=(usual or distinct)[0], evidence=f"{evidence}, one of several", mark="guess")
