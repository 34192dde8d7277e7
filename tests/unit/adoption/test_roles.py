"""The role of each service, by its image, its command, and what passes requests to it."""

from __future__ import annotations

import pytest

from cosmicdeploy.adoption.adopt import Adoption
from cosmicdeploy.errors import ConfigError
from tests.unit.adoption.conftest import Adopt, compose, evidence, marks, values
from tests.unit.adoption.stacks import BACKGROUND, POSTGRES

pytestmark = pytest.mark.unit


def roles(adoption: Adoption) -> dict[str, str]:
    return {each.service: each.role for each in adoption.services}


def test_background_services_have_their_roles(adopted: Adopt) -> None:
    adoption = adopted(BACKGROUND)
    assert roles(adoption) == {
        "web": "app",
        "jobs": "worker",
        "clock": "scheduler",
        "migrate": "one-shot",
        "mailer": "none",
        "redis": "cache",
        "sessions": "keeps data",
    }
    assert values(adoption)["cache.password_variable"] == "REDIS_SECRET"
    assert marks(adoption)["services.one_shot"] == "guess"
    assert evidence(adoption, "services.scheduler").endswith("`celery … beat`")
    [mailer] = [note for note in adoption.notes if note.about == "mailer"]
    assert "a worker" in mailer.what and "not on the image of web" in mailer.what


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("command: php artisan queue:work", "worker"),
        ("command: php artisan horizon", "worker"),
        ("command: bundle exec sidekiq -C config/sidekiq.yml", "worker"),
        ("command: rq worker default", "worker"),
        ("command: python -m dramatiq shop", "worker"),
        ("command: php bin/console messenger:consume async", "worker"),
        ("command: crond -f", "scheduler"),
        ("command: cron -f", "scheduler"),
        ("command: supercronic /etc/crontab", "scheduler"),
        ("environment: {CONTAINER_ROLE: scheduler}", "scheduler"),
        ("environment: {CONTAINER_ROLE: queue}", "worker"),
        ("command: node consumer.js", "worker"),
        ("command: python manage.py migrate", "one-shot"),
        ("command: cp -r /app/build/. /static/", "one-shot"),
        ("command: ['sh', '-c', 'mkdir -p /s && cp -r /a /s']", "one-shot"),
        ("command: ['sh', '-c', 'cp -r /a /s && nginx']", "none"),
        ("command: ./load-defaults, restart: 'no'", "one-shot"),
        ("command: ./load-defaults", "none"),
        ("command: 'cp -r /a /s', restart: always", "none"),
        ("command: sh -c 'python manage.py migrate && gunicorn shop'", "none"),
        ("command: python bot.py", "none"),
        ("command: php artisan queue:work, ports: ['9000:9000']", "worker"),
    ],
)
def test_a_service_on_the_applications_image(adopted: Adopt, keys: str, expected: str) -> None:
    text = f"  web: {{build: ., ports: ['8000:8000']}}\n  other: {{build: ., {keys}}}\n"
    assert roles(adopted(compose(text, Dockerfile="FROM scratch\n")))["other"] == expected


def test_a_service_that_creates_buckets_is_one_shot(adopted: Adopt) -> None:
    text = """\
  web: {image: "shop:1", ports: ["80:80"]}
  minio: {image: minio/minio, command: server /data}
  buckets:
    image: minio/mc
    depends_on: [minio]
    entrypoint: >
      /bin/sh -c "until mc alias set s http://minio:9000 key hush; do sleep 1; done;
      /usr/bin/mc mb --ignore-existing s/files; mc anonymous set public s/files; exit 0;"
"""
    adoption = adopted(compose(text))
    assert roles(adoption)["buckets"] == "one-shot"
    assert evidence(adoption, "services.one_shot").endswith("and a deploy runs it")
    assert "hush" not in adoption.text


