"""A changed file that nginx has mounted is loaded by a deploy, or named if that cannot be."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.stack.stacks.behind_nginx.fronted import NGINX, Fronted, fronted

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    """Release 1, running."""
    with fronted(tmp_path_factory.mktemp("mounted")) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def test_a_changed_configuration_is_loaded_without_a_new_container(up: Fronted) -> None:
    before = up.ids()
    assert up.conf() == "1" and up.cli("deploy", "--json").report["outcome"] == "unchanged"
    os.utime(up.folder / "nginx.conf")
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged", "only its times changed"
    up.write_proxy("2")
    assert "nginx.conf changed" in up.cli("status").stdout
    planned = up.cli("deploy", "--plan", "--json")
    assert planned.outcomes["reload"] == "planned" and up.conf() == "1"
    assert planned.outcomes["backup"] != "planned", "no data are touched"
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert (up.conf(), up.ids()) == ("2", before)
    assert (done.outcomes["reload"], done.report["requests"]["failed"]) == ("changed", 0)
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"
    up.write_proxy("3")
    up.compose("exec", "-T", "nginx", "nginx", "-s", "reload")
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged", "loaded by hand"
    up.compose("up", "-d")
    assert up.ids() == before, "Compose finds nothing to recreate"


def test_a_configuration_that_nginx_refuses_fails_before_anything_is_replaced(up: Fronted) -> None:
    before, conf = up.ids(), up.conf()
    up.write(release="2")
    up.write_proxy("4", NGINX.replace("listen 80;", "listen 80;\n    serve all;"))
    failed = up.cli("deploy", "--json")
    assert failed.code != 0, failed.stdout
    assert 'unknown directive "serve" in /etc/nginx/conf.d/default.conf:9' in str(
        failed.report["error"]
    )
    assert (up.ids(), up.conf(), up.answering_release()) == (before, conf, "1")
    up.write(release="1")
    up.write_proxy(conf)
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"


def test_a_file_in_the_place_of_another_is_named_and_applied_if_included(up: Fronted) -> None:
    before, conf = up.ids(), up.conf()
    up.replace_proxy("5")
    done = up.cli("deploy", "--json")
    assert done.code == 0 and done.report["outcome"] == "unchanged", done.stdout
    assert (up.ids(), up.conf()) == (before, conf)
    assert "replaced on the host" in done.reason("reload")
    [notice] = [each for each in done.report["notices"] if each["service"] == "nginx"]
    assert "nginx.conf was replaced on the host" in notice["what"]
    rows = {row["service"]: row for row in up.cli("status", "--json").report["data"]}
    assert "replaced on the host" in rows["nginx"]["drift"]
    included = up.cli("deploy", "--include", "proxy", "--json")
    assert included.code == 0, included.stdout
    assert up.conf() == "5"
    assert {n for n in before if up.ids()[n] != before[n]} == {"nginx"}
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"


def test_a_store_without_a_role_is_replaced_only_if_included_and_keeps_its_data(
    up: Fronted,
) -> None:
    up.compose("exec", "-T", "kv", "redis-cli", "set", "word", "kept")
    up.compose("exec", "-T", "kv", "redis-cli", "save")
    before = up.ids()
    up.write(release="1", mem_limit="128m")
    done = up.cli("deploy", "--json")
    assert done.code == 0 and up.ids() == before, done.stdout
    [notice] = [each for each in done.report["notices"] if each["service"] == "kv"]
    assert "mem_limit added" in notice["what"] and "no backup has its data" in notice["what"]
    refused = up.cli("deploy", "--include", "kv")
    assert refused.code == 2 and "add --yes" in refused.stderr, refused.stderr
    included = up.cli("deploy", "--include", "kv", "--yes", "--json")
    assert included.code == 0, included.stdout
    assert {n for n in before if up.ids()[n] != before[n]} == {"kv"}
    assert "kept" in up.compose("exec", "-T", "kv", "redis-cli", "get", "word")
    assert included.report["requests"]["failed"] == 0


def test_a_store_that_does_not_start_any_more_is_put_back(up: Fronted) -> None:
    before = up.ids()
    up.write(release="1", mem_limit="128m", command=["redis-server", "--no-such-option"])
    failed = up.cli("deploy", "--include", "kv", "--yes", "--json")
    assert failed.code == 1, failed.stdout
    assert up.ids() == before
    assert "kept" in up.compose("exec", "-T", "kv", "redis-cli", "get", "word")
