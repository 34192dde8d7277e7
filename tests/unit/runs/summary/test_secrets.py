"""Secrets of a stack are found wherever it declares them, and masked."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.runs.summary.secrets import longest_first, masked, stack_secrets
from cosmicdeploy.stack.model import Build, BuildSecret, CopiedFile, Service
from tests.unit.settings_of import settings_of

pytestmark = pytest.mark.unit
BUCKET = "of the bucket"


def secrets(variables: dict[str, str] | None = None, **service: Any) -> set[str]:
    """Return the secrets of a stack with a service, whose copies go to an S3 bucket."""
    web = Service(name="web", container_name="web", image="web:1", **service)
    options = {"secret": BUCKET, "profile": "default"}
    more = {
        "backup": {"copies": [{"url": "s3://bucket", "options": options}]},
        "database": {"name": "shop", "password_variable": "ROOT"},
    }
    ctx: Any = SimpleNamespace(
        settings=settings_of({"app": ["web"], "database": "db"}, **more),
        loaded=SimpleNamespace(variables=variables or {}),
        stack=SimpleNamespace(services={"web": web}),
    )
    return set(stack_secrets(ctx))


def test_values_of_variables_with_such_names() -> None:
    variables = {
        "DB_ROOT_PASSWORD": "hunter2hunter2",
        "API_KEY": "abcdefgh",
        "DB_PWD": "pwd-pwd-pwd",
        "PWD": "/srv/shop",
        "MONKEY": "business",
        "SHORT_TOKEN": "abc",
        "GIT_AUTHOR_NAME": "someone",
        "ROOT": "by the settings",
        "DATABASE_URL": "mysql://me:url-password@db/shop",
    }
    own = {BUCKET, "hunter2hunter2", "abcdefgh", "pwd-pwd-pwd", "url-password", "by the settings"}
    assert secrets(variables) == own
    assert secrets(environment=variables) == own
    assert secrets(build=Build(context=Path("/"), args=variables)) == own


def test_options_of_a_destination_are_secret() -> None:
    assert secrets() == {BUCKET}, "the profile is none"


def test_secrets_of_the_compose_file() -> None:
    files = [
        CopiedFile(key="secrets.db", target="/run/secrets/db", content="first line\nsecond line\n"),
        CopiedFile(key="configs.nginx", target="/etc/nginx", content="worker_processes 2"),
    ]
    build = Build(context=Path("/"), secrets=(BuildSecret(id="npm", value="npm-secret"),))
    found = secrets(copied_files=tuple(files), build=build)
    assert found - {BUCKET} == {
        "first line\nsecond line",
        "first line",
        "second line",
        "npm-secret",
    }


def test_a_secret_that_holds_another_is_masked_as_a_whole() -> None:
    assert list(longest_first(["secret", "my secret", "short", ""])) == ["my secret", "secret"]
    assert masked("my secret, secret", longest_first(["secret", "my secret"])) == "***, ***"


def test_user_and_password_in_a_url_are_masked_in_a_text_of_any_length() -> None:
    assert (
        masked("at redis://:pw@cache and http://h:80/", [])
        == "at redis://***@cache and http://h:80/"
    )
    began = time.process_time()
    masked("://" + ":" * 1_000_000 + "://a" * 100_000, [])
    assert time.process_time() - began < 2
