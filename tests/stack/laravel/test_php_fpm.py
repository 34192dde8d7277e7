"""php-fpm in its own container: readiness by FastCGI, and the static files of each release."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator

import pytest

from tests.stack.stacks.one_app import stack_of_kind
from tests.stack.stacks.php.php_fpm import BY_ENTRYPOINT, PhpFpm

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PhpFpm]:
    """Release 1, running."""
    with stack_of_kind(tmp_path_factory.mktemp("fpm"), PhpFpm) as stack:
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        yield stack


def deploy(stack: PhpFpm, release: str) -> PhpFpm:
    """Deploy a release, and return the stack; a release that already runs is not changed."""
    stack.write(release)
    done = stack.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    return stack


def set_aside(stack: PhpFpm) -> list[str]:
    """Return the volume's folders in which a run keeps replaced files for its undo."""
    ctx = stack.open()
    names = ctx.engine.exec(ctx.running("app").id, ["ls", "-A", "/srv/public"]).text.split()
    return [name for name in names if name.startswith(".cosmicdeploy-")]


def test_a_release_adds_its_static_files_and_keeps_those_of_earlier_releases(up: PhpFpm) -> None:
    deploy(up, "1")
    assert up.serving() == ("1", "1")
    nginx = up.open().running("nginx").id
    up.write("2")
    plan = up.cli("deploy", "--plan", "--json")
    assert plan.code == 0, plan.stdout
    assert f"{up.project}_public" in plan.reason("static-files")
    assert "fastcgi_pass" in str(plan.report["notices"])
    assert up.serving() == ("1", "1"), "a plan changes nothing"
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stdout
    assert up.serving() == ("2", "2")
    assert up.has_script("1") and up.has_script("2")
    assert set_aside(up) == [], "no files are left that were kept for an undo"
    assert up.open().running("nginx").id == nginx
    again = up.cli("deploy", "--json")
    assert set(again.outcomes.values()) == {"passed", "unchanged"}, again.stdout
    before = up.app_id()
    up.compose("up", "-d")
    assert up.app_id() == before, "Compose finds nothing to recreate"
    assert up.cli("verify").code == 0


@pytest.mark.torture
def test_a_release_that_fails_in_its_trial_touches_nothing(up: PhpFpm) -> None:
    deploy(up, "2")
    before, files = up.app_id(), up.volume()
    up.write("3-bad")
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    assert "preflight" in failed.report["error"]["where"]
    assert "500" in str(failed.report["error"]["details"])
    assert (up.app_id(), up.volume(), up.serving()) == (before, files, ("2", "2"))
    assert failed.report["requests"]["failed"] == 0


def test_a_release_that_fails_after_its_trial_leaves_the_volume_exactly_as_it_was(
    up: PhpFpm,
) -> None:
    deploy(up, "2")
    ctx = up.open()
    assert ctx.engine.exec(ctx.running("app").id, ["touch", "/srv/public/broken"]).exit_code == 0
    before, files = up.app_id(), up.volume()
    up.write("4-late")
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    assert failed.outcomes["static-files"] == "undone", failed.outcomes
    assert (up.app_id(), up.volume(), up.serving()) == (before, files, ("2", "2"))
    assert set_aside(up) == []
    ctx.engine.exec(ctx.running("app").id, ["rm", "/srv/public/broken"])


@pytest.mark.torture
def test_a_rollback_restores_the_application_and_its_static_files(up: PhpFpm) -> None:
    deploy(up, "1")
    deploy(up, "2")
    back = up.cli("rollback", "--to", "1", "--yes", "--json")
    assert back.code == 0, back.stdout
    assert up.serving() == ("1", "1")


@pytest.mark.torture
def test_http_on_the_port_of_php_fpm_is_refused_before_anything_is_touched(up: PhpFpm) -> None:
    deploy(up, "2")
    before = up.app_id()
    up.write("5", more="protocol: http, port: 9000")
    refused = up.cli("deploy", "--json")
    assert refused.code == 2, refused.stdout
    assert "by fastcgi_pass" in refused.report["error"]["what"]
    (up.folder / "nginx.conf").write_text("")
    refused = up.cli("deploy", "--plan", "--json")
    assert refused.code == 2, refused.stdout
    assert "speaks FastCGI, not HTTP" in refused.report["error"]["what"]
    assert up.app_id() == before


def killed(stack: PhpFpm, count: int) -> bool:
    """Run a deploy that is killed after its `count`-th record; return whether it was killed."""
    process = stack.start(str(count), "deploy", module="tests.stack.support.processes.killed")
    out, err = process.communicate(timeout=100)
    code = process.wait()
    assert code in (0, -signal.SIGKILL), (count, out, err)
    return code == -signal.SIGKILL


def has_succeeded(stack: PhpFpm) -> bool:
    """Return whether the last run had succeeded before it was killed, so that nothing undoes it."""
    *_, last = stack.open().journal.records()
    return last["kind"] in ("success", "release", "summary")


@pytest.mark.torture
@pytest.mark.timeout(1800)  # about twenty deploys are killed, and each of them runs twice more
def test_a_killed_deploy_is_undone_or_resumed_with_its_static_files(up: PhpFpm) -> None:
    deploy(up, "1")
    for count in itertools.count(2):
        before = up.volume()
        up.write("2")
        assert killed(up, count)
        if has_succeeded(up):
            break
        aborted = up.cli("deploy", "--abort", "--json")
        assert aborted.code == 0, (count, aborted.stdout)
        assert (up.volume(), up.serving(), set_aside(up)) == (before, ("1", "1"), []), count
        assert killed(up, count)
        done = up.cli("deploy", "--json")
        assert done.code == 0, (count, done.stdout)
        assert (up.serving(), set_aside(up)) == (("2", "2"), []), count
        deploy(up, "1")
    assert count > 10 and set_aside(up)
    deploy(up, "2")
    assert (up.serving(), set_aside(up)) == (("2", "2"), [])


@pytest.mark.torture
def test_files_that_an_entrypoint_copies_are_copied_by_the_new_container(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("entrypoint")
    script = "script: /srv/public/index.php"

    def kind(path: object) -> PhpFpm:
        return PhpFpm(path, static=BY_ENTRYPOINT, more=script)  # type: ignore[arg-type]

    with stack_of_kind(folder, kind) as stack:  # type: ignore[arg-type]
        done = stack.cli("up", "--json")
        assert done.code == 0, done.stdout
        stack.write("2")
        done = stack.cli("deploy", "--json")
        assert done.code == 0, done.stdout
        assert "the application fills it itself" in done.reason("static-files")
        assert stack.serving() == ("2", "2")
        files = stack.volume()
        stack.write("3-bad")
        failed = stack.cli("deploy", "--json")
        assert failed.code == 1, failed.stdout
        assert (stack.volume(), stack.serving()) == (files, ("2", "2"))
