"""Variables in values of the compose file."""

from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import read
from cosmicdeploy.stack.variables.interpolate import interpolate, interpolate_values

pytestmark = pytest.mark.unit

VARIABLES = {"A": "a", "EMPTY": "", "B_2": "b", "MONEY": "$A ${A} $$"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("plain", "plain"),
        ("$A", "a"),
        ("$A-$B_2.$A", "a-b.a"),
        ("${A}${B_2}", "ab"),
        ("$UNSET|${UNSET}|", "||"),
        ("${A:-x}", "a"),
        ("${EMPTY:-x}", "x"),
        ("${UNSET:-x}", "x"),
        ("${A-x}", "a"),
        ("${EMPTY-x}", ""),
        ("${UNSET-x}", "x"),
        ("${UNSET:-}", ""),
        ("${A:?e}", "a"),
        ("${EMPTY?e}", ""),
        ("${A:+x}", "x"),
        ("${EMPTY:+x}", ""),
        ("${UNSET:+x}", ""),
        ("${A+x}", "x"),
        ("${EMPTY+x}", "x"),
        ("${UNSET+x}", ""),
        ("$$A $${A} $$$A", "$A ${A} $a"),
        ("${UNSET:-${A}}", "a"),
        ("${UNSET:-${EMPTY:-${B_2}}!}", "b!"),
        ("${UNSET:-$A/$$}", "a/$"),
        ("${UNSET:-http://x:80/?q=1}", "http://x:80/?q=1"),
        ("${UNSET:-a:-b}", "a:-b"),
        ("${UNSET:-{x}}", "{x}"),
        ("${A:-${NEVER:?evaluated}}", "a"),
        ("$MONEY", "$A ${A} $$"),
        ("${UNSET:-x} and ${A} }", "x and a }"),
        ("${UNSET:-x}\n${A:-y}", "x\na"),
        ("a $", "a $"),
        ("$5 $(pwd) $.", "$5 $(pwd) $."),
        ("{A} }", "{A} }"),
    ],
)
def test_each_form_of_a_variable_is_resolved(text: str, value: str) -> None:
    assert interpolate(text, VARIABLES, "f:1") == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("${}", "'${…}'"),
        ("${5}", "'${5…}'"),
        ("${A", "'${A…}' is not a valid variable: the closing '}' is missing"),
        ("${UNSET:-two\nlines}", "'${UNSET…}' is not a valid variable: the closing '}'"),
        ("${UNSET:-${B}", "'${B…}'"),
        ("${A B}", "'${A…}'"),
        ("${A:x}", "'${A…}'"),
        ("${A-B:-x}${-}", "'${…}'"),
        ("${Ä}", "'${Ä…}'"),
    ],
)
def test_an_invalid_expression_is_reported_with_its_line(text: str, shown: str) -> None:
    with pytest.raises(ConfigError, match="not a valid variable") as caught:
        interpolate(text, VARIABLES, "f:7")
    assert shown in caught.value.what
    assert caught.value.where == "f:7"


def test_an_invalid_expression_does_not_show_its_default() -> None:
    with pytest.raises(ConfigError) as caught:
        interpolate("${PASS WORD:-hunter2}", {}, "f:1")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["${NO:?say it}", "${EMPTY:?say it}", "${NO?say it}"])
def test_the_error_for_a_missing_variable_has_its_message(text: str) -> None:
    with pytest.raises(ConfigError, match=r"Variable (NO|EMPTY) is missing: say it") as caught:
        interpolate(text, VARIABLES, "f:3")
    assert "in the environment or in .env" in caught.value.todo


def test_variables_are_resolved_in_values_not_in_keys(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("$A: $A\nlist:\n  - {k: '${A}'}\n  - 1\n  - null\n")
    data = interpolate_values(read(path), VARIABLES)
    assert data == {"$A": "a", "list": [{"k": "a"}, 1, None]}
    path.write_text("a: 1\nlist:\n  - k: x\n    l: ${\n")
    with pytest.raises(ConfigError) as caught:
        interpolate_values(read(path), VARIABLES)
    assert caught.value.where == f"{path}:4"
