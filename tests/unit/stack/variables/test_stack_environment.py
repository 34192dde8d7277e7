"""Env files and variables, and variables with which Compose would read another stack."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Stack
from cosmicdeploy.stack.variables.environment import read_env_file, variables

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("K=v", "v"),
        ("export K=v", "v"),
        ("K = v", "v"),
        ("K=", ""),
        ("K=a b # note", "a b"),
        ("K=a#b", "a#b"),
        ("K='a # b'", "a # b"),
        ('K="a\\nb"', "a\nb"),
        ('K="two\nlines"', "two\nlines"),
        ("K=${A}/x", "file/x"),
        ("K=${NO:-d}", "d"),
        ("K=${NO}", ""),
        ("K='${A}'", "${A}"),
        ("K=${OUTER}", "shell"),
        ("K=pa$$word$#", "pa$word$#"),
        ("K=a=b", "a=b"),
        ("K=1\nK=2", "2"),
        ("OUTER=file\nK=${OUTER}", "shell"),
        ("\ufeffK=v", "v"),
    ],
)
def test_a_line_gives_its_value(tmp_path: Path, line: str, value: str) -> None:
    path = tmp_path / ".env"
    first, rest = ("", line) if line.startswith("\ufeff") else ("A=file\n", line)
    path.write_bytes(f"{first}{rest}\r\n".encode())
    assert read_env_file(path, {"OUTER": "shell"})["K"] == value


def test_a_name_without_a_value_has_that_of_the_shell_or_is_absent(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("OUTER\nUNSET\n")
    assert read_env_file(path, {"OUTER": "shell"}) == {"OUTER": "shell"}


def test_the_process_environment_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_PROCESS", "x")
    path = tmp_path / ".env"
    path.write_text("K=[${FROM_PROCESS}]\n")
    assert read_env_file(path) == {"K": "[]"}


def test_the_shell_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=file\nB=file\n")
    assert variables(path, {"A": "shell", "C": "c"}) == {"A": "shell", "B": "file", "C": "c"}


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / "none") == {}


def test_a_bad_line_is_reported_without_its_text(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n\nPASSWORD='hunter2\nB=2\n")
    with pytest.raises(ConfigError) as caught:
        read_env_file(path)
    assert caught.value.where == f"{path}:3"
    assert "hunter2" not in str(caught.value)


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_env_file(tmp_path)
    (tmp_path / ".env").write_bytes(b"A=\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_env_file(tmp_path / ".env")


WEB = "services: {web: {image: w}}\n"
OTHER_STACK = [
    ("COMPOSE_FILE=other.yml", ".env:1"),
    ("# first\nCOMPOSE_FILE=compose.yml:other.yml", ".env:2"),
    ("COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=compose.yml;o.yml", ".env:2"),
    ("COMPOSE_CONVERT_WINDOWS_PATHS=1", ".env:1"),
    ("DOCKER_DEFAULT_PLATFORM=linux/arm64", ".env:1"),
]


@pytest.mark.parametrize(("env", "place"), OTHER_STACK)
def test_a_variable_that_makes_compose_read_another_stack_is_refused(
    stack_of: Callable[..., Stack], env: str, place: str
) -> None:
    name, _, value = env.splitlines()[-1].partition("=")
    with pytest.raises(ConfigError, match=f"{name} is set, which Docker Compose uses") as caught:
        stack_of(WEB, env)
    assert caught.value.where.endswith(place)
    assert name in caught.value.todo
    with pytest.raises(ConfigError) as caught:
        stack_of(WEB, **{name: value, "COMPOSE_PATH_SEPARATOR": ";" if ";" in value else ":"})
    assert caught.value.where == "environment"


@pytest.mark.parametrize("name", ["COMPOSE_ENV_FILES", "COMPOSE_DISABLE_ENV_FILE"])
def test_another_env_file_for_compose_is_refused(stack_of: Callable[..., Stack], name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is set"):
        stack_of(WEB, **{name: "true"})
    assert stack_of(WEB, f"{name}=true").services  # Compose ignores it in this file


@pytest.mark.parametrize(
    "env",
    ["COMPOSE_FILE=compose.yml", "COMPOSE_FILE=./compose.yml\nCOMPOSE_PROFILES=x", "COMPOSE_FILE="],
)
def test_a_variable_that_changes_nothing_is_accepted(
    stack_of: Callable[..., Stack], env: str
) -> None:
    assert stack_of(WEB, env).services


def test_an_env_file_in_raw_format_is_taken_as_it_is(
    stack_of: Callable[..., Stack], tmp_path: Path
) -> None:
    lines = "# no value\n  A='$B' # c\nB=\"x\\n\"\r\n\nOUTER\nNOT_SET\nC=a=b \n"
    (tmp_path / "raw.env").write_bytes(lines.encode())
    text = "services: {web: {image: w, env_file: [{path: ../raw.env, format: raw}]}}\n"
    environment = stack_of(text, OUTER="shell").services["web"].environment
    assert environment == {"A": "'$B' # c", "B": '"x\\n"', "OUTER": "shell", "C": "a=b "}
    for line, what in (("A B=1", "a blank in its name"), ("=1", "no name")):
        (tmp_path / "raw.env").write_text(f"X=1\n{line}\n")
        with pytest.raises(ConfigError, match=what) as caught:
            stack_of(text)
        assert caught.value.where.endswith("raw.env:2")
    with pytest.raises(ConfigError, match="'cooked' is not supported"):
        stack_of(text.replace("format: raw", "format: cooked"))
