"""Recognize the database that is backed up: its service, schema, user and password variable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Fact, first_fact
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.data.places import read_place
from cosmicdeploy.adoption.recognition.data.secrets import to_do, variable_of
from cosmicdeploy.adoption.recognition.data.uses import URLS, uses
from cosmicdeploy.adoption.recognition.roles.roles import Roles
from cosmicdeploy.adoption.recognition.roles.servers import BACKED_UP
from cosmicdeploy.settings import Database
from cosmicdeploy.text.numbers import port_number

DEFAULT = Database(name="x")
# The prefixes of the variables that set up the official images, and Bitnami's.
_PREFIXES = ("MARIADB_", "MYSQL_")
# Variables with which applications name their schema.
_NAMES = ("DB_DATABASE", "DB_NAME", "DATABASE_NAME", "MYSQL_DATABASE", "WORDPRESS_DB_NAME")
_PORT_OPTION = re.compile(r"(?:^|\s)(?:--port[= ]|-P ?)(\d{2,5})(?!\d)")
_SCHEMA = re.compile(r"[\w$-]{1,64}")
# What stands in place of a schema that no file names.
UNKNOWN_SCHEMA = "CHANGE_ME"


@dataclass(frozen=True)
class Access:
    """How the deployer connects to the database; `name` is the schema, `port` None for 3306."""

    name: Fact[str]
    user: Fact[str]
    password_variable: Fact[str]
    port: Fact[int] | None


def find_database(survey: Survey, roles: Roles) -> Fact[str] | None:
    """Return the service of the database that is backed up; None if there is none.

    Of several it is the one that an application uses, by its variables or `depends_on`, else the
    first.
    """
    candidates = [
        name for name in roles.of_kind("database") if roles.servers[name].value.product in BACKED_UP
    ]
    used = {each.host for each in uses(survey, roles)}
    depended = {other for name in roles.applications for other in survey.services[name].depends_on}
    ranked = sorted(candidates, key=lambda name: (name not in used, name not in depended))
    if not ranked:
        return None
    is_certain = len(ranked) == 1 or ranked[0] in used
    evidence = roles.servers[ranked[0]].evidence
    return Fact(value=ranked[0], evidence=evidence, mark="" if is_certain else "guess")


def access_of(survey: Survey, roles: Roles, name: str) -> Access:
    """Return how the deployer connects to the database service `name`."""
    user, password = _login(survey, name)
    schema = first_fact((lambda: _schema(survey, name), lambda: _used_schema(survey, roles)))
    unknown = Fact(value=UNKNOWN_SCHEMA, evidence="no variable names the schema", mark="to do")
    return Access(schema or unknown, user, password, _port(survey, name))


def _schema(survey: Survey, name: str) -> Fact[str] | None:
    return _text(survey, name, [f"{prefix}DATABASE" for prefix in _PREFIXES])


def _used_schema(survey: Survey, roles: Roles) -> Fact[str] | None:
    named = (_text(survey, name, _NAMES) for name in roles.applications)
    in_urls = (fact for name in roles.applications for fact in _of_urls(survey, name))
    return next((fact for fact in (*named, *in_urls) if fact is not None), None)


def _text(survey: Survey, name: str, variables: list[str] | tuple[str, ...]) -> Fact[str] | None:
    environment = survey.services[name].environment
    for variable in variables:
        if _SCHEMA.fullmatch(environment.get(variable, "")):
            evidence = f"{survey.environment_place(name, variable)}, {variable}"
            return Fact(value=environment[variable], evidence=evidence)
    return None


def _of_urls(survey: Survey, name: str) -> Iterator[Fact[str]]:
    environment = survey.services[name].environment
    for variable in URLS:
        path = read_place(environment.get(variable, "")).path
        if _SCHEMA.fullmatch(path):
            yield Fact(
                value=path, evidence=f"{survey.environment_place(name, variable)}, {variable}"
            )


def _login(survey: Survey, name: str) -> tuple[Fact[str], Fact[str]]:
    """Return the user and the variable of its password: root, else the user of the schema."""
    environment = survey.services[name].environment
    for prefix in _PREFIXES:
        if f"{prefix}ROOT_PASSWORD" in environment:
            default = DEFAULT.password_variable
            password = variable_of(survey, name, f"{prefix}ROOT_PASSWORD", default)
            return Fact(value="root", evidence=password.evidence), password
    for prefix in _PREFIXES:
        user = environment.get(f"{prefix}USER")
        if user and f"{prefix}PASSWORD" in environment and not _has_root(environment):
            place = survey.environment_place(name, f"{prefix}USER")
            evidence = f"{place}; it needs the privileges that docs/backups.md lists"
            password = variable_of(survey, name, f"{prefix}PASSWORD", "DB_PASSWORD")
            return Fact(value=user, evidence=evidence, mark="guess"), password
    why = f"{survey.place(name)} has no root password that can be read"
    return Fact(value="root", evidence=why), to_do(survey, DEFAULT.password_variable, why)


def _has_root(environment: Mapping[str, str]) -> bool:
    return any(f"{prefix}ROOT_PASSWORD_FILE" in environment for prefix in _PREFIXES)


def _port(survey: Survey, name: str) -> Fact[int] | None:
    command = survey.command(name)
    match = _PORT_OPTION.search(command.value)
    text = match[1] if match else survey.services[name].environment.get("MYSQL_TCP_PORT", "")
    if (port := port_number(text)) is None:
        return None
    evidence = command.evidence if match else survey.environment_place(name, "MYSQL_TCP_PORT")
    return Fact(value=port, evidence=evidence)