def test_a_task_that_needs_the_application_is_left_alone(adopted: Adopt) -> None:
    text = """\
  web: {image: "shop:1", ports: ["80:80"]}
  setup: {image: "setup:1", command: ./setup.sh, depends_on: [web]}
"""
    assert roles(adopted(compose(text)))["setup"] == "left alone"


def test_migrations_of_a_database_that_is_backed_up_are_not_run_unseen(adopted: Adopt) -> None:
    text = """\
  web: {build: ., ports: ["80:80"]}
  migrate: {build: ., command: python manage.py migrate}
  db: {image: "mariadb:10.11", environment: {MARIADB_DATABASE: shop}}
"""
    files = compose(text, Dockerfile="FROM python\nCOPY . .\n") | {"manage.py": ""}
    adoption = adopted(files)
    assert roles(adoption)["migrate"] == "left alone"
    assert values(adoption)["migrate.framework"] == "django"


def test_migrations_that_a_deploy_runs_without_judging_them_are_said(adopted: Adopt) -> None:
    text = "  web: {image: 'shop:1', ports: ['80:80']}\n  init: {image: tool, command: dbmate up}\n"
    adoption = adopted(compose(text))
    assert roles(adoption)["init"] == "one-shot"
    [said] = [note for note in adoption.notes if note.about == "init"]
    assert "a deploy runs it, but neither shows, judges nor undoes" in said.what


def test_a_job_on_the_image_of_an_application_is_no_application(adopted: Adopt) -> None:
    text = """\
  web: {image: "shop:${TAG:-1}"}
  housekeeping: {image: "shop:${TAG:-1}", command: ./housekeeping.sh}
  admin: {image: "shop:${TAG:-1}", command: ./admin, healthcheck: {test: "curl localhost:81/"}}
"""
    assert values(adopted(compose(text)))["services.app"] == ["web", "admin"]


def test_the_main_application_is_one_that_other_machines_reach(adopted: Adopt) -> None:
    text = """\
  metrics: {image: "metrics:1", ports: ["127.0.0.1:9000:9000"]}
  web: {image: "web:1", ports: ["80:80"]}
"""
    assert values(adopted(compose(text)))["services.app"] == ["web", "metrics"]


def test_what_others_wait_for_is_one_shot(adopted: Adopt) -> None:
    text = """\
  prepare: {image: shop, command: "prepare.sh"}
  web:
    image: shop
    ports: ["80:80"]
    depends_on: {prepare: {condition: service_completed_successfully}}
"""
    assert roles(adopted(compose(text))) == {"prepare": "one-shot", "web": "app"}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("mariadb:10.11", "database"),
        ("bitnami/mysql:8", "database"),
        ("percona/percona-server:8.0", "database"),
        ("registry.example:5000/base/mysql", "database"),
        ("valkey/valkey:8", "cache"),
        ("postgres:16", "keeps data"),
        ("mcr.microsoft.com/mssql/server:2022", "keeps data"),
        ("rabbitmq:3-management", "keeps data"),
        ("prom/mysqld-exporter", "none"),
        ("adminer", "none"),
        ("mailhog/mailhog", "none"),
    ],
)
def test_a_server_is_known_by_the_name_of_its_image(
    adopted: Adopt, image: str, expected: str
) -> None:
    environment = "{MYSQL_ROOT_PASSWORD: '${PASSWORD:-x}', MYSQL_DATABASE: shop}"
    text = f"""\
  web: {{build: ., ports: ["80:80"]}}
  other: {{image: '{image}', ports: ["1234:1234"], environment: {environment}}}
"""
    assert roles(adopted(compose(text, Dockerfile="FROM scratch\n")))["other"] == expected


def test_a_database_of_another_name_is_known_by_its_data_and_variables(adopted: Adopt) -> None:
    text = """\
  web: {build: ., ports: ["80:80"]}
  store:
    image: registry.example/shop/store:1
    environment: {MARIADB_ROOT_PASSWORD: "${PASSWORD}", MARIADB_DATABASE: shop}
    volumes: ["data:/var/lib/mysql"]
volumes: {data: }
"""
    files = compose(text, Dockerfile="FROM scratch\n") | {".env": "PASSWORD=a-word\n"}
    found = values(adopted(files))
    assert (found["services.database"], found["database.name"]) == ("store", "shop")
    assert found["database.password_variable"] == "PASSWORD"


