"""JUnit XML of a `verify` or `checklist` report: one test case for each point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cosmicdeploy.files.named_file import write_named_file
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.report.model import ErrorReport, Report
from cosmicdeploy.report.views.checklist import as_checks
from cosmicdeploy.text.sanitize import sanitized

# What errors call the file.
NAME = "the JUnit file"


def write_junit(path: Path, report: Report) -> None:
    """Write the report's points to a file. Raises `UsageError` if that fails."""
    write_named_file(path, junit(report), NAME)


def junit(report: Report) -> str:
    """Return the JUnit document of a report.

    If the command failed, its error is an additional test case, so that CI shows the error.
    """
    checks = as_checks(report.checklist) if report.checklist else report.checks
    name = f"cosmicdeploy.{report.command}"
    cases = [_case(check, name) for check in checks]
    if report.error is not None:
        cases.append(_error_case(report.error, name))
    suite = Element("testsuite", _attributes(f"cosmicdeploy {report.command}", cases))
    suite.set("time", f"{report.seconds:.3f}")
    suite.set("timestamp", report.started_at)
    suite.extend(_properties(report))
    suite.extend(cases)
    root = Element("testsuites", _attributes("cosmicdeploy", cases))
    root.append(suite)
    indent(root)
    text = sanitized(tostring(root, encoding="unicode"))  # XML 1.0 forbids most control characters
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _attributes(name: str, cases: list[Element]) -> dict[str, str]:
    """Return a suite's name and its counts of test cases."""
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {key: sum(case.find(tag) is not None for case in cases) for key, tag in kinds.items()}
    return {
        "name": name,
        "tests": str(len(cases)),
        **{key: str(count) for key, count in counts.items()},
    }


def _properties(report: Report) -> Iterator[Element]:
    if report.release:
        properties = Element("properties")
        SubElement(properties, "property", name="release", value=report.release)
        yield properties


def _case(check: CheckResult, name: str) -> Element:
    case = Element("testcase", classname=name, name=check.point, time=f"{check.seconds:.3f}")
    if check.skipped:
        SubElement(case, "skipped", message=check.found)
    elif check.unproven:
        # JUnit has the element `error` for a test that neither passed nor failed.
        error = SubElement(case, "error", type="NotProven", message=check.found)
        error.text = _details(check)
    elif not check.ok:
        failure = SubElement(case, "failure", type="CheckFailed", message=check.found)
        failure.text = _details(check)
    if check.ok and not check.skipped:
        SubElement(case, "system-out").text = _details(check)
    return case


def _details(check: CheckResult) -> str:
    lines = [f"expected: {check.expected}", f"found: {check.found}"]
    lines += [f"todo: {check.todo}"] if check.todo and not check.ok else []
    lines += [f"warning: {warning}" for warning in check.warnings]
    return "\n".join(lines)


def _error_case(error: ErrorReport, name: str) -> Element:
    case = Element("testcase", classname=name, name=name.rpartition(".")[2])
    element = SubElement(case, "error", type="CosmicError", message=error.what)
    element.text = "\n".join(filter(None, (error.where, error.todo, *error.details)))
    return case
