"""Recognize services that keep data, which a deploy must not replace unless the operator asks.

A newer image may convert the data, so that the older image can no longer read it. The deployer can
back up only the configured database.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePath

from cosmicdeploy.stack.model import Mount, Service, Stack

# Words in image names that identify a database, a queue, a search server, an object store or
# another server that keeps data.
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
# Words in image names that identify only a client of such a server, or a part of an application.
_CLIENTS = {
    "admin", "adminer", "api", "app", "backup", "backups", "client", "commander", "console",
    "consumer", "cron", "dashboard", "dashboards", "exporter", "express", "gui", "insight",
    "job", "manager", "migrate", "operator", "producer", "proxy", "service", "sidecar",
    "toolbox", "tools", "ui", "web", "worker",
}  # fmt: skip
# Names of folders in a container whose content may be lost.
_PASSING = {
    ".cache", "__pycache__", "cache", "caches", "log", "logs", "node_modules", "temp", "tmp",
}  # fmt: skip
# Folders of the host that belong to the system, not to a service.
_OF_SYSTEM = ("/proc", "/sys", "/dev", "/run", "/var/run", "/var/lib/docker", "/var/log")


def data_keepers(stack: Stack, application: Collection[str]) -> Mapping[str, str]:
    """Return the services that probably keep data, each with the reason for this assumption.

    `application` names the services of the application. Left out are these services, and others
    that run the same image. A volume that a service shares with the application is no reason.
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
        # The engine creates a source that does not exist yet, as a folder.
        if mount.type == "volume" or _is_folder(Path(mount.source)):
            yield mount


def _is_folder(path: Path) -> bool:
    return path.is_dir() or not path.exists()


def _runs_same_image(service: Service, other: Service) -> bool:
    is_same_build = service.build is not None and service.build == other.build
    return service.image == other.image or is_same_build


def _reason(service: Service, shared: Collection[str]) -> str:
    # A derived image name has words of the project and the service, which may mean anything.
    if service.declares_image and (server := server_of(service.image)):
        return f"its image is {server}"
    for mount in writable_mounts(service):
        if mount.source not in shared and _holds_data(service, mount):
            return f"it keeps data in {mount.target}"
    return ""


def server_of(image: str) -> str:
    """Return the word of an image's name that identifies a known server; "" if there is none."""
    words = words_of(image)
    if _CLIENTS & set(words):
        return ""
    return next((word for word in words if word in _SERVERS), "")


def words_of(image: str) -> list[str]:
    """Return the words of an image's name, without its registry, folders and tag.

    An image that is only called `server` is known by its last folder, as in `mssql/server`.
    """
    path = image.partition("@")[0]
    *folders, last = path.split("/")
    last = last.partition(":")[0]
    return re.split(r"[-_.]", last if last != "server" else "-".join(folders[-1:]))


def _holds_data(service: Service, mount: Mount) -> bool:
    if _PASSING & set(PurePath(mount.target).parts):
        return False
    return mount.type == "volume" or not (_is_of_system(mount) or _is_source(service, mount))


def _is_of_system(mount: Mount) -> bool:
    source = PurePath(mount.source)
    return source == PurePath("/") or any(source.is_relative_to(each) for each in _OF_SYSTEM)


def _is_source(service: Service, mount: Mount) -> bool:
    """Return whether a mounted folder contains the build context of the service's image."""
    return service.build is not None and Path(service.build.context).is_relative_to(mount.source)
