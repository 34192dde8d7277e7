"""The files of a new shipped stack, where a test without an engine can read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from cosmicdeploy.files import shipped
from cosmicdeploy.layout import LayoutOptions, lay_out
from cosmicdeploy.workspace import read_stack_files

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("password", ["new", "", None])
def test_the_password_of_redis_is_in_no_argument(tmp_path: Path, password: str | None) -> None:
    """A new stack has one; earlier ones have none, or no such line in `.env`."""
    lay_out(tmp_path / "stack", LayoutOptions())
    env = tmp_path / "stack" / ".env"
    [generated] = re.findall(r"^REDIS_PASSWORD=(.+)$", env.read_text(), flags=re.MULTILINE)
    if password != "new":
        line = "" if password is None else "REDIS_PASSWORD=\n"
        env.write_text(re.sub(r"^REDIS_PASSWORD=.*\n", line, env.read_text(), flags=re.MULTILINE))
    _loaded, stack = read_stack_files(tmp_path / "stack" / "cosmicdeploy.yaml")
    redis = stack.services["platform-redis"]
    assert redis.environment["REDISCLI_AUTH"] == (generated if password == "new" else "")
    assert generated not in " ".join(redis.command or ())


def test_nginx_repeats_its_security_headers_where_it_adds_others() -> None:
    text = (shipped.payload() / "nginx" / "default.conf.template").read_text()
    assert "server_tokens off;" in text and "absolute_redirect off;" in text
    server, _, maintenance = text.partition("location @maintenance")
    headers = re.findall(r"add_header (?:X-|Referrer|Content-Sec).*;", server)
    assert len(headers) == 4 and all(header in maintenance for header in headers)


def test_the_example_settings_name_the_password_of_redis() -> None:
    example = yaml.safe_load(shipped.example_settings().read_text())
    assert example["cache"] == {"password_variable": "REDIS_PASSWORD"}