@pytest.mark.parametrize("product", ["PostgreSQL", "MongoDB", "SQL Server"])
def test_a_database_that_is_not_backed_up_is_named(adopted: Adopt, product: str) -> None:
    image = {"PostgreSQL": "postgres:15", "MongoDB": "mongo:7"}.get(product, "x/mssql/server:1")
    files = dict(POSTGRES)
    files["docker-compose.yml"] = files["docker-compose.yml"].replace("postgres:15", image)
    adoption = adopted(files)
    [note] = [each for each in adoption.notes if each.kind == "does not hold"]
    assert note.about == "db" and note.what.startswith(f"{product} in the service db")
    assert "not backed up" in note.what and "rollback" in note.what
    assert f"# - db: {product}" in adoption.text
    assert "services.database" not in values(adoption)


def test_a_replicated_database_is_named_beside_no_other(adopted: Adopt) -> None:
    text = """\
  web: {build: ., ports: ["80:80"]}
  db: {image: "mariadb:11", deploy: {replicas: 2}}
"""
    adoption = adopted(compose(text, Dockerfile="FROM scratch\n"))
    notes = [e for e in adoption.notes if e.about == "db" and e.kind == "does not hold"]
    assert [e.what.partition(":")[0] for e in notes] == ["MariaDB in the service db"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            {"DB_HOST": "db.example", "DB_PORT": "13306"},
            "a database outside of the stack, at db.ex",
        ),
        (
            {"DATABASE_URL": "mysql2://shop:secret@db.example:3306/shop"},
            "MySQL outside of the stac",
        ),
        ({"DATABASE_URL": "sqlite:///data/shop.db"}, "SQLite, in a file of the application"),
        ({"DB_CONNECTION": "sqlite"}, "SQLite, in a file of the application"),
    ],
)
def test_a_database_outside_of_the_stack_is_named(
    adopted: Adopt, environment: dict[str, str], expected: str
) -> None:
    text = f"  web: {{image: shop, ports: ['80:80'], environment: {environment}}}\n"
    adoption = adopted(compose(text))
    [note] = [each for each in adoption.notes if each.kind == "does not hold"]
    assert note.what.startswith(expected)
    assert "secret" not in str(vars(note)) + adoption.text


def test_services_behind_a_proxy_are_applications_of_their_own(adopted: Adopt) -> None:
    conf = """\
server {
    location /a/ { proxy_pass http://api:9000; }
    location / { proxy_pass http://web; }
}
"""
    text = """\
  web: {image: "shop/web:${WEB_TAG:-1}"}
  api: {image: "shop/api:${API_TAG:-1}", depends_on: [db]}
  inner: {image: "shop/inner:${API_TAG:-1}"}
  db: {image: mariadb, environment: {MARIADB_ROOT_PASSWORD: x, MARIADB_DATABASE: shop}}
  nginx: {image: nginx, ports: ["80:80"], volumes: ["./nginx.conf:/etc/nginx/nginx.conf"]}
"""
    adoption = adopted(compose(text, **{"nginx.conf": conf}))
    found = values(adoption)
    assert found["services.app"] == ["api", "web"], "the one that uses the database comes first"
    assert (found["app.port"], found["applications.web.port"]) == (9000, 80)
    assert found["applications.web.release_variable"] == "WEB_TAG"
    assert roles(adoption)["inner"] == "none"


