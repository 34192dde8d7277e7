"""The applications of a stack: their services, what each listens on, and what it answers.

The services of an application have the same image, port, health path and release: they are its
replicas. Most stacks have one application.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import ConfigDict, Field

from cosmicdeploy.settings.sections.application_keys import NOT_REACHED, ApplicationKeys, Presumed
from cosmicdeploy.settings.sections.section import Words
from cosmicdeploy.settings.sections.services import Role, Support
from cosmicdeploy.validation import ConflictingKey

# The name of the application whose services are in no entry of `applications`. If it has only one
# service, the application has the name of that service instead.
UNNAMED = "app"


def _without_defaults(schema: dict[str, Any]) -> None:
    """Remove the defaults from the JSON schema: a missing key takes its value from `app`."""
    for each in schema["properties"].values():
        each.pop("default", None)


class OwnApplication(ApplicationKeys):
    """An application with keys of its own.

    A key that is left out takes its value from `app`, except `reached_at`, which is then null.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    services: Words = Field(
        default=(),
        description="Services of the application; `services.app` must name them too. Default: the"
        " service with the name of the application",
    )

    def services_of(self, name: str) -> Words:
        """Return the services of this application, whose name is `name`."""
        return self.services or (name,)

    def own_keys(self) -> dict[str, Any]:
        """Return the keys that this application sets itself, without `services`."""
        names = ApplicationKeys.model_fields.keys() & self.model_fields_set
        return {name: getattr(self, name) for name in names}


class Application(ApplicationKeys):
    """One application: its name, its replicas in the order of a rollout, and its keys.

    `is_main` is true for the application of the first service in `services.app`. Only the main
    application has a console, migrations, features, heartbeats, a scheduler and workers.
    `presumed` is what the proxy's files or a default add to the settings; None for nothing.
    """

    name: str
    services: Words
    is_main: bool
    presumed: Presumed | None = None

    @property
    def section(self) -> str:
        """The section of `cosmicdeploy.yaml` that configures this application."""
        return "app" if self.is_main else f"applications.{self.name}"

    @property
    def is_http(self) -> bool:
        """Whether its replicas speak HTTP, which is the default."""
        return self.protocol in (None, "http")

    @property
    def is_reached(self) -> bool:
        """Whether clients send requests to the application."""
        return self.reached_at != NOT_REACHED


def of_application(application: Application, every: Sequence[Application]) -> str:
    """Return " of NAME" for a message about an application; "" if the stack has no other."""
    return f" of {application.name}" if len(every) > 1 else ""


def applications_of(
    common: ApplicationKeys,
    own: Mapping[str, OwnApplication],
    services: Words,
    presumed: Mapping[str, Presumed],
) -> tuple[Application, ...]:
    """Return all applications, in the order of their first services; at least one.

    `common` holds the keys of the section `app`, and `own` the entries of `applications`.
    `services` are the services of all applications, in the order of a rollout. `presumed` holds,
    by application, what the settings leave open.
    """
    owners = {each: name for name, app in own.items() for each in app.services_of(name)}
    rest = [service for service in services if service not in owners]
    unnamed = rest[0] if len(rest) == 1 else UNNAMED
    groups: dict[str, list[str]] = {}
    for service in services:
        groups.setdefault(owners.get(service, unnamed), []).append(service)
    keys = {name: getattr(common, name) for name in ApplicationKeys.model_fields}
    no_address = {"reached_at": None}  # the address in `app` is that of the main application
    # The values were validated with the settings, so they are not validated again.
    return tuple(
        Application.model_construct(
            **{
                **keys,
                **(no_address if number else {}),
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
    """Raise `ConflictingKey` if an application's services or name are unknown or ambiguous.

    Each service must be in `services.app` and in one application only. The name of an application
    must not be the name of a role or of another service.
    """
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
                    "name the service in only one of the two",
                )
            owners[service] = name
    for name in own:
        _require_own_name(name, own, services, owners)


def _require_own_name(
    name: str, own: Mapping[str, OwnApplication], services: Words, owners: Mapping[str, str]
) -> None:
    """Raise `ConflictingKey` if the application's name also means a role or another service."""
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
