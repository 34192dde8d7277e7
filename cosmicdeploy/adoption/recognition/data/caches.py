"""Recognize the cache (Redis): its service and the variable of its password."""

from __future__ import annotations

import re
from pathlib import Path

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.expressions import expressions
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.data.places import read_place
from cosmicdeploy.adoption.recognition.data.secrets import to_do, variable_of, variable_of_text
from cosmicdeploy.adoption.recognition.roles.roles import Roles

_HOSTS = ("REDIS_HOST", "CACHE_HOST", "VALKEY_HOST")
_URLS = ("REDIS_URL", "CACHE_URL", "CELERY_BROKER_URL", "BROKER_URL", "VALKEY_URL")
_PASSWORDS = ("REDIS_PASSWORD", "VALKEY_PASSWORD", "REDISCLI_AUTH")
_OPTION = re.compile(r"--requirepass[\s=]+[\"']?(\S+?)[\"']?(?:\s|$)")
_REQUIRES = re.compile(r"^[ \t]*(requirepass)[ \t]", re.MULTILINE)
DEFAULT_VARIABLE = "REDIS_PASSWORD"


def find_cache(survey: Survey, roles: Roles) -> Fact[str] | None:
    """Return the service of the cache; None if there is none, or if several may be it.

    Those that an application names or depends on count before all others.
    """
    found = roles.of_kind("cache")
    used = [name for name in found if name in _used(survey, roles)]
    chosen = used or found
    if len(chosen) != 1:
        return None
    evidence = roles.servers[chosen[0]].evidence
    return Fact(value=chosen[0], evidence=evidence, mark="" if used else "guess")


def password_of(survey: Survey, roles: Roles, name: str) -> Fact[str] | None:
    """Return the variable that holds the cache's password; None if the cache needs none."""
    environment = survey.services[name].environment
    for variable in _PASSWORDS:
        if variable in environment:
            return _unless_empty(survey, name, variable)
    written = survey.declared.value(name, "command")
    text = " ".join(map(str, written)) if isinstance(written, list) else str(written or "")
    if match := _OPTION.search(_joined(text)):
        evidence = f"{survey.place(name, 'command')}, requirepass"
        return variable_of_text(survey, match[1].replace("\0", " "), evidence, DEFAULT_VARIABLE)
    place = _configured(survey, name)
    return _of_application(survey, roles, place) if place else None


def _configured(survey: Survey, name: str) -> str:
    """Return "file:line" of a mounted configuration that requires a password; "" for none."""
    for mount in survey.services[name].mounts:
        if mount.type == "bind" and mount.target.endswith(".conf"):
            text = survey.text(name, survey.file(mount.target, Path(mount.source)))
            if match := _REQUIRES.search(text.text):
                return text.place(match.start(1))
    return ""


def _of_application(survey: Survey, roles: Roles, place: str) -> Fact[str]:
    """Return the variable with which an application gets the password of a configuration file."""
    for application in roles.applications:
        if survey.services[application].environment.get(DEFAULT_VARIABLE):
            return variable_of(survey, application, DEFAULT_VARIABLE, DEFAULT_VARIABLE)
    return to_do(survey, DEFAULT_VARIABLE, f"{place} requires a password")


def _unless_empty(survey: Survey, name: str, variable: str) -> Fact[str] | None:
    """Return the variable of a password; None for an empty one without a variable that is set."""
    fact = variable_of(survey, name, variable, DEFAULT_VARIABLE)
    if survey.services[name].environment[variable]:
        return fact
    place = survey.environment_place(name, variable)
    is_set = fact.value in survey.variables
    return Fact(value=fact.value, evidence=f"{place}, {variable}, empty now") if is_set else None


def _joined(text: str) -> str:
    """Return a text with NUL for each blank in a variable, so that each variable is one word."""
    parts, position = list[str](), 0
    for each in expressions(text):
        parts += [text[position : each.start], text[each.start : each.end].replace(" ", "\0")]
        position = each.end
    return "".join([*parts, text[position:]])


def _used(survey: Survey, roles: Roles) -> set[str]:
    """Return the hosts that the applications name, and the services that they depend on."""
    used = set[str]()
    for name in (*roles.applications, *roles.background):
        service = survey.services[name]
        used |= {*service.depends_on, *(link.service for link in service.links)}
        used |= {service.environment[key] for key in _HOSTS if key in service.environment}
        urls = (service.environment.get(key, "") for key in _URLS)
        used |= {read_place(url).host for url in urls}
    return used