def test_replicas_of_another_application_get_a_name_of_their_own(adopted: Adopt) -> None:
    text = "".join(
        f"  {name}: {{image: shop/{image}, ports: ['{port}:80']}}\n"
        for name, image, port in [
            ("app-1", "api", 8001),
            ("app-2", "api", 8002),
            ("web-1", "web", 8003),
            ("web-2", "web", 8004),
        ]
    )
    found = values(adopted(compose(text)))
    assert found["services.app"] == ["app-1", "app-2", "web-1", "web-2"]
    assert found["applications.web.services"] == ["web-1", "web-2"]


FRONTEND = "FROM node AS build\nFROM nginx\nCOPY --from=build /dist /usr/share/nginx/html\n"


def test_a_web_server_that_serves_its_own_files_is_an_application(adopted: Adopt) -> None:
    text = """\
  api: {image: "shop/api:${TAG:-1}", ports: ["8000:8000"]}
  frontend: {build: ., ports: ["80:80"]}
"""
    adoption = adopted(compose(text, Dockerfile=FRONTEND))
    assert values(adoption)["services.app"] == ["api", "frontend"]
    assert "services.proxy" not in values(adoption)


def test_a_built_web_server_that_passes_requests_somewhere_is_the_proxy(adopted: Adopt) -> None:
    text = """\
  api: {image: "shop/api:${TAG:-1}", ports: ["8000:8000"]}
  edge: {build: ., ports: ["80:80"]}
"""
    files = compose(text, Dockerfile="FROM nginx\nCOPY a.conf /etc/nginx/conf.d/\n")
    conf = {"a.conf": "location / { proxy_pass $backend; }"}
    adoption = adopted(files | conf)
    assert values(adoption)["services.proxy"] == "edge"
    assert marks(adoption)["services.proxy"] == "guess"


def test_a_built_web_server_with_a_group_of_unknown_servers_is_the_proxy(adopted: Adopt) -> None:
    conf = "upstream app { server APP_HOST:APP_PORT; }\nserver { include /run/pass; }\n"
    text = "  front: {build: ., ports: ['80:80']}\n  app: {image: 'shop:${T:-1}', expose: [3031]}\n"
    files = compose(text, Dockerfile="FROM nginx\nCOPY a.conf /etc/nginx/conf.d/\n")
    assert roles(adopted(files | {"a.conf": conf})) == {"front": "proxy", "app": "app"}


def test_a_lone_web_server_is_the_application(adopted: Adopt) -> None:
    adoption = adopted(compose("  site: {image: nginx, ports: ['80:80']}\n"))
    assert values(adoption)["services.app"] == ["site"]
    assert marks(adoption)["services.app"] == "guess"


def test_the_first_tool_of_a_stack_of_tools_is_the_application(adopted: Adopt) -> None:
    text = """\
  exporter: {image: prom/node-exporter}
  grafana: {image: grafana/grafana, ports: ["3000:3000"]}
  prometheus: {image: prom/prometheus, ports: ["9090:9090"]}
"""
    adoption = adopted(compose(text))
    assert values(adoption)["services.app"] == ["grafana"]
    assert marks(adoption)["services.app"] == "guess"


def test_of_two_proxies_the_one_that_passes_requests_to_the_application_counts(
    adopted: Adopt,
) -> None:
    text = """\
  edge: {image: haproxy, ports: ["80:80"], command: "haproxy -f /x server nginx nginx:80"}
  nginx: {image: nginx, volumes: ["./nginx.conf:/etc/nginx/nginx.conf"]}
  app: {image: "shop:${TAG:-1}"}
"""
    conf = "server { location / { proxy_pass http://app:8000; } }"
    adoption = adopted(compose(text, **{"nginx.conf": conf}))
    assert values(adoption)["services.proxy"] == "nginx"
    assert roles(adoption)["edge"] == "none"
    [note] = [each for each in adoption.notes if "HAProxy" in each.what]
    assert note.about == "edge" and note.what.endswith("replaces it as any other service")


