"""Small stacks of strangers, as the files of a folder by name; none needs an engine.

They stand for layouts that tests/stack/layouts has no kind of: other proxies, frameworks and
databases.
"""

from __future__ import annotations

from collections.abc import Mapping

Files = Mapping[str, str]

SERVER = """\
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

RELEASE = os.environ["RELEASE"]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if self.path == "/ready" and RELEASE == "bad" else 200)
        self.send_header("X-Release", RELEASE)
        self.end_headers()


HTTPServer(("", 8000), Handler).serve_forever()
"""
DOCKERFILE = """\
FROM python:3.11-slim AS app
ARG RELEASE=0
ENV RELEASE=${RELEASE}
COPY server.py /srv/
EXPOSE 8000
CMD ["python3", "/srv/server.py"]
"""
REPLICAS = """\
x-app: &app
  image: shop-app
  build: {context: ., target: app, args: {RELEASE: "${RELEASE:-1}"}}
services:
  app-1: *app
  app-2: *app
"""
APP: Files = {"server.py": SERVER, "Dockerfile": DOCKERFILE}

CADDY: Files = APP | {
    "docker-compose.yml": REPLICAS
    + """\
  edge:
    build: {context: ., target: edge}
    ports: ["127.0.0.1:8080:80"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
""",
    "Dockerfile": DOCKERFILE + '\nFROM debian AS edge\nCMD ["caddy", "run"]\n',
    "Caddyfile": ":80 {\n  reverse_proxy app-1:8000 app-2:8000 {\n    health_uri /ready\n  }\n}\n",
}
HAPROXY: Files = APP | {
    "docker-compose.yml": REPLICAS
    + """\
  edge:
    image: haproxy:2.6
    ports: ["8080:80"]
    volumes: ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]
""",
    "haproxy.cfg": """\
frontend http
    bind :80
    default_backend app
backend app
    option httpchk GET /ready
    server app-1 app-1:8000 check
    server app-2 app-2:8000 check
""",
}
TRAEFIK: Files = {
    "compose.yaml": """\
services:
  app:
    image: registry.example/shop/app:${IMAGE_TAG:-1}
    deploy: {replicas: 2}
    labels:
      - traefik.enable=true
      - traefik.http.routers.app.rule=Host(`shop.example`)
      - traefik.http.services.app.loadbalancer.server.port=8000
      - traefik.http.services.app.loadbalancer.healthcheck.path=/ready
  edge:
    image: traefik:v3
    ports: ["127.0.0.1:8080:80"]
""",
}
DATABASE = """\
  db:
    image: ${DATABASE_IMAGE:-mariadb:10.11}
    environment:
      MARIADB_ROOT_PASSWORD: ${DB_ROOT_PASSWORD:?}
      MARIADB_DATABASE: shop
    volumes: ["data:/var/lib/mysql"]
volumes: {data: {}}
"""
WEB = """\
services:
  web:
    build: {context: ., args: {RELEASE: "${RELEASE}"}}
    environment: [DB_HOST=db, DB_NAME=shop, DB_PASSWORD]
    ports: ["127.0.0.1:8080:8000"]
    depends_on: [db]
"""
SECRETS = "DB_ROOT_PASSWORD=a-word-of-root\nDB_PASSWORD=a-word-of-shop\nRELEASE=1\n"
DJANGO: Files = APP | {
    "docker-compose.yml": WEB + DATABASE,
    ".env": SECRETS,
    "Dockerfile": DOCKERFILE.replace("server.py /srv/", "manage.py urls.py /srv/"),
    "manage.py": "from django.core.management import execute_from_command_line\n",
    "urls.py": 'urlpatterns = [path("healthz/", views.health), path("", views.index)]\n',
}
ALEMBIC: Files = APP | {
    "docker-compose.yml": WEB + DATABASE,
    ".env": SECRETS,
    "Dockerfile": DOCKERFILE.replace("server.py /srv/", "server.py alembic.ini /srv/"),
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
}
POSTGRES: Files = APP | {
    "docker-compose.yml": WEB
    + """\
  db:
    image: postgres:15
    environment: {POSTGRES_DB: shop, POSTGRES_PASSWORD: "${DB_PASSWORD:?}"}
    volumes: ["data:/var/lib/postgresql/data"]
volumes: {data: {}}
""",
    ".env": SECRETS,
}
BACKGROUND: Files = APP | {
    "docker-compose.yml": """\
x-app: &app
  build: {context: ., args: {RELEASE: "${RELEASE:-1}"}}
  environment: {REDIS_HOST: redis}
services:
  web: {<<: *app, ports: ["8000:8000"]}
  jobs: {<<: *app, command: celery -A shop worker --loglevel info}
  clock: {<<: *app, command: ["celery", "-A", "shop", "beat"]}
  migrate: {<<: *app, command: "python manage.py migrate --noinput", restart: "no"}
  mailer:
    build: {context: ., target: app, args: {RELEASE: "1"}}
    command: rq worker mails
  redis: {image: "redis:7", command: 'redis-server --requirepass "${REDIS_SECRET:-a word}"'}
  sessions: {image: "redis:7"}
""",
    ".env": "REDIS_SECRET=a-word-of-redis\n",
}
