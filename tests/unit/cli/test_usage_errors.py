"""With --json, a usage error is a report on stdout, too; for people it stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from cosmicdeploy.report.schema import schema_text
from tests.unit.shop import call

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("words", "command", "what"),
    [
        (["deploi", "--json"], "", "No such command"),
        (["--json"], "", "No such option"),
        (["deploy", "--json", "--plam"], "deploy", "No such option"),
        (["backup", "creat", "--json"], "backup", "No such command"),
        (["step", "--json"], "step", "Missing argument"),
        (["monitor", "--json", "--for", "9999999d"], "monitor", "is too long"),
        (["deploy", "--json", "--wait", "1e999"], "deploy", "is not a duration"),
        (["logs", "--json", "--tail", "-1"], "logs", "greater than or equal to 0"),
        (["deploy", "--json", "\x1b[2J"], "deploy", "unexpected extra argument"),
        (["deploy", "--json", "\ud800"], "deploy", "unexpected extra argument"),
    ],
)
def test_with_json_a_usage_error_is_one_document(
    folder: Path, words: list[str], command: str, what: str
) -> None:
    done = call(*words)
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(schema_text()))
    assert (document["command"], document["outcome"]) == (command, "failed")
    assert document["exit_code"] == done.exit_code == 2
    assert what in document["error"]["what"] and "--help" in document["error"]["todo"]
    assert "Usage: " in done.stderr and "\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    "words", [["exec", "--json"], ["exec", "--", "--json"], ["deploy", "--plam", "--", "--json"]]
)
def test_json_that_is_no_option_of_the_command_gets_no_document(
    folder: Path, words: list[str]
) -> None:
    done = call(*words)
    assert (done.exit_code, done.stdout) == (2, "")