def test_a_role_for_one_container_is_not_given_to_several(adopted: Adopt) -> None:
    text = """\
  app: {image: shop, ports: ["80:80"]}
  redis: {image: redis, deploy: {replicas: 3}}
"""
    adoption = adopted(compose(text))
    assert roles(adoption)["redis"] == "keeps data"
    what = next(note.what for note in adoption.notes if note.about == "redis")
    assert "3 replicas" in what and "replaces it only with --include" in what


def test_a_stack_without_an_application_says_how_to_name_one(adopted: Adopt) -> None:
    files = compose("  db: {image: postgres}\n  tool: {image: adminer, ports: ['80:80']}\n")
    with pytest.raises(ConfigError, match="No service of the compose file looks like") as caught:
        adopted(files)
    assert "--app SERVICE" in caught.value.todo
    adoption = adopted(files, applications=["tool"])
    assert values(adoption)["services.app"] == ["tool"]


def test_a_misspelt_application_is_suggested(adopted: Adopt) -> None:
    with pytest.raises(ConfigError, match="no service 'wep'") as caught:
        adopted(compose("  web: {image: shop, ports: ['80:80']}\n"), applications=["wep"])
    assert "'web'" in caught.value.todo


def test_what_a_framework_does_not_get_is_said(adopted: Adopt) -> None:
    text = (
        "  web: {build: ., ports: ['80:80'], command: sh -c 'rails db:migrate && rails server'}\n"
    )
    adoption = adopted(compose(text, Dockerfile="FROM ruby\nCOPY . .\n"))
    [note] = [each for each in adoption.notes if each.kind == "does not hold"]
    assert "migrates at its start" in note.what and "a service of their own" in note.todo


NGINX_PROXY = """\
  app: {image: nextcloud:29-fpm}
  web:
    build: .
    environment: {VIRTUAL_HOST: cloud.example, LETSENCRYPT_HOST: cloud.example}
  proxy:
    image: nginxproxy/nginx-proxy
    ports: ["80:80", "443:443"]
    volumes: ["/var/run/docker.sock:/tmp/docker.sock:ro"]
"""


def test_a_web_server_behind_nginx_proxy_passes_no_requests_to_itself(adopted: Adopt) -> None:
    conf = {"a.conf": "location ~ \\.php$ { fastcgi_pass app:9000; }"}
    files = compose(NGINX_PROXY, Dockerfile="FROM nginx\nCOPY a.conf /etc/nginx/conf.d/\n") | conf
    adoption = adopted(files)
    assert roles(adoption) == {"app": "app", "web": "proxy", "proxy": "none"}
    assert values(adoption)["probe.url"] == "https://cloud.example"
    assert not [note for note in adoption.notes if "no port of the host" in note.what]


def test_without_tls_a_web_server_behind_nginx_proxy_has_a_plain_address(adopted: Adopt) -> None:
    conf = {"a.conf": "location ~ \\.php$ { fastcgi_pass app:9000; }"}
    text = NGINX_PROXY.replace(", LETSENCRYPT_HOST: cloud.example", "")
    files = compose(text, Dockerfile="FROM nginx\nCOPY a.conf /etc/nginx/conf.d/\n") | conf
    assert values(adopted(files))["probe.url"] == "http://cloud.example"


def test_the_proxy_with_the_engines_socket_reads_the_labels(adopted: Adopt) -> None:
    text = """\
  static: {image: nginx, ports: ["8080:80"]}
  shop: {image: "shop:${T:-1}", environment: {VIRTUAL_HOST: shop.example, VIRTUAL_PORT: "3000"}}
  proxy:
    image: nginxproxy/nginx-proxy
    ports: ["80:80"]
    volumes: ["/var/run/docker.sock:/tmp/docker.sock:ro"]
"""
    found = values(adopted(compose(text)))
    assert (found["services.app"], found["services.proxy"]) == (["shop"], "proxy")


