"""How many worker processes nginx would start, from the mounted files."""

from __future__ import annotations

import os

import pytest

from cosmicdeploy.proxy.nginx import reading
from cosmicdeploy.proxy.nginx.configuration import parse_files

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("file", "text", "workers"),
    [
        ("nginx.conf", "events {}", 1),
        ("nginx.conf", "worker_processes 3;", 3),
        ("nginx.conf", "worker_processes auto;", os.cpu_count()),
        ("conf.d/default.conf", "server {}", os.cpu_count()),
    ],
)
def test_a_main_file_without_the_directive_means_one_worker(
    file: str, text: str, workers: int
) -> None:
    assert reading._declared_workers(parse_files({f"/etc/nginx/{file}": text})) == workers
