"""All other sections: database, cache, rollout, proxy, and the address of the stack."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from cosmicdeploy.adoption.facts import Fact, Setting, setting
from cosmicdeploy.adoption.proposal.application import Recognized
from cosmicdeploy.adoption.proposal.services import Chosen
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.data.caches import password_of
from cosmicdeploy.adoption.recognition.data.databases import DEFAULT, access_of
from cosmicdeploy.adoption.recognition.roles.background import is_schedule_loop
from cosmicdeploy.adoption.recognition.roles.roles import Roles
from cosmicdeploy.settings import Restart

_MAINTENANCE = re.compile(r"-f\s+(/[\w./-]+)\s*\)\s*\{\s*return\s+503\b")
_OUT = re.compile(r"-f\s+(/[\w./-]+)/([\w.-]+)\s*\)\s*\{\s*set\b")


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
