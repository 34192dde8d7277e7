"""The JUnit file of a verification."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from cosmicdeploy.errors import UsageError
from cosmicdeploy.files.named_file import require_writable
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.report.junit import NAME, junit, write_junit
from cosmicdeploy.report.model import ErrorReport, Report

pytestmark = pytest.mark.unit

GOOD = CheckResult(point="schema", ok=True, expected="6 columns", found="all", seconds=0.25)
BAD = CheckResult(
    point="health",
    ok=False,
    expected="200 & a <release>",
    found='"\x1b[31m502\x1b[0m" \x00 \ud800 日本 🚀 ]]>',
    todo="see the log",
    warnings=("slow",),
)
SKIPPED = CheckResult(point="proxy", ok=True, expected="nothing", found="none", skipped=True)
UNPROVEN = CheckResult(
    point="heartbeat", ok=False, unproven=True, expected="200", found="429", todo="a device"
)


def report(*checks: CheckResult, **more: Any) -> Report:
    started = "2026-11-24T09:11:23.000+01:00"
    fields = {"command": "verify", "outcome": "done", "started_at": started, "seconds": 1.5}
    return Report(checks=checks, **{**fields, **more})


def suite_of(report: Report) -> Element:
    root = fromstring(junit(report))  # noqa: S314 - written here
    assert root.tag == "testsuites" and len(root) == 1
    return root[0]


def test_each_point_is_a_test_case() -> None:
    suite = suite_of(report(GOOD, BAD, SKIPPED, release="2"))
    counted = {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped")}
    assert counted == {
        "name": "cosmicdeploy verify",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    assert suite.find("properties/property").attrib == {"name": "release", "value": "2"}  # type: ignore[union-attr]
    good, bad, skipped = suite.findall("testcase")
    assert (good.get("name"), good.get("time")) == ("schema", "0.250")
    assert good.findtext("system-out") == "expected: 6 columns\nfound: all"
    assert "todo: see the log" in (bad.findtext("failure") or "")
    assert "expected: 200 & a <release>" in (bad.findtext("failure") or "")
    assert skipped.find("skipped").get("message") == "none"  # type: ignore[union-attr]


def test_an_unproven_point_is_an_error_not_a_failure() -> None:
    suite = suite_of(report(GOOD, UNPROVEN))
    assert (suite.get("errors"), suite.get("failures"), suite.get("skipped")) == ("1", "0", "0")
    error = suite.find("testcase/error")
    assert error is not None and (error.get("type"), error.get("message")) == ("NotProven", "429")
    assert "todo: a device" in (error.text or "")


def test_characters_that_xml_does_not_allow_are_escaped() -> None:
    failure = suite_of(report(BAD)).find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == r'"502" \x00 \ud800 日本 🚀 ]]>'


def test_a_command_that_failed_is_a_test_case_with_an_error() -> None:
    error = ErrorReport(what="No Docker Engine answers", where="unix:///x", todo="start it")
    suite = suite_of(report(outcome="failed", exit_code=1, error=error))
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert suite.find("testcase/error").get("message") == error.what  # type: ignore[union-attr]


def test_the_file_is_replaced_atomically_and_readable_by_all(tmp_path: Path) -> None:
    path = tmp_path / "verify.xml"
    path.write_text("old")
    umask = os.umask(0o022)
    try:
        write_junit(path, report(GOOD))
    finally:
        os.umask(umask)
    assert "testsuite" in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["absent/verify.xml", "."])
def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="JUnit"):
        require_writable(tmp_path / name, NAME)


def test_a_pipe_and_a_link_are_written_to_and_not_replaced(tmp_path: Path) -> None:
    """Otherwise `--junit /dev/null` of root would replace the device by a file."""
    pipe, link, target = (tmp_path / name for name in ("pipe", "link", "target"))
    os.mkfifo(pipe)
    link.symlink_to(target)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_junit(pipe, report(GOOD))
        assert b"<testsuites" in os.read(reader, 65536)
    finally:
        os.close(reader)
    write_junit(link, report(GOOD))
    assert pipe.is_fifo() and link.is_symlink() and "<testsuites" in target.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    (tmp_path / "verify.xml").symlink_to("/dev/full")
    with pytest.raises(UsageError, match="No space left on device"):
        write_junit(tmp_path / "verify.xml", report(GOOD))
