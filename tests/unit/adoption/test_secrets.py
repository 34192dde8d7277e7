"""Variables hold the passwords; no value of a secret is in the text, the notes or the evidence."""

from __future__ import annotations

import pytest

from tests.unit.adoption.conftest import Adopt, compose, evidence, marks, values

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
    assert "docker-compose.yml:3, env_file" in evidence(adoption, "database.password_variable")
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


@pytest.mark.parametrize(
    ("variable", "url", "expected"),
    [
        ("DATABASE_URL", "postgres://shop:{}/7@db.example:5432/shop", "at db.example:5432"),
        ("DATABASE_URL", "mysql2://shop:{}#7@db.example/shop", "at db.example"),
        ("DATABASE_URL", "mysql://shop:7@{}@db.example/shop", "at db.example"),
        ("DATABASE_URL", "mysql://shop:{}?7@db.example/shop", "at the address in"),
        ("DATABASE_URL", "mysql://db.example/shop?user=a&password={}", "at db.example"),
        ("MONGO_URL", "mongodb://u:{}@one:27017,two:27017/shop", "at one:27017"),
        ("SPRING_DATASOURCE_URL", "jdbc:sqlserver://sql;user=sa;password={}", "at sql "),
        ("DB_HOST", "mysql://shop:{}@db.example:3307/shop", "at db.example:3307"),
        ("DB_HOST", "shop:{}@db.example", "at db.example"),
        ("DB_HOST", "/run/{}/mysqld.sock", "at the address in"),
    ],
)
def test_the_address_of_a_database_has_no_part_of_its_password(
    adopted: Adopt, variable: str, url: str, expected: str
) -> None:
    environment = f"{{{variable}: '{url.format(SECRET)}'}}"
    adoption = adopted(
        compose(f"  web: {{image: shop, ports: ['80:80'], environment: {environment}}}\n")
    )
    [note] = [each for each in adoption.notes if each.kind == "does not hold"]
    assert expected in note.what and f"2, {variable}" in note.what
    assert SECRET not in adoption.text + str(adoption)


def test_a_port_that_is_none_is_not_shown(adopted: Adopt) -> None:
    environment = f"{{DB_HOST: db.example, DB_PORT: {SECRET}}}"
    adoption = adopted(
        compose(f"  web: {{image: shop, ports: ['80:80'], environment: {environment}}}\n")
    )
    [note] = [each for each in adoption.notes if each.kind == "does not hold"]
    assert "at db.example (" in note.what
    assert SECRET not in adoption.text + str(adoption)


@pytest.mark.parametrize(
    "command",
    [
        f'sh -c "BROKER=redis://celery:{SECRET}@redis celery -A shop worker"',
        f'sh -c "BROKER=redis://celery:{SECRET}@redis celery -A shop beat"',
        f'sh -c "curl -u migrate:{SECRET} http://x"',
        f"shop -p {SECRET} schedule:work",
        f"shop {SECRET}=1 queue:work",
    ],
)
def test_a_command_line_is_not_shown(adopted: Adopt, command: str) -> None:
    text = f"  web: {{image: x, ports: ['80:80']}}\n  job: {{image: x, command: '{command}'}}\n"
    adoption = adopted(compose(text))
    assert "job" in str(values(adoption))
    assert SECRET not in adoption.text + str(adoption)


@pytest.mark.parametrize(
    "keys",
    [
        "healthcheck: {test: 'curl http://localhost/ok/${SHOP_TOKEN}'}",
        "healthcheck: {test: [CMD, curl, 'http://localhost/ok?token=${SHOP_TOKEN}']}",
        f"healthcheck: {{test: 'curl -u a:{SECRET} http://a:{SECRET}@localhost/ok'}}",
        f"labels: {{traefik.http.services.w.loadbalancer.healthcheck.path: '/ok?t={SECRET}'}}",
        f"environment: {{HEALTH_PATH: '/ok?t={SECRET}'}}",
    ],
)
def test_a_token_in_a_health_check_is_not_shown(adopted: Adopt, keys: str) -> None:
    files = compose(f"  web: {{image: shop, ports: ['80:80'], {keys}}}\n")
    adoption = adopted(files | {".env": f"SHOP_TOKEN={SECRET}\n"})
    assert marks(adoption)["app.health_path"] == "guess"
    assert SECRET not in adoption.text + str(adoption)


def test_a_token_in_a_proxys_template_is_not_shown(adopted: Adopt) -> None:
    text = """\
  web: {image: "shop:${T:-1}"}
  haproxy:
    image: haproxy
    ports: ["80:80"]
    environment: {SHOP_TOKEN: "${SHOP_TOKEN}", SHOP_HOST: web}
    volumes: ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg"]
"""
    conf = "option httpchk GET /ok/${SHOP_TOKEN}\nserver a ${SHOP_HOST}:8000\n"
    files = compose(text, **{"haproxy.cfg": conf}) | {".env": f"SHOP_TOKEN={SECRET}\n"}
    adoption = adopted(files)
    assert values(adoption)["app.port"] == 8000
    assert SECRET not in adoption.text + str(adoption)
