"""The YAML reader: types of values, locations, errors and suggestions."""

import re
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import read
from cosmicdeploy.text.suggest import did_you_mean

pytestmark = pytest.mark.unit


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "a.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("22:22", "22:22"),
        ("1:30:00", "1:30:00"),
        ("2026-02-02", "2026-02-02"),
        ("2026-02-02T10:00:00Z", "2026-02-02T10:00:00Z"),
        ("0755", "0755"),
        ("0o755", 493),
        ("0x1F", 31),
        ("0", 0),
        ("-3", -3),
        ("1_000", "1_000"),
        ("12e4567", "12e4567"),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        (".inf", ".inf"),
        ("~", None),
        ("", None),
        ("null", None),
        ("=", "="),
        ("'true'", "true"),
        ('"80"', "80"),
        ("!!str 80", "80"),
        ("[1, a]", [1, "a"]),
    ],
)
def test_plain_values_have_the_types_of_yaml_1_2(
    tmp_path: Path, written: str, value: object
) -> None:
    read_value = read(write(tmp_path, f"key: {written}\n")).data["key"]
    assert (read_value, type(read_value)) == (value, type(value))


def test_keys_are_text_as_written(tmp_path: Path) -> None:
    assert read(write(tmp_path, "80: a\non: b\n010: c\n")).data == {
        "80": "a",
        "on": "b",
        "010": "c",
    }


def test_merge_keys_and_anchors_are_resolved(tmp_path: Path) -> None:
    text = """
base: &base {a: 1, b: 1}
more: &more {b: 2, c: 2}
one:
  <<: *base
  b: 3
two:
  <<: [*base, *more]
copy: *base
"""
    document = read(write(tmp_path, text))
    assert document.data["one"] == {"a": 1, "b": 3}
    assert document.data["two"] == {"a": 1, "b": 1, "c": 2}
    assert document.data["copy"] == {"a": 1, "b": 1}
    assert document.location("one", "b").endswith("a.yaml:6")
    assert document.location("one", "a").endswith("a.yaml:2")


def test_keys_and_items_have_locations_and_missing_keys_that_of_their_parent(
    tmp_path: Path,
) -> None:
    document = read(write(tmp_path, "# head\na:\n  b:\n    - x\n    - c: 1\n      d: 2\n"))
    lines = {
        (): 2,
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "b", 0): 4,
        ("a", "b", 1, "d"): 6,
        ("a", "b", 9): 3,
        ("a", "no", "where"): 2,
        ("a", "b", "no"): 3,
    }
    path = tmp_path / "a.yaml"
    assert {keys: document.location(*keys) for keys in lines} == {
        keys: f"{path}:{line}" for keys, line in lines.items()
    }


@pytest.mark.parametrize(
    ("content", "what", "line"),
    [
        ("", "is empty", None),
        ("# only a comment\n", "is empty", None),
        ("\n- a\n", "is not a mapping", 2),
        ("just words\n", "is not a mapping", 1),
        ("a: 1\nb: [1\n", "is not valid YAML", 3),
        ("a: 1\n\tb: 2\n", "is not valid YAML", 2),
        ("a: 1\n--- \nb: 2\n", "is not valid YAML", 2),
        ("a: 1\nb: 2\na: 3\n", "key 'a' appears twice", 3),
        ("1: a\n'1': b\n", "key '1' appears twice", 2),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  <<: *x\n", "key '<<' appears twice", 4),
        ("a: &x 1\nb: *y\n", "undefined alias", 2),
        ("a: !reset null\n", "tag '!reset' is not supported", 1),
        ("a: 1\nb: !override []\n", "tag '!override' is not supported", 2),
        ("a: !!python/object:os.system x\n", "is not supported", 1),
        ("a: !!timestamp 2026-02-02\n", "is not supported", 1),
        ("a: !!map x\n", "has the tag `!!map`, but another type", 1),
        ("a: !!map [1]\n", "has the tag `!!map`, but another type", 1),
        ("a: !!seq x\n", "has the tag `!!seq`, but another type", 1),
        ("a: 1\nb: !!seq {c: d}\n", "has the tag `!!seq`, but another type", 2),
        ("a: !!null x\n", "has the tag `!!null`, but another type", 1),
        ("? [a, b]\n: c\n", "a key is a list or a mapping", 1),
        ("a: &x [1, *x]\n", "recursive", 1),
        ("a: &x {b: *x}\n", "recursive", 1),
        (f"a: {'[' * 5000}\n", "nested too deep", 1),
        (b"a: 1\nb: \xff\n", "is not UTF-8", 2),
        ("a: 1\nb: \x07\n", "a character that YAML does not allow", 2),
    ],
)
def test_an_unusable_file_is_one_clear_error(
    tmp_path: Path, content: str | bytes, what: str, line: int | None
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(ConfigError, match=r"a\.yaml") as caught:
        read(path)
    assert what in caught.value.what
    assert caught.value.where == (f"{path}:{line}" if line else str(path))
    assert caught.value.todo
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    assert read(write(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: x\r\n")).data == {"a": 1, "b": "x"}


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"b\.yaml not found"):
        read(tmp_path / "b.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_a_misspelt_word_gets_a_suggestion() -> None:
    assert did_you_mean("imgae", ["image", "build"]) == "did you mean 'image'?"
    assert did_you_mean("zzz", ["image", "build"]) == ""
    assert did_you_mean("", ["image", "build"]) == ""


def test_equally_close_suggestions_are_all_named() -> None:
    services = ["platform-db", "platform-nginx", "platform-redis", "cosmic-app-1", "cosmic-app-2"]
    suggestion = did_you_mean("platform", services)
    assert suggestion == "did you mean 'platform-db', 'platform-nginx' or 'platform-redis'?"
    assert (
        did_you_mean("cosmic-app-3", services) == "did you mean 'cosmic-app-1' or 'cosmic-app-2'?"
    )
    assert did_you_mean("platform-n", services) == "did you mean 'platform-nginx'?"
    assert did_you_mean("cosmic", [f"cosmic-app-{number}" for number in range(9)]) == ""


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("1.0e999", "a number is too large"),
        ("-1.0e999", "a number is too large"),
        ("9" * 1001, "more than 1,000 digits"),
        ("!!int abc", "has the tag `!!int`"),
        ("!!float abc", "has the tag `!!float`"),
        ("!!float inf", "a number is too large"),
        ("!!bool maybe", "has the tag `!!bool`"),
    ],
)
def test_a_number_that_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, written: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(problem)) as caught:
        read(write(tmp_path, f"a: 1\nkey: {written}\n"))
    assert caught.value.where.endswith("a.yaml:2")
