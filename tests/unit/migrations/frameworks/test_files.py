"""A framework's own file: what it may say, and how a mistake in it is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.migrations.frameworks.answers.listing import Answer
from cosmicdeploy.migrations.frameworks.down import CannotGoBackThere
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.migrations.frameworks.reading import (
    FOLDER,
    framework,
    framework_in,
    known_frameworks,
)
from cosmicdeploy.migrations.frameworks.suggestion import suggestions
from tests.unit.migrations.frameworks.asking import pending_of

pytestmark = pytest.mark.unit

SMALL = """\
program: [bin/db]
pending:
  command: [list]
  lines: {pending: ['^todo (?P<name>\\S+)'], applied: ['^done (?P<name>\\S+)'], nothing: '^none'}
run: [up]
"""
WHOLE = (
    SMALL
    + """\
sql: {each: [show, "{name}"]}
down: {command: [down], adds: ["{name}"], by: name}
table: {name: steps, columns: [step]}
"""
)


def write(folder: Path, text: str) -> Framework:
    path = folder / "own.yaml"
    path.write_text(text)
    return framework_in(path)


def test_every_known_framework_has_a_file_that_is_valid() -> None:
    assert {"laravel", "django", "alembic", "rails", "none"} <= set(known_frameworks())
    for name in known_frameworks():
        known = framework(name)
        assert known.name == name and known.definition.description
        assert known.runs_migrations is (name != "none")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_known_file_names_its_schema_and_its_sources(path: Path) -> None:
    first, second, *_ = path.read_text().splitlines()
    assert first == "# yaml-language-server: $schema=framework.schema.json"
    assert second.startswith("# Facts from ") or path.stem == "none"


def test_an_own_file_needs_little(tmp_path: Path) -> None:
    own = write(tmp_path, SMALL)
    assert own.command(own.definition.run) == ["bin/db", "up"]
    listed = pending_of(own).form.listing(Answer(text="done a\ntodo b\n"))
    assert (listed.names, listed.pending) == (("a", "b"), ("b",))
    assert not (own.shows_sql or own.can_go_back or own.bookkeeping)
    whole = write(tmp_path, WHOLE)
    assert whole.commands_down(["a", "b"], []) == [["bin/db", "down", "b"], ["bin/db", "down", "a"]]
    assert whole.sql_of_each("b", listed) == ["bin/db", "show", "b"]


@pytest.mark.parametrize(
    ("old", "new", "what", "line"),
    [
        ("run: [up]", "runs: [up]", "Unknown key 'runs'", 5),
        ("run: [up]\n", "", "run: is missing, as there is pending", 1),
        ("command: [list]", "command: []", "pending.command: must have 1 or more items", 3),
        ("(?P<name>\\S+)'], applied", "\\S+'], applied", r"must have a group \(\?P<name>", 4),
        ("'^none'", "'^no(ne'", "must be a pattern|valid regular expression", 4),
        ("  lines:", "  sections: {pending: a, migration: '(?P<name>a)'}\n  lines:", "one of", 2),
        ('"{name}"]}\nd', '"{nmae}"]}\nd', "sql.each: has the unknown field {nmae}", 6),
        ('adds: ["{name}"]', 'adds: ["{count}"]', "down.adds: has the unknown field {count}", 7),
        ("by: name", "by: nmae", "down.by: must be 'count', 'name', 'target'", 7),
        ("by: name", "by: target", "down.adds: has the unknown field", 7),
        ('["{name}"], by: name', "[], by: target", "down.by: target needs the group", 7),
        ('["{name}"], by: name', "[], by: newest", "down.by: must be 'count', 'name'", 7),
        ("by: name", "joins: ['{end}'], by: name", "down.joins: has the unknown field {end}", 7),
        ('adds: ["{name}"], by: name', "joins: [x], by: run", "down.joins: is only for", 7),
        (
            '{each: [show, "{name}"]}',
            "{all: [a], only_if: {command: [a], migration: '(?P<name>a)', harmless: a}}",
            "sql: must have each, as there is only_if",
            6,
        ),
        ('{each: [show, "{name}"]}', '{all: ["{now}"], lines: [a]}', "unknown field {now}", 6),
        ("table:", 'mark: ["{nmae}"]\ntable:', "mark: has the unknown field {nmae}", 8),
        ("each:", "both:", "Unknown key 'sql.both'", 6),
        ('{each: [show, "{name}"]}', "{all: [show]}", "sql: must have lines", 6),
        ("columns: [step]", "columns: []", "table.columns: must have 1", 8),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(
    tmp_path: Path, old: str, new: str, what: str, line: int
) -> None:
    assert old in WHOLE
    with pytest.raises(ConfigError, match=what) as caught:
        write(tmp_path, WHOLE.replace(old, new, 1))
    assert caught.value.where == f"{tmp_path / 'own.yaml'}:{line}"
    assert caught.value.todo


def test_a_history_needs_a_table_with_the_newest(tmp_path: Path) -> None:
    history = "  history: {migration: '(?P<parents>a)(?P<name>b)', base: a}\n"
    text = f"pending:\n  command: [list]\n{history}run: [up]\n"
    with pytest.raises(ConfigError, match=r"pending\.history: needs a table"):
        write(tmp_path, text)
    assert write(tmp_path, text + "table: {name: t, columns: [c], keeps: newest}\n")


def test_only_names_can_be_rolled_back_one_by_one(tmp_path: Path) -> None:
    text = (
        "pending: {command: [bin/pending], unnamed: {none: 0, some: 3}}\n"
        "run: [bin/up]\n"
        "down: {command: [bin/down], adds: ['{name}'], by: name}\n"
    )
    with pytest.raises(ConfigError, match=r"down\.by: the migrations have no names"):
        write(tmp_path, text)
    own = write(tmp_path, text.replace("adds: ['{name}'], by: name", "by: run"))
    assert own.commands_down(["pending"], []) == [["bin/down"]]


def test_a_name_without_the_parts_that_a_command_needs_is_refused_before_it_runs(
    tmp_path: Path,
) -> None:
    parts = "parts: '(?P<group>\\w+)/(?P<short>\\w+)'\n"
    text = WHOLE.replace('adds: ["{name}"]', "adds: ['{group}', '{short}']") + parts
    own = write(tmp_path, text)
    assert own.commands_down(["a/b"], []) == [["bin/db", "down", "a", "b"]]
    with pytest.raises(CannotGoBackThere, match="b has no part group in its name"):
        own.commands_down(["b"], [])
    target = WHOLE.replace(
        'adds: ["{name}"], by: name', "adds: ['{group}', '{target}'], by: target"
    )
    own = write(tmp_path, target + parts)
    assert own.commands_down(["a/b"], ["a/a"]) == [["bin/db", "down", "a", "a"]]
    with pytest.raises(CannotGoBackThere, match="to which group b belongs"):
        own.commands_down(["b"], ["a/a"])
    with pytest.raises(ConfigError, match=r"down\.adds: has the unknown field {short}"):
        write(tmp_path, target.replace("{target}", "{short}") + parts)


def test_sql_from_the_newest_on_needs_one_newest_only_if_the_table_has_branches(
    tmp_path: Path,
) -> None:
    sql = 'sql: {all: [show, "{applied}"], lines: ["(?P<sql>.*)"], before_first: none}'
    own = write(tmp_path, WHOLE.replace('sql: {each: [show, "{name}"]}', sql))
    assert own.sql_of_all(["a", "b"]) == ("show", "b")
    assert own.sql_of_all([]) == ("show", "none")


@pytest.mark.parametrize(
    ("files", "commands", "first"),
    [
        (["app/artisan", "composer.json"], [], "laravel"),
        (["srv/manage.py"], ["python3 manage.py runserver"], "django"),
        (["app/alembic.ini", "app/migrations/versions/0001_a.py"], ["python app.py"], "alembic"),
        ([], ["sh -c 'alembic upgrade head && uvicorn app'"], "alembic"),
        (["rails/bin/rails", "rails/config/application.rb"], [], "rails"),
        (["app/config/packages/doctrine_migrations.yaml"], [], "doctrine"),
        (["app/knexfile.ts"], ["node server.js"], "knex"),
        (["app/prisma/schema.prisma"], ["npx prisma migrate deploy"], "prisma"),
        (["flyway/sql/V1__first.sql"], ["flyway migrate"], "flyway"),
        (["app/main.go"], ["/app/server"], None),
        ([], [], None),
    ],
)
def test_files_and_commands_suggest_a_framework(
    files: list[str], commands: list[str], first: str | None
) -> None:
    found = suggestions(files, commands)
    assert (found[0].framework if found else None) == first
    for each in found:
        assert each.evidence and set(each.evidence) <= {*files, *commands}


def test_the_most_evidence_comes_first() -> None:
    found = suggestions(["manage.py", "alembic.ini"], ["alembic upgrade head"])
    assert [each.framework for each in found] == ["alembic", "django"]
