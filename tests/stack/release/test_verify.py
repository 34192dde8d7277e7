"""`verify` with selected points, and as a JUnit file for a CI server."""

from __future__ import annotations

from xml.etree.ElementTree import parse

import pytest

from tests.stack.support.harness import StackUnderTest

pytestmark = pytest.mark.stack


def test_selected_points_are_in_the_json_and_in_the_junit_file(released: StackUnderTest) -> None:
    released.set_setting("      - last_heartbeat_source", "      - absent_column")
    released.set_setting("  command: devices:monitor-status\n", "")
    words = [f"--only={point}" for point in ("schema", "monitor", "images", "health")]
    done = released.cli("verify", *words, "--json", "--junit=verify.xml")
    assert done.code == 5, done.stderr
    points = {check["point"]: check for check in done.report["checks"]}
    assert list(points) == ["schema", "monitor", "images", "health"]
    assert points["monitor"]["skipped"] and points["health"]["seconds"] > 0
    suite = parse(released.folder / "verify.xml").getroot()[0]  # noqa: S314 - written by the deployer
    results = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert results == {
        "schema": ["failure"],
        "monitor": ["skipped"],
        "images": ["system-out"],
        "health": ["system-out"],
    }
    failure = suite.findtext("testcase/failure") or ""
    assert "missing: remotes.absent_column" in failure and "todo: run `cosmicdeploy" in failure


def test_the_table_fits_a_terminal_of_80_columns(released: StackUnderTest) -> None:
    done = released.cli("verify", COLUMNS="80")
    assert done.code == 0, done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "devices:monitor-status is scheduled" in " ".join(done.stdout.split())
