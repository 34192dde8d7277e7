"""All other sections: database, cache, rollout, proxy, and the address of the stack."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cosmicdeploy.adoption.facts import Fact, Note, Setting, setting
from cosmicdeploy.adoption.proposal.application import Recognized
from cosmicdeploy.adoption.proposal.services import Chosen
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.data.caches import password_of
from cosmicdeploy.adoption.recognition.data.databases import DEFAULT, access_of
from cosmicdeploy.adoption.recognition.requests.health_checks import drain_file_of
from cosmicdeploy.adoption.recognition.roles.background import is_schedule_loop
from cosmicdeploy.adoption.recognition.roles.roles import Roles
from cosmicdeploy.proxy.declared.kinds import DeclaredKind, kind_named
from cosmicdeploy.proxy.declared.passes import Switch
from cosmicdeploy.settings import Restart


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


def proxy_settings(survey: Survey, roles: Roles, chosen: Chosen) -> Iterator[Setting]:
    """Yield the files by which the proxy turns clients away or leaves a replica out, if any.

    A key is left out if the configuration names several files for it.
    """
    kind = _kind_of(roles, chosen)
    if chosen.proxy is None or kind is None:
        return
    apps = [name for group in chosen.groups for name in group.services]
    found: dict[str, dict[str, str]] = {"maintenance.file": {}, "proxy.out_of_service": {}}
    for text in roles.texts[chosen.proxy.value]:
        for switch in kind.switches_in(text.text):
            key, file = _setting_of(switch)
            if switch.service in ("", *apps):
                found[key].setdefault(file, text.place_of_line(switch.line))
    drained = [drain_file_of(survey, name) for name in apps]
    if kind.follows_container_health and all(drained):  # all replicas need the same file
        found["proxy.drain_file"] = {each.value: each.evidence for each in drained if each}
    for key, values in found.items():
        if len(values) == 1:
            [(file, place)] = values.items()
            yield setting(key, Fact(value=file, evidence=place))


def proxy_notes(roles: Roles, chosen: Chosen) -> Iterator[Note]:
    """Yield a note if the deployer does not know the proxy."""
    if chosen.proxy is not None and _kind_of(roles, chosen) is None:
        product = roles.servers[chosen.proxy.value].value.product
        yield Note(
            kind="does not hold",
            about=chosen.proxy.value,
            what=f"{product}, which is only observed: no replica is drained, and requests to one"
            " that stops fail unless the proxy repeats them",
            todo="see docs/proxy.md for the load balancers that a deploy takes replicas out of",
        )


def _kind_of(roles: Roles, chosen: Chosen) -> DeclaredKind | None:
    """Return the kind of the proxy; None if there is none, or the deployer does not know it."""
    return kind_named(roles.servers[chosen.proxy.value].value.product) if chosen.proxy else None


def _setting_of(switch: Switch) -> tuple[str, str]:
    """Return the key of the settings for a file, and its value."""
    if not switch.service:
        return "maintenance.file", switch.file
    return "proxy.out_of_service", switch.file.removesuffix(switch.service) + "{service}"


def address_settings(main: Recognized) -> Iterator[Setting]:
    """Yield the address of the stack, if the deployer cannot find it itself."""
    address = main.address
    if address is None:
        return
    url = address.local if address.host is not None else address.url
    if url is not None:
        yield setting("probe.url", url)
    if address.host is not None:
        yield setting("probe.host", address.host)


def _seconds_to_start(survey: Survey, name: str) -> float:
    """Return how long a service may take to become healthy; 0 without a start period.

    The engine's default for interval and timeout is 30 seconds.
    """
    check = survey.services[name].healthcheck
    if check is None or not check.start_period:
        return 0.0
    return check.start_period + (check.interval or 30.0) + (check.timeout or 30.0)
