"""Put the settings of a stack together, section by section, in the order of the shipped example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.adoption.facts import Fact, Note, Setting
from cosmicdeploy.adoption.proposal.application import (
    Recognized,
    main_settings,
    other_settings,
    recognize,
)
from cosmicdeploy.adoption.proposal.files import file_settings
from cosmicdeploy.adoption.proposal.migrations import (
    Found,
    find_framework,
    framework_notes,
    framework_settings,
    migration_settings,
    runs_migrations,
)
from cosmicdeploy.adoption.proposal.notes import application_notes, reading_notes
from cosmicdeploy.adoption.proposal.rest import (
    address_settings,
    data_settings,
    proxy_notes,
    proxy_settings,
    rollout_settings,
)
from cosmicdeploy.adoption.proposal.services import (
    Chosen,
    choose,
    service_notes,
    service_settings,
)
from cosmicdeploy.adoption.reading.opening import Opened
from cosmicdeploy.adoption.recognition.data.uses import database_notes
from cosmicdeploy.adoption.recognition.roles.applications import entry_names, find_groups
from cosmicdeploy.adoption.recognition.roles.roles import Roles, find_roles
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.text.suggest import did_you_mean

# The sections in the order in which they are written; keys within a section keep their order.
ORDER = (
    "compose_file", "profiles", "env_file", "project", "services", "app", "applications",
    "database", "cache", "migrate", "cache_clear", "restart", "maintenance", "proxy", "probe",
    "monitoring", "diagnose",
)  # fmt: skip
# The keys of `app` that are written first, as in the shipped example.
APP_ORDER = ("console", "user", "log_file")


@dataclass(frozen=True)
class Proposal:
    """The settings of a stack, the notes for its operator, and the evidence for each role."""

    settings: Sequence[Setting]
    notes: Sequence[Note]
    evidence: Mapping[str, str]


def propose(opened: Opened, named: Sequence[str] = ()) -> Proposal:
    """Return the settings of a stack.

    `named` are the services that the operator names as the application. Raises `ConfigError` if
    there is no such service, or if no service can be the application.
    """
    survey = opened.survey
    _require_services(opened, named)
    roles = find_roles(survey, named)
    groups = find_groups(survey, roles)
    if not groups:
        raise ConfigError(
            "No service of the compose file looks like an application",
            where=str(survey.stack.file),
            todo="name it with --app SERVICE",
        )
    chosen = choose(survey, roles, groups)
    front = chosen.proxy.value if chosen.proxy else ""
    texts = roles.texts.get(front, ())
    is_only = len(groups) == 1
    recognized = [recognize(survey, each, front, texts, is_only=is_only) for each in groups]
    found = find_framework(survey, roles, chosen)
    if not runs_migrations(chosen, found):
        chosen = choose(survey, roles, groups, judges_migrations=False)
    settings = list(_settings(opened, roles, chosen, recognized, found))
    if all(each.key[0] != "app" for each in settings):
        settings.append(Setting(key=("app",), value={}, evidence="as by default"))
    settings.sort(key=_position)
    notes = list(_notes(opened, roles, chosen, recognized, found))
    return Proposal(settings, notes, _seen(roles))


def _seen(roles: Roles) -> Mapping[str, str]:
    facts: dict[str, Fact[Any]] = {**roles.servers, **roles.background, **roles.applications}
    return {**{name: fact.evidence for name, fact in facts.items()}, **roles.one_shot}


def _settings(
    opened: Opened, roles: Roles, chosen: Chosen, recognized: Sequence[Recognized], found: Found
) -> Iterator[Setting]:
    survey, main = opened.survey, recognized[0]
    yield from file_settings(
        survey.folder, opened.files, opened.env_file, opened.project, opened.profiles
    )
    yield from service_settings(chosen)
    yield from framework_settings(survey, chosen, found)
    yield from main_settings(main)
    names = entry_names(chosen.groups, survey.services)
    for (name, services), own in zip(names.items(), recognized[1:], strict=True):
        yield from other_settings(name, services, own, main)
    yield from data_settings(survey, roles, chosen)
    yield from migration_settings(chosen, found)
    yield from rollout_settings(survey, chosen)
    yield from proxy_settings(survey, roles, chosen)
    yield from address_settings(main)


def _notes(
    opened: Opened, roles: Roles, chosen: Chosen, recognized: Sequence[Recognized], found: Found
) -> Iterator[Note]:
    survey = opened.survey
    yield from database_notes(survey, roles, chosen.database.value if chosen.database else "")
    yield from framework_notes(survey, roles, chosen, found)
    yield from application_notes(survey, chosen, recognized)
    yield from service_notes(survey, roles, chosen)
    yield from proxy_notes(roles, chosen)
    yield from reading_notes(survey, opened.files)


def _require_services(opened: Opened, named: Sequence[str]) -> None:
    services = opened.survey.services
    for name in named:
        if name not in services:
            raise ConfigError(
                f"The compose file has no service {name!r}",
                where=f"--app, {opened.survey.stack.file}",
                todo=did_you_mean(name, services) or f"choose from {', '.join(services)}",
            )


def _position(setting: Setting) -> tuple[int, int]:
    """Return the sort key of a setting: its section, and for `app` its own order there."""
    first = setting.key[-1] in APP_ORDER and setting.key[0] == "app"
    own = APP_ORDER.index(setting.key[-1]) if first else len(APP_ORDER)
    return ORDER.index(setting.key[0]), own
