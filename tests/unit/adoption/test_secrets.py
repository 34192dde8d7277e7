"""Variables hold the passwords; no value of a secret is in the text, the notes or the evidence."""

from __future__ import annotations

import pytest

from tests.unit.adoption.conftest import Adopt, compose, marks, seen, values

pytestmark = pytest.mark.unit

SECRET = "a-word-of-root-7"
WEB = "  web: {image: shop, ports: ['80:80']}\n"
DB = "  db: {{image: mariadb, environment: {{MARIADB_DATABASE: shop, {password}}}}}\n"


@pytest.mark.parametrize(
    ("password", "env", "variable", "mark"),
    [
        ("MARIADB_ROOT_PASSWORD: '${ROOT_PW:?}'", f"ROOT_PW={SECRET}", "ROOT_PW", ""),
        ("MARIADB_ROOT_PASSWORD: $ROOT_PW", f"ROOT_PW={SECRET}", "ROOT_PW", ""),
        ("MYSQL_ROOT_PASSWORD: ", f"MYSQL_ROOT_PASSWORD={SECRET}", "MYSQL_ROOT_PASSWORD", ""),
        (f"MARIADB_ROOT_PASSWORD: {SECRET}", "", "DB_ROOT_PASSWORD", "to do"),
        (f"MARIADB_ROOT_PASSWORD: {SECRET}", f"OTHER_PASSWORD={SECRET}", "OTHER_PASSWORD", ""),
        (f"MARIADB_ROOT_PASSWORD: {SECRET}", f"SOMETHING={SECRET}", "DB_ROOT_PASSWORD", "to do"),
        (f"MARIADB_ROOT_PASSWORD: '${{UNSET:-{SECRET}}}'", "", "UNSET", "to do"),
        ("MARIADB_ROOT_PASSWORD_FILE: /run/secrets/pw", "", "DB_ROOT_PASSWORD", "to do"),
        ("MARIADB_RANDOM_ROOT_PASSWORD: '1'", "DB_ROOT_PASSWORD=x", "DB_ROOT_PASSWORD", "guess"),
    ],
)
def test_the_variable_of_the_password(
    adopted: Adopt, password: str, env: str, variable: str, mark: str
) -> None:
    adoption = adopted(compose(WEB + DB.format(password=password)) | {".env": f"{env}\n"})
    found = values(adoption)
    assert found.get("database.password_variable", "DB_ROOT_PASSWORD") == variable
    assert marks(adoption).get("database.password_variable", "") == mark
    assert SECRET not in adoption.text + str(adoption)


def test_an_env_file_of_the_service_is_no_place_that_the_deployer_reads(adopted: Adopt) -> None:
    text = WEB + "  db: {image: mysql, env_file: db.env}\n"
    files = compose(text) | {"db.env": f"MYSQL_ROOT_PASSWORD={SECRET}\nMYSQL_DATABASE=shop\n"}
    adoption = adopted(files)
    assert marks(adoption)["database.password_variable"] == "to do"
    assert "docker-compose.yml:3, env_file" in seen(adoption, "database.password_variable")
    assert SECRET not in adoption.text + str(adoption)


def test_an_env_file_that_is_the_stacks_own_has_the_variable(adopted: Adopt) -> None:
    text = WEB + "  db: {image: mysql, env_file: .env}\n"
    files = compose(text) | {".env": f"MYSQL_ROOT_PASSWORD={SECRET}\nMYSQL_DATABASE=shop\n"}
    adoption = adopted(files)
    assert values(adoption)["database.password_variable"] == "MYSQL_ROOT_PASSWORD"
    assert not marks(adoption).keys() & {"database.password_variable"}


def test_a_user_of_the_schema_is_a_guess(adopted: Adopt) -> None:
    password = "MARIADB_USER: shop, MARIADB_PASSWORD: '${SHOP_PW}', MARIADB_RANDOM_ROOT_PASSWORD: 1"
    files = compose(WEB + DB.format(password=password)) | {".env": f"SHOP_PW={SECRET}\n"}
    adoption = adopted(files)
    found = values(adoption)
    assert (found["database.user"], found["database.password_variable"]) == ("shop", "SHOP_PW")
    assert marks(adoption)["database.user"] == "guess"


