"""The applications of a stack: their services, what each listens on, and what it answers.

An application is one service or several with the same image, port, health path and release: the
replicas of one another. Most stacks have one application.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from cosmicdeploy.settings.section import Section, Words, without_credentials
from cosmicdeploy.settings.services import Role, Support, named_replicas
from cosmicdeploy.validation import ConflictingKey

# The name of the application that has all services of `services.app` that no other one has.
UNNAMED = "app"
Protocol = Literal["http", "fastcgi", "other"]
# The value of `reached_at` for an application that no client sends requests to.
NOT_REACHED = ""


def _reached_at(value: Any) -> Any:
    if value is False:
        return NOT_REACHED
    if value is not None and not str(value).startswith(("/", "http://", "https://")):
        raise ValueError("must be a path that begins with /, a URL, or false")
    return without_credentials(value)


def _script(path: str) -> str:
    if not (path.startswith("/") and path.endswith(".php")) or ".php/" in path:
        raise ValueError("must be an absolute path that ends in .php")
    return path


class ApplicationKeys(Section):
    """What an application listens on, and what it answers."""

    protocol: Protocol | None = Field(
        default=None,
        description="How a replica is requested: http, fastcgi (php-fpm), or other: then its own"
        " health check alone says whether it is ready; null for what nginx's configuration in the"
        " stack's folder says, else http",
    )
    port: int = Field(
        default=80,
        description="Port that a replica listens on, in its container. Default: 80, for fastcgi"
        " 9000",
    )
    script: Annotated[str, AfterValidator(_script)] | None = Field(
        default=None,
        description="Script in the container that answers the health path over FastCGI; without"
        " it, only a replica without a health check of its own is requested",
    )
    health_path: str = Field(
        default="/api/health", description="Path that answers 200 when a replica is ready"
    )
    reached_at: Annotated[
        str | None,
        BeforeValidator(_reached_at, json_schema_input_type=str | Literal[False] | None),
    ] = Field(
        default=None,
        description="Path or URL at which clients get a 200 from the application; false if no"
        " client sends it requests; null for the health path at the address of the stack",
    )
    release_variable: str = Field(
        default="APP_VERSION",
        description="Name of the build argument and environment variable that hold the release",
    )
    release_header: str | None = Field(
        default=None, description="Response header that holds the release"
    )


def _without_defaults(schema: dict[str, Any]) -> None:
    """Remove the defaults of `App` from the schema: a key that is left out is as in `app`."""
    for each in schema["properties"].values():
        each.pop("default", None)


class OwnApplication(ApplicationKeys):
    """An application with keys of its own; each key that is left out is as in `app`."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    services: Words = Field(
        default=(),
        description="Its services, which `services.app` names too; if there are none, the service"
        " with the name of the application",
    )

    def services_of(self, name: str) -> Words:
        """Return its services, given its name."""
        return self.services or (name,)

    def with_replicas(self, name: str, replicas: Mapping[str, Sequence[str]]) -> OwnApplication:
        """Return a copy with the names of the replicas in place of their service's name."""
        services = named_replicas(self.services_of(name), replicas)
        return self.model_copy(update={"services": services})

    def own_keys(self) -> dict[str, Any]:
        """Return the keys that differ from those of `app`."""
        names = ApplicationKeys.model_fields.keys() & self.model_fields_set
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, kw_only=True)
class Presumed:
    """What the settings leave open about the replicas, and where it was found instead.

    `place` is "file:line" and the directive of nginx; "" if it is a default. `script` is "" if
    it is unknown.
    """

    protocol: Protocol
    port: int
    script: str = ""
    place: str = ""


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
    groups: dict[str, list[str]] = {}
    for service in services:
        groups.setdefault(owners.get(service, UNNAMED), []).append(service)
    keys = {name: getattr(common, name) for name in ApplicationKeys.model_fields}
    return tuple(
        Application.model_construct(
            **{
                **keys,
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
    has_unnamed = name == UNNAMED and not set(services) <= owners.keys()
    is_role = name in (*get_args(Role), *get_args(Support))
    is_other_service = name in services and owners.get(name) != name
    if has_unnamed or is_other_service or (is_role and own[name].services_of(name) != (name,)):
        what = "another service" if is_other_service else "a role"
        raise ConflictingKey(
            f"applications.{name}",
            f"{name!r} is the name of {what}",
            "give the application another name, and name its `services`",
        )
