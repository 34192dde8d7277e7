"""Recognize servers that are no part of the application: databases, caches, proxies, helpers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from cosmicdeploy.adoption.facts import Fact, first_fact
from cosmicdeploy.adoption.reading.declared import one_line
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.stack.data_keepers import server_of, words_of

Kind = Literal["database", "cache", "proxy", "store", "helper"]


@dataclass(frozen=True)
class Server:
    """A known server: what it is, and the name of the product for people."""

    kind: Kind
    product: str


MYSQL, MARIADB, POSTGRESQL = "MySQL", "MariaDB", "PostgreSQL"
# The products that cosmicdeploy backs up, migrates and restores.
BACKED_UP = (MYSQL, MARIADB)

# Words in names of images → products.
_DATABASES = {
    "cassandra": "Cassandra", "clickhouse": "ClickHouse", "cockroach": "CockroachDB",
    "cockroachdb": "CockroachDB", "couchdb": "CouchDB", "ferretdb": "FerretDB",
    "firebird": "Firebird", "influxdb": "InfluxDB", "mariadb": MARIADB, "mongo": "MongoDB",
    "mongodb": "MongoDB", "mssql": "SQL Server", "mysql": MYSQL, "neo4j": "Neo4j",
    "oracle": "Oracle", "percona": MYSQL, "pgvector": POSTGRESQL, "postgis": POSTGRESQL,
    "postgres": POSTGRESQL, "postgresql": POSTGRESQL, "rethinkdb": "RethinkDB",
    "scylla": "ScyllaDB", "surrealdb": "SurrealDB", "tidb": "TiDB", "timescaledb": POSTGRESQL,
}  # fmt: skip
# Servers that speak Redis's protocol.
_CACHES = {"dragonfly": "Dragonfly", "keydb": "KeyDB", "redis": "Redis", "valkey": "Valkey"}
_PROXIES = {
    "caddy": "Caddy", "envoy": "Envoy", "haproxy": "HAProxy", "httpd": "Apache", "kong": "Kong",
    "nginx": "nginx", "openresty": "nginx", "swag": "nginx", "traefik": "Traefik",
    "varnish": "Varnish",
}  # fmt: skip
# Words in names of images that have a web server for the application inside, or only observe one.
_NO_PROXY = {"app", "exporter", "fpm", "nextjs", "php", "prometheus", "ui", "unit", "wordpress"}
_HELPERS = {
    "adminer", "alertmanager", "alloy", "autoheal", "blackbox", "browserless", "cadvisor",
    "certbot", "cloudflared", "companion", "coturn", "crowdsec", "dozzle", "exporter", "filebeat",
    "fluentbit", "fluentd", "flower", "gotenberg", "gotify", "grafana", "imgproxy", "jaeger",
    "kibana", "letsencrypt", "logstash", "loki", "maildev", "mailcatcher", "mailhog", "mailpit",
    "metricbeat", "netdata", "ngrok", "ofelia", "opentelemetry", "pgadmin", "pgadmin4",
    "phpmyadmin", "phpredisadmin", "playwright", "portainer", "prometheus", "promtail",
    "redisinsight", "selenium", "smtp4dev", "socket", "swagger", "tailscale", "telegraf", "tika",
    "uptime", "vector", "watchtower", "wireguard", "zipkin",
}  # fmt: skip
# First words of command lines.
_PROGRAMS: Mapping[str, Server] = {
    "caddy": Server("proxy", "Caddy"),
    "envoy": Server("proxy", "Envoy"),
    "haproxy": Server("proxy", "HAProxy"),
    "mariadbd": Server("database", MARIADB),
    "mongod": Server("database", "MongoDB"),
    "mysqld": Server("database", MYSQL),
    "nginx": Server("proxy", "nginx"),
    "postgres": Server("database", POSTGRESQL),
    "redis-server": Server("cache", "Redis"),
    "traefik": Server("proxy", "Traefik"),
    "valkey-server": Server("cache", "Valkey"),
}
# Tools on the application's own image, by their command lines.
_TOOLS = re.compile(r"\b(celery)\b.{0,200}?\b(flower)\b|\b(rq-dashboard)\b")
# Variables with which the official images of MySQL and MariaDB are set up, and their data folder.
_MYSQL_PREFIXES, _MYSQL_DATA = ("MARIADB_", "MYSQL_"), "/var/lib/mysql"
_ROOT = ("ROOT_PASSWORD", "ROOT_PASSWORD_FILE", "RANDOM_ROOT_PASSWORD", "ALLOW_EMPTY_PASSWORD")


def known_server(survey: Survey, name: str) -> Fact[Server] | None:
    """Return which known server a service is; None for everything else."""
    return first_fact(
        (
            lambda: _by_image(survey, name),
            lambda: _by_data(survey, name),
            lambda: _by_program(survey, name),
            lambda: _by_tool(survey, name),
        )
    )


def server_of_image(image: str) -> Server | None:
    """Return which server an image is, by the words of its name; None for everything else."""
    words = set(words_of(image))
    word = server_of(image)
    if word in _DATABASES:
        return Server("database", _DATABASES[word])
    if word in _CACHES:
        return Server("cache", _CACHES[word])
    if word:
        return Server("store", word)
    if helper := _first(words, _HELPERS):
        return Server("helper", helper)
    proxy = "" if words & _NO_PROXY else _first(words, _PROXIES)
    return Server("proxy", _PROXIES[proxy]) if proxy else None


def _first(words: Iterable[str], known: Iterable[str]) -> str:
    return next((word for word in known if word in set(words)), "")


def _by_image(survey: Survey, name: str) -> Fact[Server] | None:
    service = survey.services[name]
    for image in survey.images[name].names:
        if (server := server_of_image(image)) is not None:
            key = "image" if service.declares_image else "build"
            evidence = f"{survey.place(name, key)}, image {one_line(image)}"
            return Fact(value=server, evidence=evidence)
    return None


def _by_data(survey: Survey, name: str) -> Fact[Server] | None:
    """Recognize MySQL and MariaDB in an image of another name by how it is set up."""
    service = survey.services[name]
    if all(mount.target != _MYSQL_DATA for mount in service.mounts):
        return None
    for prefix in _MYSQL_PREFIXES:
        for key in _ROOT:
            if prefix + key in service.environment:
                product = MARIADB if prefix == "MARIADB_" else MYSQL
                evidence = survey.environment_place(name, prefix + key)
                return Fact(
                    value=Server("database", product), evidence=f"{evidence}, {prefix}{key}"
                )
    return None


def _by_program(survey: Survey, name: str) -> Fact[Server] | None:
    command = survey.command(name)
    program = PurePosixPath(command.value.partition(" ")[0]).name
    server = _PROGRAMS.get(program)
    return Fact(value=server, evidence=f"{command.evidence}, runs {program}") if server else None


def _by_tool(survey: Survey, name: str) -> Fact[Server] | None:
    command = survey.command(name)
    match = _TOOLS.search(command.value)
    if match is None:
        return None
    words = " … ".join(filter(None, match.groups()))
    return Fact(value=Server("helper", words), evidence=f"{command.evidence}, `{words}`")
