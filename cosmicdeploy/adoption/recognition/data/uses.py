"""Recognize which databases the applications use, and name those that are not backed up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Note
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.data.places import read_place
from cosmicdeploy.adoption.recognition.roles.roles import Roles
from cosmicdeploy.adoption.recognition.roles.servers import BACKED_UP
from cosmicdeploy.text.numbers import port_number

# Variables with which applications find their database.
_HOSTS = (
    "DB_HOST", "DATABASE_HOST", "MYSQL_HOST", "MARIADB_HOST", "DBHOST", "WORDPRESS_DB_HOST",
    "POSTGRES_HOST", "PGHOST", "MONGO_HOST",
)  # fmt: skip
_PORTS = ("DB_PORT", "DATABASE_PORT", "MYSQL_PORT", "PGPORT")
URLS = (
    "DATABASE_URL", "DB_URL", "MYSQL_URL", "SQLALCHEMY_DATABASE_URI", "SPRING_DATASOURCE_URL",
    "MONGO_URL", "MONGODB_URI",
)  # fmt: skip
_PRODUCTS = {
    "mariadb": "MariaDB", "mongodb": "MongoDB", "mssql": "SQL Server", "mysql": "MySQL",
    "mysql2": "MySQL", "mysqli": "MySQL", "oracle": "Oracle", "pgsql": "PostgreSQL",
    "postgis": "PostgreSQL", "postgres": "PostgreSQL", "postgresql": "PostgreSQL",
    "sqlite": "SQLite", "sqlite3": "SQLite", "sqlserver": "SQL Server", "sqlsrv": "SQL Server",
}  # fmt: skip
# Servers that keep nothing when they stop.
_FORGETFUL = ("memcached",)


@dataclass(frozen=True)
class Use:
    """A database that an application uses: host, port and product, each "" if it is unknown."""

    host: str
    port: str
    product: str
    evidence: str

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def uses(survey: Survey, roles: Roles) -> Iterator[Use]:
    """Yield the databases that the variables of the applications name."""
    for name in (*roles.applications, *roles.background):
        environment = survey.services[name].environment
        kind = _PRODUCTS.get(environment.get("DB_CONNECTION", ""), "")
        if kind == "SQLite":
            yield Use("", "", kind, survey.environment_place(name, "DB_CONNECTION"))
            continue
        for variable in (each for each in (*_HOSTS, *URLS) if environment.get(each)):
            place = read_place(environment[variable])
            product = _PRODUCTS.get(place.scheme.partition("+")[0], "")
            port = place.port or ("" if variable in URLS else _port(environment))
            if product or variable in _HOSTS:
                evidence = survey.environment_place(name, variable)
                yield Use(place.host, port, product or kind, f"{evidence}, {variable}")


def _port(environment: Mapping[str, str]) -> str:
    ports = (environment[each] for each in _PORTS if each in environment)
    return next((port for port in ports if port_number(port)), "")


def database_notes(survey: Survey, roles: Roles, chosen: str) -> Iterator[Note]:
    """Yield a note for each database and other store that is not backed up; the note names it.

    `chosen` is the service of the database that is backed up; "" for none.
    """
    for name in roles.of_kind("database"):
        product = roles.servers[name].value.product
        if name != chosen:
            beside = f", beside {chosen}," if chosen and product in BACKED_UP else ""
            yield _not_held(name, f"{product}{beside} in the service {name}")
    for name in roles.of_kind("store"):
        product = roles.servers[name].value.product
        if product not in _FORGETFUL:
            yield Note(
                kind="does not hold",
                about=name,
                what=f"{product} keeps data: no backup has it, and no rollback brings it back",
                todo="back it up yourself, unless it can be filled again",
            )
    outside = {use.address or use.product: use for use in uses(survey, roles)}
    for use in outside.values():
        if use.product == "SQLite":
            yield _not_held("", f"SQLite, in a file of the application ({use.evidence})")
        elif not use.host and not roles.of_kind("database"):
            yield _not_held("", f"{use.product or 'a database'}, at the address in {use.evidence}")
        elif use.host and not _is_of_stack(survey, use.host):
            what = use.product or "a database"
            yield _not_held("", f"{what} outside of the stack, at {use.address} ({use.evidence})")


def _not_held(name: str, what: str) -> Note:
    return Note(
        kind="does not hold",
        about=name,
        what=f"{what}: it is not backed up, no migration of it is run or judged, and a rollback"
        " brings neither its schema nor its data back",
        todo="back it up yourself before each deploy, and migrate it as before",
    )


def _is_of_stack(survey: Survey, host: str) -> bool:
    services = survey.services.values()
    aliases = {alias for s in services for each in s.networks for alias in each.aliases}
    links = {link.alias for service in services for link in service.links}
    return host in {*survey.services, *aliases, *links, *(s.container_name for s in services)}
