"""Secrets in images are named, and their values never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.engine.facts import Image
from cosmicdeploy.operations.doctor.checks.images.secrets import names_in_history, secrets
from cosmicdeploy.operations.doctor.outcome import Verdict
from cosmicdeploy.text.secret_names import is_secret
from tests.unit.operations.doctor.world import COMPOSE, World, opened

pytestmark = pytest.mark.unit
VALUE = "hunter2-and-more"


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "PGPASSWORD", "APP_KEY", "AWS_SECRET_ACCESS_KEY", "NPM_TOKEN", "npmToken"),
        *("MYSQL_PWD", "REDISCLI_AUTH", "JWT_SECRET", "SECRET_KEY_BASE", "smtp_pass", "X_APIKEY"),
    ],
)
def test_a_name_that_says_so_holds_a_secret(name: str) -> None:
    assert is_secret(name, VALUE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GPG_KEY", "7169605F62C751356D054A26A821E680E5FA6305"),
        ("PHP_ASC_KEYS", VALUE),
        ("MYSQL_PASSWORD_FILE", "/run/secrets/db"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DB_PASSWORD", "$DB_PASSWORD"),
        ("ALLOW_EMPTY_PASSWORD", "yes"),
        ("SECRET_KEY_BASE_DUMMY", "1"),
        ("TOKEN_TTL", "3600"),
        ("PUBLIC_KEY", VALUE),
        ("KEYBOARD", "de"),
        ("MONKEY", VALUE),
        ("COMPASS", VALUE),
        ("PATH", "/usr/bin"),
        ("PWD", VALUE),
        ("DATABASE_URL", "postgres://app@db/shop"),
        ("DATABASE_URL", "postgres://app:${PASSWORD}@db/shop"),
    ],
)
def test_what_is_no_secret_is_not_named(name: str, value: str) -> None:
    assert not is_secret(name, value)


def test_a_password_in_a_url_is_a_secret_under_any_name() -> None:
    assert is_secret("DATABASE_URL", f"postgres://app:{VALUE}@db/shop")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (f"ENV DB_PASSWORD={VALUE}", ["DB_PASSWORD"]),
        (f"/bin/sh -c #(nop)  ENV A=b DB_PASSWORD={VALUE}", ["DB_PASSWORD"]),
        (f'ENV API_TOKEN="{VALUE} and words" B=c', ["API_TOKEN"]),
        (f"ARG NPM_TOKEN={VALUE}", ["NPM_TOKEN"]),
        (f"RUN |2 RELEASE=2 NPM_TOKEN={VALUE} /bin/sh -c npm ci # buildkit", ["NPM_TOKEN"]),
        (f"|1 NPM_TOKEN={VALUE} /bin/sh -c npm ci", ["NPM_TOKEN"]),
        (f"|1 RELEASE=2 /bin/sh -c TOKEN={VALUE} npm ci", []),
        ("ARG NPM_TOKEN", []),
        (f"COPY TOKEN={VALUE} /", []),
        ("", []),
        ("ENV " + "A" * 100_000, []),
        ("|999999 A=b", []),
    ],
)
def test_a_line_of_the_history_shows_what_it_sets(line: str, names: list[str]) -> None:
    assert list(names_in_history(line)) == names


def test_the_environment_and_history_of_an_image_are_searched_without_the_values(
    tmp_path: Path,
) -> None:
    image = Image(id="sha256:1", environment={"APP_KEY": VALUE, "PATH": "/bin"})
    history = {"shop/app": [f"RUN |1 NPM_TOKEN={VALUE} /bin/sh -c npm ci # buildkit"]}
    world = World(images={"shop/app": image}, histories=history)
    outcome = secrets(opened(tmp_path, world))
    [flaw] = outcome.flaws
    assert flaw.why == (
        "image shop/app: APP_KEY in its environment; NPM_TOKEN in its history (`docker history`)"
    )
    assert VALUE not in str(outcome)


def test_a_build_is_searched_before_there_is_an_image(tmp_path: Path) -> None:
    given = f"build: {{context: ., args: {{NPM_TOKEN: {VALUE}}}}}\n"
    args = COMPOSE.replace("build: .\n", given)
    text = f"FROM scratch\nARG RELEASE=1\nENV A=b \\\n  DB_PASSWORD={VALUE}\n"
    outcome = secrets(opened(tmp_path, World(), compose=args, Dockerfile=text))
    [flaw] = outcome.flaws
    assert flaw.why == (
        f"build of shop/app: DB_PASSWORD in {tmp_path}/Dockerfile:3; NPM_TOKEN in build.args of the"
        " compose file"
    )
    assert flaw.lines[0] == 'environment: {DB_PASSWORD: "${DB_PASSWORD}"}'
    assert flaw.lines[1].startswith("RUN --mount=type=secret,id=db_password COMMAND")
    assert VALUE not in str(outcome)


def test_images_without_secrets_hold(tmp_path: Path) -> None:
    outcome = secrets(opened(tmp_path, World()))
    assert outcome.verdict is Verdict.HOLDS and outcome.found
