"""Group the services that serve requests into applications, and choose the main one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from cosmicdeploy.adoption.facts import Fact, Mark
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.roles.labels import Pass
from cosmicdeploy.adoption.recognition.roles.roles import Roles, is_same_image, is_same_program
from cosmicdeploy.settings import Role, Support
from cosmicdeploy.stack.order import in_order

_LOOPBACK = ("127.0.0.1", "::1")
_ROLES = (*get_args(Role), *get_args(Support))


@dataclass(frozen=True)
class Group:
    """An application: its services, replicas of one another, and the evidence for them."""

    services: tuple[str, ...]
    evidence: str
    mark: Mark
    passes: Sequence[Pass]

    @property
    def first(self) -> str:
        return self.services[0]


def find_groups(survey: Survey, roles: Roles) -> list[Group]:
    """Return the applications, the main one first; empty if no service serves requests.

    The main application is the one that most schedulers, workers and tasks share an image with,
    else one that depends on a database, else one that other machines reach, else the first in the
    order of starts.
    """
    groups: list[list[str]] = []
    for name in roles.applications:
        own = next((each for each in groups if is_same_program(survey, name, each[0])), None)
        if own is None:
            groups.append([name])
        else:
            own.append(name)
    order = in_order(survey.stack)
    groups.sort(key=lambda names: (*_importance(survey, roles, names), order.index(names[0])))
    return [_group(roles, names) for names in groups]


def _importance(survey: Survey, roles: Roles, names: Sequence[str]) -> tuple[int, bool, bool]:
    sharing = sum(is_same_image(survey, each, names[0]) for each in roles.background)
    depends = set(survey.services[names[0]].depends_on)
    ports = [port for port in survey.services[names[0]].ports if port.protocol == "tcp"]
    is_local = bool(ports) and all(port.host_ip in _LOOPBACK for port in ports)
    return -sharing, not depends & set(roles.of_kind("database")), is_local


def _group(roles: Roles, names: Sequence[str]) -> Group:
    facts = [roles.applications[name] for name in names]
    best: Fact[int] = min(facts, key=lambda fact: (fact.value, bool(fact.mark)))
    passes = [each for name in names for each in roles.passes.get(name, ())]
    return Group(tuple(names), best.evidence, best.mark, passes)


def background_of(
    survey: Survey, roles: Roles, main: Group, role: str
) -> Iterator[tuple[str, Fact[str]]]:
    """Yield the schedulers or workers that run the image of the main application.

    A service on another image cannot have the role: its release would differ from the main one's.
    """
    for name, fact in roles.background.items():
        if fact.value == role and is_same_image(survey, name, main.first):
            yield name, fact


def entry_names(
    groups: Sequence[Group], services: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """Return the names of all applications but the main one, each with its services.

    An application with one service has the name of that service, except `app`, which is the name of
    a main application with several. Any other has the name of its first service without a number at
    its end, or a similar one: not that of a role or of another service.
    """
    main, *others = groups
    names: dict[str, tuple[str, ...]] = {}
    for group in others:
        is_plain = len(group.services) == 1 and not (
            group.first == "app" and len(main.services) > 1
        )
        name = group.first if is_plain else _common_name(group.services, {*services, *names})
        names[name] = group.services
    return names


def _common_name(names: Sequence[str], taken: Collection[str]) -> str:
    common = names[0].rstrip("-_.0123456789") or names[0]
    choices = (common, f"{common}-replicas", *(f"{common}-{number}" for number in range(2, 1000)))
    return next(each for each in choices if each not in taken and each not in _ROLES)
