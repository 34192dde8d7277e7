"""All other sections: database, cache, framework, rollout, proxy, and the address of the stack."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from cosmicdeploy.adoption.facts import Fact, Note, Setting, setting
from cosmicdeploy.adoption.proposal.application import Recognized
from cosmicdeploy.adoption.proposal.services import Chosen
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.data.caches import password_of
from cosmicdeploy.adoption.recognition.data.databases import DEFAULT, access_of
from cosmicdeploy.adoption.recognition.frameworks.catalogue import (
    LARAVEL,
    Framework,
    console_of_commands,
    framework_of,
)
from cosmicdeploy.adoption.recognition.frameworks.laravel import laravel_settings
from cosmicdeploy.adoption.recognition.frameworks.migrations import (
    migrating_service,
    migration_at_start,
)
from cosmicdeploy.adoption.recognition.roles.background import is_schedule_loop
from cosmicdeploy.adoption.recognition.roles.roles import Roles
from cosmicdeploy.settings import Restart

_MAINTENANCE = re.compile(r"-f\s+(/[\w./-]+)\s*\)\s*\{\s*return\s+503\b")
_OUT = re.compile(r"-f\s+(/[\w./-]+)/([\w.-]+)\s*\)\s*\{\s*set\b")


def framework_settings(survey: Survey, chosen: Chosen) -> Iterator[Setting]:
    """Yield the console, and what the framework's conventions add; nothing for most frameworks."""
    name, background = chosen.main.first, chosen.background
    framework = framework_of(survey, (*chosen.main.services, *background))
    if framework is None:
        console = console_of_commands(survey, background)
        if console is not None:
            yield setting("app.console", console)
        return
    if not framework.value.is_understood:
        return
    words = list(framework.value.console)
    yield setting(
        "app.console", Fact(value=words, evidence=framework.evidence, mark=framework.mark)
    )
    if framework.value == LARAVEL:
        yield from laravel_settings(survey, name, background, framework.evidence)


def framework_notes(survey: Survey, roles: Roles, chosen: Chosen) -> Iterator[Note]:
    """Yield what does not hold for migrations: those of a framework, or of a container's start."""
    main = chosen.main.first
    found = framework_of(survey, (*chosen.main.services, *chosen.background))
    is_understood = found is not None and found.value.is_understood
    firsts = [group.first for group in chosen.groups]
    at_start = {name: fact for name in firsts if (fact := migration_at_start(survey, name))}
    for name, fact in at_start.items():
        yield _migrates_at_start(name, fact, has_console=is_understood and name == main)
    if found is not None and not is_understood and main not in at_start:
        yield _not_understood(main, found, migrating_service(survey, roles))


def _migrates_at_start(name: str, fact: Fact[str], *, has_console: bool) -> Note:
    migrates = "may migrate" if fact.mark else "migrates"
    by = "app.console" if has_console else "a service of their own that the application waits for"
    return Note(
        kind="does not hold",
        about=name,
        what=f"its container {migrates} at its start ({fact.evidence}): no plan shows or judges"
        " these migrations, and a failed deploy does not undo them",
        todo=f"take them out of the start: a deploy runs them by {by}",
    )


def _not_understood(name: str, framework: Fact[Framework], service: str) -> Note:
    """Return the note for migrations of an unknown format; `service` runs them, "" for none."""
    if service:
        fate = f"a deploy runs {service}, but neither shows, judges nor undoes them"
        todo = "read them before a deploy"
    else:
        command = framework.value.migrate
        after = f", or after a deploy with `cosmicdeploy exec {name} {command}`" if command else ""
        fate = "a deploy neither runs, judges nor undoes them"
        todo = f"run them as before{after}"
    return Note(
        kind="does not hold",
        about=name,
        what=f"its migrations are {framework.value.name}'s ({framework.evidence}), which"
        f" cosmicdeploy does not understand: {fate}",
        todo=todo,
    )


def data_settings(survey: Survey, roles: Roles, chosen: Chosen) -> Iterator[Setting]:
    """Yield the sections `database` and `cache`."""
    if chosen.database is not None:
        access = access_of(survey, roles, chosen.database.value)
        yield setting("database.name", access.name)
        if access.user.value != DEFAULT.user:
            yield setting("database.user", access.user)
        variable = access.password_variable
        if variable.mark or variable.value != DEFAULT.password_variable:
            yield setting("database.password_variable", variable)
        if access.port is not None and access.port.value != DEFAULT.port:
            yield setting("database.port", access.port)
    if chosen.cache is not None:
        password = password_of(survey, roles, chosen.cache.value)
        if password is not None:
            yield setting("cache.password_variable", password)


def rollout_settings(survey: Survey, chosen: Chosen) -> Iterator[Setting]:
    """Yield the section `restart`."""
    scheduler = chosen.scheduler
    if scheduler is not None and is_schedule_loop(survey, scheduler.value):
        evidence = f"{scheduler.evidence} ignores its stop signal"
        yield setting("restart.between_jobs", Fact(value=["scheduler"], evidence=evidence))
    slowest = max(chosen.released, key=lambda name: _seconds_to_start(survey, name))
    seconds = _seconds_to_start(survey, slowest)
    if seconds > Restart().healthy_within:
        evidence = (
            f"{survey.place(slowest, 'healthcheck')}, its start period, one interval and timeout"
        )
        yield setting("restart.healthy_within", Fact(value=math.ceil(seconds), evidence=evidence))


def proxy_settings(roles: Roles, chosen: Chosen) -> Iterator[Setting]:
    """Yield the files by which nginx turns clients away or leaves a replica out, if it has any."""
    if chosen.proxy is None:
        return
    apps = {name for group in chosen.groups for name in group.services}
    maintenance: dict[str, str] = {}
    out: dict[str, str] = {}
    for text in roles.texts[chosen.proxy.value]:
        for match in text.matches(_MAINTENANCE):
            maintenance.setdefault(match[1], text.place(match.start()))
        for match in text.matches(_OUT):
            if match[2] in apps:
                out.setdefault(match[1] + "/{service}", text.place(match.start()))
    for key, found in (("maintenance.file", maintenance), ("proxy.out_of_service", out)):
        if len(found) == 1:
            [(path, place)] = found.items()
            yield setting(key, Fact(value=path, evidence=place))


def address_settings(main: Recognized) -> Iterator[Setting]:
    """Yield the address of the stack, if the deployer cannot find it itself."""
    if main.url is not None:
        yield setting("probe.url", main.url)


def _seconds_to_start(survey: Survey, name: str) -> float:
    check = survey.services[name].healthcheck
    if check is None or not check.start_period:
        return 0.0
    return check.start_period + (check.interval or 30.0) + (check.timeout or 30.0)
