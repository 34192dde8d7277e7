"""Files that are too large, or whose few lines expand too far, are refused quickly."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import read
from cosmicdeploy.stack.model import Stack
from cosmicdeploy.stack.variables.environment import read_env_file

pytestmark = [pytest.mark.unit, pytest.mark.timeout(60)]

DOUBLED = "V0=x\n" + "".join(f"V{n + 1}=${{V{n}}}${{V{n}}}\n" for n in range(39))


@pytest.mark.parametrize(
    ("content", "what", "place"),
    [
        ("A=1\nB=" + "${N:-" * 900 + "}" * 900 + "\n", "more than 100 nested defaults", ":2"),
        (DOUBLED, "longer than 128 KiB", ":19"),
        ("A=" + "x" * 100_000 + "\n" + "B=$A\n" * 1000, "longer than 16 MiB in total", ":168"),
        ("#" * (1 << 20) + "\n", "larger than 1 MiB", ""),
        ("$A" * (5 << 20), "larger than 1 MiB", ""),
        ('A=1\nB="a\\0000b"\n', "has a NUL character", ":2"),
        ("A=a\0b\n", "has a NUL character", ":1"),
        ("export" + " " * 100_000 + "!\n", "is not NAME=value", ":1"),
    ],
    ids=["nested", "doubled", "many", "large", "names", "escaped NUL", "NUL", "blank names"],
)
def test_an_env_file_out_of_bounds_is_refused(
    tmp_path: Path, content: str, what: str, place: str
) -> None:
    path = tmp_path / ".env"
    path.write_text(content)
    with pytest.raises(ConfigError, match=what) as caught:
        read_env_file(path)
    assert caught.value.where == f"{path}{place}"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=x" + " " * 100_000 + "y", "x" + " " * 100_000 + "y"),
        ("A=" + "${B:-x}" * 18_000, "x" * 18_000),
        ("B=\n" * 100_000 + "A=x", "x"),
    ],
    ids=["blanks", "defaults", "lines"],
)
def test_a_long_env_file_is_read_in_linear_time(tmp_path: Path, line: str, value: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"{line}\n")
    assert read_env_file(path)["A"] == value


def bomb(first: str, again: str) -> str:
    """Return YAML in which each value refers nine times to the one before it."""
    return f"a0: &a0 {first}\n" + "".join(
        f"a{n + 1}: &a{n + 1} {again.format(', '.join([f'*a{n}'] * 9))}\n" for n in range(30)
    )


CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(400))


@pytest.mark.parametrize(
    ("content", "what", "line"),
    [
        (bomb("[x]", "[{}]"), "more than 20,000 values", 6),
        (bomb("{k: x}", "{{<<: [{}]}}"), "more than 20,000 values", 5),
        (f"x-bomb:\n  b: &b [{'x, ' * 12_000}]\n  c: [*b,\n *b]\n", "more than 20,000 values", 3),
        ("a:\n" + "- x\n" * 30_000, "more than 20,000 values", 19_999),
        (CHAIN, "more than 100 levels", 99),
        (f"a: 1\nb: {'9' * 5000}\n", "a number has more than 1,000 digits", 2),
        (f"a: 1\nb: 0x{'9' * 5000}\n", "a number has more than 1,000 digits", 2),
        ('a: 1\nb: "\\0"\n', "U[+]0000", 2),
        ('a: 1\n"\\ud800": x\n', "U[+]D800", 2),
    ],
    ids=["lists", "merges", "unused", "plain", "chain", "digits", "hex", "NUL", "surrogate"],
)
def test_a_yaml_file_out_of_bounds_is_refused_with_its_line(
    tmp_path: Path, content: str, what: str, line: int
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=what) as caught:
        read(path)
    assert caught.value.where == f"{path}:{line}"


def test_a_large_yaml_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("#" * (1 << 20) + "\na: 1\n")
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        read(path)


@pytest.mark.parametrize(
    ("service", "env", "variables"),
    [
        ("{image: w, environment: {K: '$N'}}", "", {"N": "\udcff"}),
        ("{image: w, mem_limit: '" + "9" * 400 + "'}", "", {}),
        ("{image: w, pids_limit: '" + "9" * 5000 + "'}", "", {}),
        ("{image: w, ports: ['" + "9" * 5000 + ":80']}", "", {}),
        ("{image: w, environment: [" + "'$N', " * 200 + "]}", "N=" + "x" * 100_000, {}),
    ],
    ids=["surrogate", "size", "number", "port", "many"],
)
def test_a_compose_value_out_of_bounds_is_refused_with_its_line(
    stack_of: Callable[..., Stack], service: str, env: str, variables: dict[str, str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        stack_of(f"services:\n  web: {service}\n", env, **variables)
    assert caught.value.where.endswith(":2")


def test_many_values_with_variables_are_read_in_linear_time(
    stack_of: Callable[..., Stack],
) -> None:
    values = "".join(f"      K{n}: $N\n" for n in range(9_000))
    stack = stack_of(f"services:\n  web:\n    image: w\n    environment:\n{values}", "N=x")
    assert len(stack.services["web"].environment) == 9_000
