"""An answer that is huge, or has escapes, does no harm."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from cosmicdeploy.migrations.frameworks.answers.listing import (
    MAX_CHARACTERS,
    Answer,
    NotFitting,
)
from cosmicdeploy.migrations.frameworks.answers.unnamed import Unnamed
from cosmicdeploy.migrations.frameworks.reading import framework, known_frameworks
from cosmicdeploy.migrations.frameworks.words import filled
from tests.unit.migrations.frameworks.asking import listing, pending_of, statements

pytestmark = pytest.mark.unit

ASKED = [name for name in known_frameworks() if framework(name).runs_migrations]
TEN_MEGABYTES = 10 << 20
# The longest text that is read, of what the patterns have to look at for long.
LONG = {
    "blanks": " " * (MAX_CHARACTERS // 8),
    "dots": "a ." + "." * (MAX_CHARACTERS // 8),
    "bars": "| Yes" * (MAX_CHARACTERS // 40),
    "words": "word " * (MAX_CHARACTERS // 40),
    "lines": "up  1 a b | x -> y . . .\n" * (MAX_CHARACTERS // 400),
    "NUL": "\0" * (MAX_CHARACTERS // 8),
    "escapes": "\x1b[2J\x1b]0;title\x07" * (MAX_CHARACTERS // 200),
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("kind", LONG)
def test_a_long_answer_takes_no_long_time(name: str, kind: str) -> None:
    began = time.process_time()
    form = pending_of(framework(name)).form
    with suppress(NotFitting):
        listed = form.listing(Answer(text=LONG[kind]))
        assert all(len(each) < 300 and each.isprintable() for each in listed.names)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("name", ASKED)
def test_ten_megabytes_are_not_read(name: str) -> None:
    text = "[X]  shop.0001_initial\n" * (TEN_MEGABYTES // 23)
    form = pending_of(framework(name)).form
    with pytest.raises(NotFitting, match="characters"):
        form.listing(Answer(text=text))


@pytest.mark.parametrize("name", ["laravel", "alembic"])
def test_ten_megabytes_of_sql_are_not_read(name: str) -> None:
    with pytest.raises(NotFitting, match="characters"):
        statements(name, "x" * TEN_MEGABYTES, ["a"])
    with pytest.raises(NotFitting, match="characters"):
        framework(name).statements_of_each("x" * TEN_MEGABYTES)


@pytest.mark.parametrize(
    "name", ["a\x1b[31mb", "a\x07b", "a\x00b", "-f", "--all", "\u202eb", "a" * 300, "a\x9bb"]
)
def test_what_cannot_be_a_name_does_not_fit(name: str) -> None:
    text = f"2014_10_12_000000_a ..... [1] Ran\n{name} ..... Pending\n"
    if name == "a\x1b[31mb":  # a color is left out
        assert listing("laravel", text).pending == ("ab",)
        return
    with pytest.raises(NotFitting):
        listing("laravel", text.replace(name, f"| No | {name} |") if "\n" in name else text)


def test_a_statement_that_is_hidden_in_a_comment_is_not_left_out() -> None:
    """The server runs it, although a parser takes it for a comment."""
    django = framework("django")
    for script in (
        "CREATE TABLE a (b int);\n/*!50000 DROP TABLE c */;\n",
        "/*M! DROP TABLE c */\nCREATE TABLE a (b int);\n",
        "CREATE TABLE a (b int);\n--DROP TABLE c;\n",
        "CREATE TABLE a (b int); /* --x */ --DROP TABLE c\n",
    ):
        shown = django.statements_of_each(script)
        assert "DROP TABLE c" in " ".join(filter(None, shown))
        assert None not in shown
    assert django.statements_of_each("-- see a--b /* c */\nDROP TABLE a;\n") == ["DROP TABLE a"]


def test_a_script_that_cannot_be_split_stays_whole() -> None:
    assert framework("django").statements_of_each("SELECT 'never closed;\n") == [
        "SELECT 'never closed;"
    ]


def test_a_semicolon_in_a_string_ends_no_statement() -> None:
    script = "INSERT INTO a VALUES ('x;y--z', \"/*\", `;`);\nDROP TABLE b"
    assert len(framework("prisma").statements_of_each(script)) == 2


def test_braces_in_a_value_are_no_field() -> None:
    assert filled(["{name}", "x{name}y"], {"name": "{count}"}) == ("{count}", "x{count}y")


def test_the_answer_may_be_only_whether_something_is_pending() -> None:
    codes, patterns = (
        Unnamed(none=0, some=3),
        Unnamed.model_validate({"none": "^up to date", "some": r"^\d+ pending"}),
    )
    assert codes.listing(Answer(text="", exit_code=3)).pending == ("pending",)
    assert codes.listing(Answer(text="", exit_code=0)).pending == ()
    assert patterns.listing(Answer(text="note\n3 pending\n")).pending == ("pending",)
    assert patterns.listing(Answer(text="up to date\n")).pending == ()
    for form, answer in (
        (codes, Answer(text="", exit_code=1)),
        (patterns, Answer(text="up to date\n1 pending\n")),
        (patterns, Answer(text="")),
    ):
        with pytest.raises(NotFitting):
            form.listing(answer)
