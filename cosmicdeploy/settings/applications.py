"""The applications of a stack: their services, what each listens on, and what it answers.

An application is one service or several with the same image, port, health path and release: the
replicas of one another. Most stacks have one application.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import ConfigDict, Field

from cosmicdeploy.settings.application_keys import NOT_REACHED, ApplicationKeys, Presumed
from cosmicdeploy.settings.section import Words
from cosmicdeploy.settings.services import Role, Support
from cosmicdeploy.validation import ConflictingKey

# The name of the application whose services no entry of `applications` has, if it has several.
UNNAMED = "app"


def _without_defaults(schema: dict[str, Any]) -> None:
    """Remove the defaults of `App` from the schema: a key that is left out is as in `app`."""
    for each in schema["properties"].values():
        each.pop("default", None)


class OwnApplication(ApplicationKeys):
    """An application with keys of its own.

    Each key that is left out is as in `app`, except `reached_at`.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    services: Words = Field(
        default=(),
        description="Its services, which `services.app` names too; if there are none, the service"
        " with the name of the application",
    )

    def services_of(self, name: str) -> Words:
        """Return its services, given its name."""
        return self.services or (name,)

    def own_keys(self) -> dict[str, Any]:
        """Return the keys that differ from those of `app`."""
        names = ApplicationKeys.model_fields.keys() & self.model_fields_set
        return {name: getattr(self, name) for name in names}


class Application(ApplicationKeys):
    """One application: its name, its replicas in the order of a rollout, and its keys.

    `is_main`: it is the first in `services.app`. The console, its migrations and features, the
    heartbeats, the scheduler and the workers are those of the main application.
    """

    name: str
    services: Words
    is_main: bool
    presumed: Presumed | None = None

    @property
    def section(self) -> str:
        """The section of the settings that its keys belong to."""
        return "app" if self.is_main else f"applications.{self.name}"

    @property
    def is_http(self) -> bool:
        """Whether its replicas speak HTTP."""
        return self.protocol in (None, "http")

    @property
    def is_reached(self) -> bool:
        """Whether clients send it requests."""
        return self.reached_at != NOT_REACHED


def of_application(application: Application, every: Sequence[Application]) -> str:
    """Return " of web" for a text about an application; "" if it is the only one."""
    return f" of {application.name}" if len(every) > 1 else ""


def applications_of(
    common: ApplicationKeys,
    own: Mapping[str, OwnApplication],
    services: Words,
    presumed: Mapping[str, Presumed],
) -> tuple[Application, ...]:
    """Return all applications, in the order of their first services; at least one.

    `common` are the keys of `app`, `own` those of `applications`, `services` all application
    services in the order of a rollout. `presumed` has what was found for each application.
    """
    owners = {each: name for name, app in own.items() for each in app.services_of(name)}
    rest = [service for service in services if service not in owners]
    unnamed = rest[0] if len(rest) == 1 else UNNAMED
    groups: dict[str, list[str]] = {}
    for service in services:
        groups.setdefault(owners.get(service, unnamed), []).append(service)
    keys = {name: getattr(common, name) for name in ApplicationKeys.model_fields}
    elsewhere = {"reached_at": None}  # the address in `app` is that of the main application
    return tuple(
        Application.model_construct(
            **{
                **keys,
                **(elsewhere if number else {}),
                **(own[name].own_keys() if name in own else {}),
                **_presumed_keys(presumed.get(name)),
                "name": name,
                "services": tuple(names),
                "is_main": number == 0,
            }
        )
        for number, (name, names) in enumerate(groups.items())
    )


def _presumed_keys(presumed: Presumed | None) -> dict[str, Any]:
    if presumed is None:
        return {}
    return {"presumed": presumed, "protocol": presumed.protocol, "port": presumed.port}


def require_consistent(own: Mapping[str, OwnApplication], services: Words) -> None:
    """Raise `ConflictingKey` if it is unclear which services an application has, or its name."""
    owners: dict[str, str] = {}
    for name, application in own.items():
        key = f"applications.{name}"
        for service in application.services_of(name):
            if service not in services:
                raise ConflictingKey(
                    key,
                    f"services.app does not name its service {service!r}",
                    "add it to services.app, or correct `services` of the application",
                )
            if service in owners:
                raise ConflictingKey(
                    key,
                    f"the application {owners[service]} has the service {service} too",
                    "leave it to one of the two",
                )
            owners[service] = name
    for name in own:
        _require_own_name(name, own, services, owners)


def _require_own_name(
    name: str, own: Mapping[str, OwnApplication], services: Words, owners: Mapping[str, str]
) -> None:
    """Raise `ConflictingKey` if commands could not tell what the application's name means."""
    has_unnamed = name == UNNAMED and len(set(services) - owners.keys()) > 1
    is_role = name in (*get_args(Role), *get_args(Support))
    is_other_service = name in services and owners.get(name) != name
    if has_unnamed or is_other_service or (is_role and own[name].services_of(name) != (name,)):
        what = "another service" if is_other_service else "a role"
        raise ConflictingKey(
            f"applications.{name}",
            f"{name!r} is the name of {what}",
            "give the application another name, and name its `services`",
        )