def test_a_schema_that_no_variable_names_is_marked(adopted: Adopt) -> None:
    text = WEB + "  db: {image: mariadb, environment: {MARIADB_ROOT_PASSWORD: '${PW}'}}\n"
    adoption = adopted(compose(text) | {".env": "PW=x\n"})
    assert marks(adoption)["database.name"] == "to do"


def test_the_schema_that_the_application_uses_counts(adopted: Adopt) -> None:
    text = """\
  web:
    image: shop
    ports: ["80:80"]
    environment: {DATABASE_URL: "mysql://u:hush@db:3306/orders?ssl=1"}
  db: {image: mariadb, environment: {MARIADB_ROOT_PASSWORD: "${PW}"}, command: --port=3310}
"""
    adoption = adopted(compose(text) | {".env": "PW=x\n"})
    found = values(adoption)
    assert (found["database.name"], found["database.port"]) == ("orders", 3310)
    assert "hush" not in adoption.text + str(adoption)


@pytest.mark.parametrize(
    ("redis", "env", "variable"),
    [
        ("command: 'redis-server --requirepass ${PW}'", "PW=x", "PW"),
        ("command: [redis-server, --requirepass, '${PW:?set it}']", "PW=x", "PW"),
        (f"command: redis-server --requirepass {SECRET}", "", "REDIS_PASSWORD"),
        ("environment: {REDIS_PASSWORD: '${PW}'}", "PW=x", "PW"),
        ("environment: {REDISCLI_AUTH: '${PW:-}'}", "PW=", "PW"),
        ("environment: {REDISCLI_AUTH: '${PW:-}'}", "", None),
        ("command: redis-server --appendonly yes", "", None),
    ],
)
def test_the_variable_of_the_caches_password(
    adopted: Adopt, redis: str, env: str, variable: str | None
) -> None:
    adoption = adopted(compose(f"{WEB}  redis: {{image: redis, {redis}}}\n") | {".env": f"{env}\n"})
    assert values(adoption).get("cache.password_variable") == variable
    assert SECRET not in adoption.text + str(adoption)


@pytest.mark.parametrize(
    ("conf", "environment", "variable", "mark"),
    [
        (f"requirepass {SECRET}\n", "{}", "REDIS_PASSWORD", "to do"),
        (f"requirepass {SECRET}\n", "{REDIS_PASSWORD: '${PW}'}", "PW", ""),
        ("# requirepass x\n", "{REDIS_PASSWORD: 'null'}", None, ""),
    ],
)
def test_a_password_in_the_caches_configuration(
    adopted: Adopt, conf: str, environment: str, variable: str | None, mark: str
) -> None:
    text = f"""\
  web: {{image: shop, ports: ["80:80"], environment: {environment}}}
  redis: {{image: redis, volumes: ["./redis.conf:/etc/redis.conf"]}}
"""
    adoption = adopted(compose(text, **{"redis.conf": conf}) | {".env": f"PW={SECRET}\n"})
    assert values(adoption).get("cache.password_variable") == variable
    assert marks(adoption).get("cache.password_variable", "") == mark
    assert SECRET not in adoption.text + str(adoption)


def test_no_file_that_may_hold_a_secret_is_searched(adopted: Adopt) -> None:
    text = """\
  web: {build: ., ports: ["80:80"], secrets: [token], volumes: ["./keys:/keys"]}
secrets: {token: {file: ./token.py}}
"""
    files = compose(text, Dockerfile="FROM x\nCOPY . /srv\n")
    hidden = {".env.py": "'/a/health'", "keys/x.pem": "'/b/health'", "keys/.env": "'/c/health'"}
    adoption = adopted(files | hidden | {".dockerignore": "token.py\n", "token.py": "'/d/health'"})
    assert values(adoption)["app.health_path"] == "/"