@pytest.mark.parametrize("command", ["celery -A shop flower", "rq-dashboard --port 5555"])
def test_a_tool_on_the_applications_image_is_no_application(adopted: Adopt, command: str) -> None:
    text = f"""\
  web: {{build: ., ports: ["8000:8000"]}}
  tool: {{build: ., ports: ["5555:5555"], command: {command}}}
"""
    adoption = adopted(compose(text, Dockerfile="FROM scratch\n"))
    assert roles(adoption)["tool"] == "none"
    assert values(adoption)["services.app"] == ["web"]


def test_an_application_of_a_company_called_acme_is_no_tool(adopted: Adopt) -> None:
    adoption = adopted(compose("  web: {image: 'acme-shop:1', ports: ['80:80']}\n"))
    assert values(adoption)["services.app"] == ["web"]


DJANGO_START = '#!/bin/sh\n# python manage.py migrate\n{}exec "$@"\n'
DJANGO_IMAGE = 'FROM python\nCOPY . /srv\nENTRYPOINT ["/srv/docker/start.sh"]\nCMD ["gunicorn"]\n'


def not_held(adoption: Adoption) -> list[str]:
    return [note.what for note in adoption.notes if note.kind == "does not hold"]


def django(start: str, more: str = "", keys: str = "") -> dict[str, str]:
    text = f"  web: {{build: ., ports: ['80:80']{keys}}}\n{more}"
    files = {"manage.py": "", "docker/start.sh": DJANGO_START.format(start)}
    return compose(text, Dockerfile=DJANGO_IMAGE) | files


def test_migrations_in_an_entrypoint_are_said(adopted: Adopt) -> None:
    [at_start] = not_held(adopted(django("python manage.py migrate --noinput\n")))
    assert at_start.startswith("its container may migrate at its start (docker/start.sh:3, `migr")


def test_an_entrypoint_without_migrations_migrates_nothing(adopted: Adopt) -> None:
    [framework] = not_held(adopted(django("python manage.py migrate --check\n")))
    assert framework.endswith("a deploy neither runs, judges nor undoes them")


def test_a_command_that_collects_static_files_does_not_migrate(adopted: Adopt) -> None:
    keys = ", command: sh -c 'python manage.py collectstatic --noinput && gunicorn shop'"
    [framework] = not_held(adopted(django("", keys=keys)))
    assert "manage.py" in framework


def test_a_service_that_migrates_before_the_application_is_run_by_a_deploy(adopted: Adopt) -> None:
    keys = ", depends_on: {migrate: {condition: service_completed_successfully}}"
    more = "  migrate: {build: ., command: python manage.py migrate}\n"
    [framework] = not_held(adopted(django("", more, keys)))
    assert "a deploy runs migrate, but neither shows, judges nor undoes them" in framework


def test_of_several_services_the_evidence_names_the_guess(adopted: Adopt) -> None:
    conf = {"nginx.conf": "server { location / { proxy_pass http://web:8000; } }"}
    text = """\
  web: {build: {context: ., target: web}}
  panel: {build: {context: ., target: panel}, ports: ["9000:9000"]}
  nginx: {image: nginx, ports: ["80:80"], volumes: ["./nginx.conf:/etc/nginx/nginx.conf"]}
"""
    dockerfile = "FROM x AS web\nFROM x AS panel\n"
    adoption = adopted(compose(text, Dockerfile=dockerfile, **conf))
    assert values(adoption)["services.app"] == ["web", "panel"]
    assert evidence(adoption, "services.app") == "panel: docker-compose.yml:3, publishes a port"


@pytest.mark.parametrize(
    ("image", "count"), [("getmeili/meilisearch:v1", 1), ("minio/minio", 1), ("memcached:1", 0)]
)
def test_a_store_without_a_backup_is_named(adopted: Adopt, image: str, count: int) -> None:
    text = f"  web: {{image: shop, ports: ['80:80']}}\n  store: {{image: {image}}}\n"
    found = [note for note in adopted(compose(text)).notes if note.kind == "does not hold"]
    assert [note.about for note in found] == ["store"] * count
    assert all("no backup has it" in note.what for note in found)
