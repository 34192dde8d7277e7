"""Which services keep data, so that a deploy does not replace them unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.stack.data_keepers import data_keepers
from cosmicdeploy.stack.model import Stack

pytestmark = pytest.mark.unit

FILE = """
services:
  app: {{image: shop/app, volumes: ["uploads:/srv/uploads", "./shared:/shared"]}}
  other: {{{keys}}}
volumes: {{uploads: , own: }}
"""


@pytest.mark.parametrize(
    "image",
    [
        "postgres:16",
        "postgis/postgis:16-3.4",
        "bitnami/postgresql",
        "timescale/timescaledb-ha:pg16",
        "registry.example:5000/base/mariadb@sha256:" + "0" * 64,
        "mcr.microsoft.com/mssql/server:2022-latest",
        "confluentinc/cp-kafka",
        "minio/minio",
        "redis:7-alpine",
        "docker.elastic.co/elasticsearch/elasticsearch:8.1",
    ],
)
def test_a_known_server_keeps_data(stack_of: Callable[..., Stack], image: str) -> None:
    stack = stack_of(FILE.format(keys=f"image: '{image}'"))
    assert data_keepers(stack, ["app"])["other"].startswith("its image is ")


@pytest.mark.parametrize(
    "image",
    ["redis-commander", "mongo-express", "prom/mysqld-exporter", "shop/redis-worker", "minio/mc"],
)
def test_a_client_of_a_server_keeps_none(stack_of: Callable[..., Stack], image: str) -> None:
    assert not data_keepers(stack_of(FILE.format(keys=f"image: {image}")), ["app"])


def test_a_derived_name_of_an_image_means_nothing(stack_of: Callable[..., Stack]) -> None:
    file = "services:\n  app: {image: a}\n  mysql-report: {build: ./report}\n"
    assert not data_keepers(stack_of(file), ["app"])


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("image: x, volumes: ['own:/data']", "it keeps data in /data"),
        ("build: ./x, volumes: ['own:/data']", "it keeps data in /data"),
        ("image: x, volumes: ['./own:/data']", "it keeps data in /data"),
        ("image: x, volumes: ['own:/data:ro']", ""),
        ("image: x, volumes: ['uploads:/data']", ""),
        ("image: x, volumes: ['./shared:/data']", ""),
        ("image: x, volumes: ['own:/var/log/x', './c:/srv/cache']", ""),
        ("image: x, volumes: ['/var/run/docker.sock:/var/run/docker.sock', '/:/host']", ""),
        ("image: x, tmpfs: /data", ""),
        ("build: ., volumes: ['.:/srv']", ""),
        ("image: shop/app, volumes: ['own:/data']", ""),
        ("image: x, volumes: ['./compose.yml:/etc/compose.yml']", ""),
    ],
)
def test_a_writable_volume_of_its_own_is_data(
    stack_of: Callable[..., Stack], keys: str, reason: str
) -> None:
    stack = stack_of(FILE.format(keys=keys))
    assert data_keepers(stack, ["app"]) == ({"other": reason} if reason else {})


def test_a_service_with_the_build_of_the_application_belongs_to_it(
    stack_of: Callable[..., Stack], tmp_path: Path
) -> None:
    file = "services:\n  app: {build: .}\n  ws: {build: ., volumes: ['own:/data']}\n"
    assert not data_keepers(stack_of(file + "volumes: {own: }\n"), ["app"])
