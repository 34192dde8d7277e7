"""A proxy that the stack builds is replaced if it is included, and goes back with the release."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.stack.stacks.behind_nginx.fronted import Fronted, fronted

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    """Release 1, running."""
    with fronted(tmp_path_factory.mktemp("built")) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


@pytest.mark.torture
def test_the_proxy_is_built_and_replaced_only_if_it_is_included(up: Fronted) -> None:
    before = up.ids()
    assert up.asset() == "release 1"
    up.compose("up", "-d")
    assert up.ids() == before, "Compose finds nothing to recreate"
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"

    up.write(release="2")
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert done.report["requests"]["failed"] == 0
    after = up.ids()
    assert {name for name in after if after[name] != before[name]} == {"app-1", "app-2"}
    assert (up.answering_release(), up.asset()) == ("2", "release 1")
    [notice] = [each for each in done.report["notices"] if each["service"] == "nginx"]
    assert "sources, arguments or base changed" in notice["what"]
    assert "no request is served between its stop and its start" in notice["what"]
    assert notice["todo"] == "`cosmicdeploy deploy --include nginx`"

    planned = up.cli("deploy", "--include", "nginx", "--plan", "--json").reason("rollout")
    assert "nginx: no request is served between its stop and its start (at most" in planned
    included = up.cli("deploy", "--include", "nginx", "--json")
    assert included.code == 0, included.stdout
    assert (up.asset(), up.answering_release()) == ("release 2", "2")
    [gap] = included.report["gaps"]
    assert gap["service"] == "nginx" and 0 < gap["seconds"] < gap["at_most_seconds"]
    requests = included.report["requests"]
    assert (requests["failed"], requests["broken"]) == (0, "")
    assert requests["announced"] == gap["failed"]
    assert {name for name in after if after[name] != up.ids()[name]} == {"nginx"}
    assert up.cli("deploy", "--include", "nginx", "--json").report["outcome"] == "unchanged"
    last = up.ids()
    up.compose("up", "-d")
    assert up.ids() == last


def test_a_proxy_that_would_not_start_is_never_stopped(up: Fronted) -> None:
    before, starts, asset = up.ids(), up.starts(), up.asset()
    up.write(release="3")
    (up.folder / "extra.conf").write_text("serve all;\n")
    failed = up.cli("deploy", "--include", "nginx", "--json")
    assert failed.code == 1, failed.stdout
    assert 'unknown directive "serve" in /etc/nginx/conf.d/extra.conf:1' in str(
        failed.report["error"]
    )
    assert failed.report["requests"]["failed"] == 0 and not failed.report["gaps"]
    assert (up.ids(), up.starts(), up.asset()) == (before, starts, asset)


@pytest.mark.torture
def test_a_proxy_that_answers_wrongly_is_put_back(up: Fronted) -> None:
    before, asset, release = up.ids(), up.asset(), up.answering_release()
    up.write(release="4")
    (up.folder / "extra.conf").write_text("server { listen 80 default_server; return 500; }\n")
    failed = up.cli("deploy", "--include", "nginx", "--json")
    assert failed.code == 1, failed.stdout
    what = failed.report["error"]["what"]
    assert what == "Clients are not served by the new proxy as before: status 500"
    assert (up.ids(), up.asset(), up.answering_release()) == (before, asset, release)
    requests, [gap] = failed.report["requests"], failed.report["gaps"]
    assert (requests["failed"], requests["broken"]) == (0, "")
    assert requests["announced"] == gap["failed"] > 0


@pytest.mark.torture
def test_application_and_assets_go_back_together(up: Fronted) -> None:
    up.write(release="2")
    assert up.cli("deploy", "--include", "nginx", "--json").code == 0
    listed = up.cli("rollback", "--json").report["data"]
    first = [row["backup"] for row in listed if row["release"] == "1"][-1]
    left = up.cli("rollback", "--to", first, "--yes", "--json")
    assert left.code == 0, left.stdout
    assert "nginx keeps running its newer image" in str(left.report["warnings"])
    assert (up.answering_release(), up.asset()) == ("1", "release 2")
    assert up.cli("deploy", "--json").code == 0
    back = up.cli("rollback", "--to", first, "--include", "nginx", "--yes", "--json")
    assert back.code == 0, back.stdout
    assert (up.answering_release(), up.asset()) == ("1", "release 1")
    assert back.report["requests"]["failed"] == 0 and back.report["gaps"]
    before = up.ids()
    up.compose("up", "-d")
    assert up.ids() == before


@pytest.mark.torture
@pytest.mark.parametrize("again", [("deploy", "--abort"), ("deploy",)])
def test_a_kill_while_the_proxy_is_replaced_leaves_nothing_half_done(
    up: Fronted, again: tuple[str, ...]
) -> None:
    up.write(release="1")
    assert up.cli("deploy", "--include", "nginx", "--json").code == 0
    before, name = up.ids(), f"{up.project}-nginx-1"
    up.write(release=f"5-{len(again)}")
    process, engine = up.start("deploy", "--include", "nginx"), up.open().engine
    until = time.monotonic() + 120
    while (now := engine.container(name)) is not None and now.id == before["nginx"]:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    done = up.cli(*again, "--json")
    assert done.code == 0, done.stdout
    if again == ("deploy",):  # it includes the same services as the killed run
        assert (up.asset(), up.answering_release()) == ("release 5-1", "5-1")
    else:
        assert (up.ids(), up.asset(), up.answering_release()) == (before, "release 1", "1")
    names = {each.name for each in engine.containers(up.project)}
    assert names == {f"{up.project}-{n}-1" for n in ("app-1", "app-2", "kv", "nginx")}
