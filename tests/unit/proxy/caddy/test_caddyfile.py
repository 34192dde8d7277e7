"""A Caddyfile means what Caddy itself would read in it, as far as requests to replicas go."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cosmicdeploy.proxy.caddy.adapted import adapted
from cosmicdeploy.proxy.caddy.caddyfile import parse
from cosmicdeploy.proxy.caddy.process import Json
from cosmicdeploy.proxy.caddy.routes import checked_files, reverse_proxies

pytestmark = pytest.mark.unit
MANY = "9" * 5000
PAGE = Path(__file__).parents[4] / "docs" / "caddy.md"


def read(text: str) -> Json:
    return adapted(parse(text, "Caddyfile"))


def test_the_documented_file_takes_each_replica_out_by_its_flag_file() -> None:
    [documented, *_] = re.findall(r"```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    configuration = read(documented)
    without_1, without_2, every = reverse_proxies(configuration)
    assert (without_1.files, without_1.hosts) == (("/run/cosmicdeploy/out/app-1",), {"app-2"})
    assert (without_2.files, without_2.hosts) == (("/run/cosmicdeploy/out/app-2",), {"app-1"})
    assert (every.files, every.try_duration, every.fail_duration) == ((), 5, 1)
    assert every.dial_timeout == 0.5, "from the imported snippet"
    assert "/run/cosmicdeploy/maintenance" in checked_files(configuration)


def test_health_checks_and_places_are_found() -> None:
    [found] = reverse_proxies(
        read(
            ":80 {\n\treverse_proxy {\n\t\tto http://app-1:8000 app-2\n\t\thealth_uri /up\n"
            "\t\thealth_interval 500ms\n\t\thealth_timeout 400ms\n\t\thealth_fails 2\n\t}\n}\n"
        )
    )
    assert found.upstreams == ("app-1:8000", "app-2:80")
    assert (found.health_uri, found.noticed_within) == ("/up", pytest.approx(1.4))
    assert found.place == "Caddyfile:2"


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("shop.example\nlog {\n}\nreverse_proxy app:80\n", {"app"}),
        ("import others/*\n:80 {\n  reverse_proxy app:80\n}\n", {"app"}),
        (":80 {\n  reverse_proxy /api/* app:80 # other:80\n}\n", {"app"}),
        (":80 {\n  reverse_proxy `app:80` \"b:80\" \\\n  c:80\n}\n", {"app", "b", "c"}),
        (":80 {\n  reverse_proxy {\n    dynamic a app 80\n  }\n}\n", {"app"}),
        (":80 {\n  reverse_proxy {\n    dynamic a {\n    name app\n    port 80\n    }\n  }\n}\n",
         {"app"}),
        (":80 {\n  handle_path /a/* {\n    route {\n      reverse_proxy app:80\n    }\n  }\n}\n",
         {"app"}),
        ("# :80 {\n", set()),
        ("", set()),
    ],
)  # fmt: skip
def test_each_way_to_write_an_upstream(text: str, hosts: set[str]) -> None:
    assert {host for each in reverse_proxies(read(text)) for host in each.hosts} == hosts


@pytest.mark.parametrize(
    ("matcher", "files"),
    [
        ("@out file {\n    root /run\n    try_files /out\n  }", {"/run/out"}),
        ("root * /run\n  @out file /out", {"/run/out"}),
        ("@out {\n    file {\n      root /run\n      try_files /out\n    }\n  }", {"/run/out"}),
        ("@out path /out", set()),
        ("@out not file /out", set()),
        ("@out file /out", set()),
    ],
)
def test_a_matcher_looks_for_a_file_only_in_a_known_folder(matcher: str, files: set[str]) -> None:
    text = f":80 {{\n  {matcher}\n  reverse_proxy @out app:80\n}}\n"
    assert checked_files(read(text)) == files


@pytest.mark.parametrize(
    "text",
    [
        "{" * 5000,
        "a {\n" * 5000,
        "}\n" * 5000,
        '":80 {',
        "\x1b[2J\x00",
        "(a) {\n import b\n import b\n}\n(b) {\n import a\n import a\n}\n:80 {\n import a\n}\n",
        "reverse_proxy\nto\nhandle {\nreverse_proxy @x\n}\n",
        f":80 {{\n reverse_proxy app:{MANY} {{\n health_fails {MANY}\n }}\n}}\n",
    ],
)
def test_hostile_files_are_harmless(text: str) -> None:
    configuration = read(text)
    reverse_proxies(configuration)
    checked_files(configuration)
