"""The soak after a rollout: a release that becomes unhealthy later is undone."""

from __future__ import annotations

import signal

import pytest

from tests.stack.release.failures.test_faults import add_to_dockerfile, wait_for_record
from tests.stack.support.harness import RELEASED, StackUnderTest

pytestmark = pytest.mark.stack

# Serves well until a file tells it to end, and can be stopped.
SHORT_LIVED = """
CMD ["sh", "-c", "trap 'exit 0' TERM; python3 -m cosmic_app.serve & \\
    until [ -e /tmp/die ]; do sleep 0.2; done; exit 9"]
"""


@pytest.fixture
def watched(released: StackUnderTest) -> StackUnderTest:
    released.set_setting("seconds: 0", "seconds: 6")
    released.set_variable("APP_VERSION", "watched")
    return released


@pytest.mark.torture
@pytest.mark.fault("app that dies within the watch window")
def test_a_release_that_dies_during_the_soak_is_undone(watched: StackUnderTest) -> None:
    watched.set_setting("seconds: 6", "seconds: 60")  # it ends with the app
    add_to_dockerfile(watched, SHORT_LIVED)
    before = watched.snapshot()
    known = len(list(watched.open().journal.records()))
    process = watched.start("deploy", "--json")
    wait_for_record(watched, known, "intent", "soak")
    ctx = watched.open()
    app = ctx.running(RELEASED[1])
    assert ctx.engine.exec(app.id, ["touch", "/tmp/die"]).exit_code == 0
    _out, err = process.communicate(timeout=180)
    assert process.returncode == 1, err
    assert f"{RELEASED[1]} ended" in err and "of the deploy" in err
    assert "the state is the same as before" in err
    assert watched.snapshot() == before


@pytest.mark.torture
def test_a_good_release_passes_the_soak_with_its_figures(watched: StackUnderTest) -> None:
    done = watched.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    facts = next(s["facts"] for s in done.report["steps"] if s["name"] == "soak")
    assert facts["seconds"] >= 6 and facts["containers"] == len(RELEASED)
    assert facts["requests"] > 20 and facts["restarts"] == facts["oom_killed"] == []
    assert facts["p50_ms"]["before"] and facts["p50_ms"]["after"]
    again = watched.cli("deploy", "--json")
    assert again.report["outcome"] == "unchanged"
    assert again.reason("soak") == "no container was replaced"


@pytest.mark.fault("Ctrl-C within the watch window")
@pytest.mark.torture
def test_an_interrupted_soak_undoes_the_release(watched: StackUnderTest) -> None:
    watched.set_setting("seconds: 6", "seconds: 60")  # it ends with Ctrl-C
    before = watched.snapshot()
    known = len(list(watched.open().journal.records()))
    process = watched.start("deploy")
    wait_for_record(watched, known, "intent", "soak")
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=180)
    assert process.returncode == 130, err
    assert watched.snapshot() == before
