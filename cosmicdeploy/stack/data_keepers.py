"""Recognize services that keep data, which a deploy must not replace unasked.

A newer image may change the data so that the older one cannot read it any more, and for no service
but the configured database does the deployer know how to back it up.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePath

from cosmicdeploy.stack.model import Mount, Service, Stack

# Words in the name of an image of a database, a queue, a search server or an object store.
_SERVERS = {
    "activemq", "aerospike", "arangodb", "artemis", "beanstalkd", "cassandra", "chroma",
    "clickhouse", "cockroach", "cockroachdb", "consul", "couchbase", "couchdb", "dgraph",
    "dragonfly", "elasticsearch", "emqx", "etcd", "eventstore", "ferretdb", "firebird",
    "foundationdb", "immudb", "influxdb", "kafka", "keydb", "mariadb", "meilisearch",
    "memcached", "memgraph", "milvus", "minio", "mongo", "mongodb", "mosquitto", "mssql",
    "mysql", "nats", "neo4j", "nsq", "opensearch", "oracle", "percona", "pgvector", "postgis",
    "postgres", "postgresql", "pulsar", "qdrant", "questdb", "rabbitmq", "ravendb", "redis",
    "redpanda", "rethinkdb", "scylla", "seaweedfs", "solr", "surrealdb", "tarantool", "tidb",
    "timescaledb", "typesense", "valkey", "vault", "weaviate", "zookeeper",
}  # fmt: skip
# Words in the name of an image that only talks to such a server, or is of the stack itself.
_CLIENTS = {
    "admin", "adminer", "api", "app", "backup", "backups", "client", "commander", "console",
    "consumer", "cron", "dashboard", "dashboards", "exporter", "express", "gui", "insight",
    "job", "manager", "migrate", "operator", "producer", "proxy", "service", "sidecar",
    "toolbox", "tools", "ui", "web", "worker",
}  # fmt: skip
# Folders in a container whose content may be lost.
_PASSING = {
    ".cache", "__pycache__", "cache", "caches", "log", "logs", "node_modules", "temp", "tmp",
}  # fmt: skip
# Folders of the host that belong to the system, not to a service.
_OF_SYSTEM = ("/proc", "/sys", "/dev", "/run", "/var/run", "/var/lib/docker", "/var/log")


def data_keepers(stack: Stack, application: Collection[str]) -> Mapping[str, str]:
    """Return the services that keep data, by name, each with the reason to think so.

    `application` are the services of the application: neither they nor services that run their
    image are among them, nor is a service whose only volumes are theirs.
    """
    own = [stack.services[name] for name in application]
    shared = {mount.source for service in own for mount in service.mounts}
    return {
        name: reason
        for name, service in stack.services.items()
        if not any(_runs_same_image(service, each) for each in own)
        and (reason := _reason(service, shared))
    }


def writable_mounts(service: Service) -> Iterator[Mount]:
    """Yield the volumes and the folders of the host that the service may write to."""
    for mount in service.mounts:
        if mount.read_only or not mount.source or mount.type == "tmpfs":
            continue
        # The engine creates a folder of the host that does not exist yet.
        if mount.type == "volume" or _is_folder(Path(mount.source)):
            yield mount


def _is_folder(path: Path) -> bool:
    return path.is_dir() or not path.exists()


def _runs_same_image(service: Service, other: Service) -> bool:
    is_same_build = service.build is not None and service.build == other.build
    return service.image == other.image or is_same_build


def _reason(service: Service, shared: Collection[str]) -> str:
    # A derived name has the words of the project and of the service, which may mean anything.
    if service.declares_image and (server := _server(service.image)):
        return f"its image is {server}"
    for mount in writable_mounts(service):
        if mount.source not in shared and _holds_data(service, mount):
            return f"it keeps data in {mount.target}"
    return ""


def _server(image: str) -> str:
    """Return the word that makes an image a known server; "" if it is none."""
    path = image.partition("@")[0]
    *folders, last = path.split("/")
    last = last.partition(":")[0]
    words = re.split(r"[-_.]", last if last != "server" else "-".join(folders[-1:]))
    if _CLIENTS & set(words):
        return ""
    return next((word for word in words if word in _SERVERS), "")


def _holds_data(service: Service, mount: Mount) -> bool:
    if _PASSING & set(PurePath(mount.target).parts):
        return False
    return mount.type == "volume" or not (_is_of_system(mount) or _is_source(service, mount))


def _is_of_system(mount: Mount) -> bool:
    source = PurePath(mount.source)
    return source == PurePath("/") or any(source.is_relative_to(each) for each in _OF_SYSTEM)


def _is_source(service: Service, mount: Mount) -> bool:
    """Return whether a mounted folder is what the service's image is built from."""
    return service.build is not None and Path(service.build.context).is_relative_to(mount.source)
