"""Ports, health paths, releases and addresses, by the strongest evidence; guesses are marked."""

from __future__ import annotations

import pytest

from cosmicdeploy.adoption.adopt import Adoption
from cosmicdeploy.settings import Settings
from cosmicdeploy.workspace import read_stack_files
from tests.unit.adoption.conftest import Adopt, compose, evidence, marks, values

pytestmark = pytest.mark.unit

BUILT = "  web: {{build: ., {keys}}}\n"


@pytest.mark.parametrize(
    ("keys", "dockerfile", "port"),
    [
        ("ports: ['80:3000']", "FROM x\nEXPOSE 9999\n", 3000),
        ("expose: ['4000']", "FROM x\nEXPOSE 9999\n", 4000),
        ("environment: {PORT: '4567'}", "FROM x\nEXPOSE 9999\n", 4567),
        ("command: gunicorn shop --bind 0.0.0.0:8001", "FROM x\n", 8001),
        ("command: uvicorn shop:app --port 8002", "FROM x\n", 8002),
        ("restart: always", "FROM x\nARG P=8003\nEXPOSE ${P}/tcp\n", 8003),
        ("restart: always", "FROM x AS a\nEXPOSE 8004\nFROM y AS b\nFROM a\n", 8004),
        ("restart: always", 'FROM x\nCMD ["app", "--port=8005"]\n', 8005),
        ("restart: always", "FROM tomcat:10\n", 8080),
        ("healthcheck: {test: curl localhost:8006/up}, ports: ['80:1']", "FROM x\n", 8006),
        ("healthcheck: {test: curl localhost:2019/metrics}, ports: ['1:8080']", "FROM x\n", 8080),
        ("healthcheck: {test: curl localhost:8443/up}, ports: ['443:443']", "FROM x\n", 8443),
    ],
)
def test_the_port(adopted: Adopt, keys: str, dockerfile: str, port: int) -> None:
    adoption = adopted(compose(BUILT.format(keys=keys), Dockerfile=dockerfile))
    assert values(adoption)["app.port"] == port


def test_a_check_of_a_port_that_clients_do_not_use_shows_no_health_path(adopted: Adopt) -> None:
    check = "HEALTHCHECK CMD curl -f http://localhost:2019/metrics\n"
    keys = "ports: ['80:80', '443:443']"
    adoption = adopted(compose(BUILT.format(keys=keys), Dockerfile="FROM x\n" + check))
    assert values(adoption)["app.health_path"] == "/"
    assert marks(adoption)["app.health_path"] == "guess"


@pytest.mark.parametrize(
    ("check", "port"),
    [
        ("curl -f http://localhost:${PORT:-3001}/ok || exit 1", 3001),
        ("curl -f localhost:$PORT/ok", 3009),
        (
            """python -c "urlopen(f'http://127.0.0.1:{env.get(\\"PORT\\", \\"5001\\")}/ok')\"""",
            5001,
        ),
        ("node -e \"get('http://localhost:' + (process.env.PORT || 3002) + '/ok')\"", 3002),
        ('node -e "get(`http://localhost:${process.env.PORT || 3003}/ok`)"', 3003),
        ("node -e \"get('http://localhost:' + process.env.PORT + '/ok')\"", 3009),
    ],
)
def test_the_port_of_a_check_may_be_an_expression(adopted: Adopt, check: str, port: int) -> None:
    variable = "ENV PORT=3009\n" if port == 3009 else ""
    dockerfile = f"FROM x\n{variable}HEALTHCHECK CMD {check}\n"
    found = values(adopted(compose(BUILT.format(keys="restart: always"), Dockerfile=dockerfile)))
    assert (found["app.port"], found["app.health_path"]) == (port, "/ok")


def test_a_url_of_which_the_port_is_not_understood_shows_nothing(adopted: Adopt) -> None:
    keys = "ports: ['80:4000'], healthcheck: {test: 'check http://localhost:PORT/ok'}"
    adoption = adopted(compose(f"  web: {{image: shop, {keys}}}\n"))
    assert values(adoption)["app.port"] == 4000
    assert marks(adoption)["app.health_path"] == "guess"


def test_of_several_ports_one_is_a_guess(adopted: Adopt) -> None:
    adoption = adopted(compose("  web: {image: shop, ports: ['1:9229', '2:3000', '3:53/udp']}\n"))
    assert values(adoption)["app.port"] == 3000
    assert marks(adoption)["app.port"] == "guess"


def test_an_application_without_any_port_gets_no_request(adopted: Adopt) -> None:
    files = compose("  bot: {build: .}\n", Dockerfile='FROM python:3\nCMD ["python3", "bot.py"]\n')
    adoption = adopted(files)
    found = values(adoption)
    assert (found["app.protocol"], found["app.reached_at"]) == ("other", False)
    assert marks(adoption)["app.protocol"] == "guess"


@pytest.mark.parametrize(
    ("keys", "path", "mark"),
    [
        ("healthcheck: {test: [CMD, curl, -f, 'http://localhost/ok']}", "/ok", ""),
        ("healthcheck: {test: wget -qO- http://127.0.0.1:80/ok || exit 1}", "/ok", ""),
        ("healthcheck: {test: 'curl -f http://web/ok'}, container_name: web", "/ok", ""),
        ("healthcheck: {test: 'curl http://127.0.0.1/ok?token=hush'}", "/ok", "guess"),
        ("healthcheck: {test: 'curl http://auth.example/ok'}", "/", "guess"),
        ("healthcheck: {disable: true}", "/", "guess"),
        ("environment: {HEALTH_PATH: /ready}", "/ready", ""),
        (
            "labels: {traefik.http.services.w.loadbalancer.healthcheck.path: /live}",
            "/live",
            "",
        ),
    ],
)
def test_the_health_path(adopted: Adopt, keys: str, path: str, mark: str) -> None:
    adoption = adopted(compose(f"  web: {{image: shop, ports: ['80:80'], {keys}}}\n"))
    assert values(adoption)["app.health_path"] == path
    assert marks(adoption).get("app.health_path", "") == mark
    assert "hush" not in adoption.text


@pytest.mark.parametrize(
    ("name", "code", "path"),
    [
        ("app.py", '@app.get("/healthz")\n', "/healthz"),
        ("app.js", "app.get('/status', f)\napp.get('/api/health', g)\n", "/api/health"),
        ("urls.py", 'path("health/", health)\n', "/health/"),
        ("routes/api.php", "Route::get('/health', H::class);\n", "/api/health"),
        ("routes/web.php", "Route::get('up', H::class);\n", "/up"),
        ("bootstrap/app.php", "->withRouting(health: '/up')\n", "/up"),
        ("config/routes.rb", 'get "up" => "rails/health#show"\n', "/up"),
        ("app.py", 'get("http://other:8000/health")\n', "/"),
        ("app.py", 'open("/var/run/health")\n', "/"),
        ("tests/app.py", 'client.get("/health")\n', "/"),
        ("vendor/x/app.py", 'client.get("/health")\n', "/"),
    ],
)
def test_a_health_path_in_the_sources_is_a_guess(
    adopted: Adopt, name: str, code: str, path: str
) -> None:
    files = compose("  web: {build: ., ports: ['80:80']}\n", Dockerfile="FROM x\nCOPY . /srv\n")
    adoption = adopted(files | {name: code})
    assert values(adoption)["app.health_path"] == path
    assert marks(adoption)["app.health_path"] == "guess"
    assert path == "/" or evidence(adoption, "app.health_path").startswith(f"{name}:")


def test_only_files_that_the_build_reads_count(adopted: Adopt) -> None:
    files = compose(
        """\
  api: {build: {context: ., target: api}, ports: ['1:80']}
  web: {build: {context: ., target: web}, ports: ['2:80']}
""",
        Dockerfile="FROM x AS api\nCOPY api.py /\nFROM x AS web\nCOPY web.py /\n",
    )
    found = values(adopted(files | {"api.py": "'/api/ready'", "web.py": "'/web/ready'"}))
    assert found["app.health_path"] == "/api/ready"
    assert found["applications.web.health_path"] == "/web/ready"


@pytest.mark.parametrize(
    ("keys", "dockerfile", "variable", "mark"),
    [
        (
            "build: {context: ., args: {RELEASE: '${R}'}}",
            "ARG RELEASE\nENV RELEASE=$RELEASE",
            "RELEASE",
            "",
        ),
        ("build: {context: ., args: [GIT_SHA]}", "ARG GIT_SHA", "GIT_SHA", "guess"),
        ("build: {context: ., args: {NODE_VERSION: '${N}'}}", "ARG NODE_VERSION", None, ""),
        ("build: {context: ., args: {RELEASE: 'fixed'}}", "ARG RELEASE", None, ""),
        ("build: ., environment: {SHOP_VERSION: '${V:-1}'}", "", "SHOP_VERSION", ""),
        ("build: ., environment: {API_VERSION: '${V:-1}'}", "", None, ""),
        ("build: ., environment: {SYMFONY_VERSION: '${V:-1}'}", "", None, ""),
        ("build: {context: ., args: {RAILS_VERSION: '${V:-1}'}}", "ARG RAILS_VERSION", None, ""),
        ("image: 'shop/app:${TAG:-1}'", "", "TAG", ""),
        ("image: 'shop/app:v${TAG:-1}-prod'", "", "TAG", ""),
        ("image: '${IMAGE:-shop/app:1}'", "", None, ""),
        ("image: '${REGISTRY:-r}/app:1'", "", None, ""),
    ],
)
def test_the_release_variable(
    adopted: Adopt, keys: str, dockerfile: str, variable: str | None, mark: str
) -> None:
    files = compose(f"  web: {{{keys}, ports: ['80:80']}}\n", Dockerfile=f"FROM x\n{dockerfile}\n")
    adoption = adopted(files)
    assert values(adoption).get("app.release_variable") == variable
    assert marks(adoption).get("app.release_variable", "") == mark
    unnamed = [note for note in adoption.notes if "unnamed" in note.what]
    assert bool(unnamed) == (variable is None)


@pytest.mark.parametrize(
    ("code", "header", "mark"),
    [
        ('self.send_header("X-Release", RELEASE)', "X-Release", ""),
        ("response['X-App-Version'] = settings.VERSION", "X-App-Version", "guess"),
        ("header('X-Release: ' . $release);", "X-Release", "guess"),
        ("version = request.headers['X-App-Version']", None, ""),
        ('req.headers.set("X-App-Version", "2")', None, ""),
        ('response.headers["X-API-Version"] = "2"', None, ""),
        ('send_header("X-Release", R)\nsend_header("X-Build", B)', None, ""),
    ],
)
def test_the_release_header(adopted: Adopt, code: str, header: str | None, mark: str) -> None:
    files = compose(
        "  web: {build: {context: ., args: {RELEASE: '${R:-1}'}}, ports: ['80:80']}\n",
        Dockerfile="FROM x\nCOPY . /srv\n",
    )
    adoption = adopted(files | {"app.py": code})
    assert values(adoption).get("app.release_header") == header
    assert marks(adoption).get("app.release_header", "") == mark


BUILT_NGINX = """\
FROM php:8.3-fpm AS php
FROM nginx AS nginx
COPY nginx.conf /etc/nginx/conf.d/
"""


def test_fastcgi_in_an_image_is_written_since_the_deployer_cannot_see_it(adopted: Adopt) -> None:
    text = """\
  php: {build: {context: ., target: php}}
  nginx: {build: {context: ., target: nginx}, ports: ["80:80"]}
"""
    conf = (
        "server { root /srv; location / { fastcgi_pass php:9001;"
        " fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; } }"
    )
    found = values(adopted(compose(text, Dockerfile=BUILT_NGINX, **{"nginx.conf": conf})))
    assert (found["app.protocol"], found["app.port"]) == ("fastcgi", 9001)
    assert found["app.script"] == "/srv/index.php"


def test_comments_in_a_proxys_configuration_do_not_count(adopted: Adopt) -> None:
    text = """\
  web: {image: "shop:${T:-1}"}
  old: {image: "shop/old:${T:-1}"}
  caddy: {image: caddy, ports: ["80:80"], volumes: ["./Caddyfile:/etc/caddy/Caddyfile"]}
"""
    site = ":80 {\n\t# reverse_proxy old:9000\n\t# health_uri /old\n\treverse_proxy web:8000\n}\n"
    found = values(adopted(compose(text, Caddyfile=site)))
    assert (found["services.app"], found["app.port"]) == (["web"], 8000)
    assert found["app.health_path"] == "/"


def test_a_redirect_to_https_needs_the_name_of_the_host(adopted: Adopt) -> None:
    conf = """\
server { listen 80; server_name shop.example; return 301 https://$host$request_uri; }
server { listen 443 ssl; server_name shop.example; location / { proxy_pass http://web:8000; } }
"""
    text = """\
  web: {image: "shop:${TAG:-1}"}
  nginx: {image: nginx, ports: ["80:80", "8443:443"], volumes: ["./c.conf:/etc/nginx/nginx.conf"]}
"""
    adoption = adopted(compose(text, **{"c.conf": conf}))
    assert values(adoption)["probe.url"] == "https://127.0.0.1:8443"
    assert values(adoption)["probe.host"] == "shop.example"
    assert marks(adoption)["probe.url"] == marks(adoption)["probe.host"] == "guess"


def test_a_site_of_caddy_needs_the_name_of_the_host(adopted: Adopt) -> None:
    text = """\
  web: {image: "shop:${TAG:-1}"}
  caddy: {image: caddy, ports: ["80:80", "443:443"], volumes: ["./Caddyfile:/etc/caddy/Caddyfile"]}
"""
    adoption = adopted(compose(text, Caddyfile="shop.example {\n\treverse_proxy web:8000\n}\n"))
    assert values(adoption)["probe.url"] == "https://127.0.0.1"
    assert values(adoption)["probe.host"] == "shop.example"
    assert "probe.host" not in marks(adoption)


ROUTED = """\
  web:
    image: shop:${TAG:-1}
    labels:
      traefik.http.routers.w.rule: RULE
      traefik.http.services.w.loadbalancer.server.port: "3000"
  edge: {image: "traefik:v3", ports: PORTS}
"""


@pytest.mark.parametrize(
    ("rule", "ports", "expected", "marked"),
    [
        ("Host(`a.example`)", "['8080:80']", {"probe.host": "a.example"}, {}),
        ("Host(`a.example`)", "['80']", {"probe.host": "a.example"}, {}),
        ("Host(`a.example`) && PathPrefix(`/`)", "['80:80']", {"probe.host": "a.example"}, {}),
        ("Host(`a.example`) || Host(`b.example`)", "['80:80']", {"probe.host": "a.example"},
         {"probe.host": "guess"}),
        ("Host(`a.example`)", "['443:443', '10.0.0.5:81:80']",
         {"probe.host": "a.example", "probe.url": "http://10.0.0.5:81"}, {}),
        ("Host(`-a.example`)", "['80:80']", {}, {}),
        ("PathPrefix(`/`)", "['80:80']", {}, {}),
    ],
)  # fmt: skip
def test_a_router_of_traefik_needs_the_name_of_the_host(
    adopted: Adopt, rule: str, ports: str, expected: dict[str, str], marked: dict[str, str]
) -> None:
    adoption = adopted(compose(ROUTED.replace("RULE", rule).replace("PORTS", ports)))
    assert {k: v for k, v in values(adoption).items() if k.startswith("probe.")} == expected
    assert {k: v for k, v in marks(adoption).items() if k.startswith("probe.")} == marked


def test_a_site_of_caddy_over_plain_http_needs_the_name_alone(adopted: Adopt) -> None:
    text = """\
  web: {image: "shop:${TAG:-1}"}
  caddy: {image: caddy, ports: ["80:80"], volumes: ["./Caddyfile:/etc/caddy/Caddyfile"]}
"""
    sites = (
        "http://other.example {\n\tredir https://shop.example\n}\n"
        "http://shop.example {\n\treverse_proxy web:8000\n}\n"
    )
    found = values(adopted(compose(text, Caddyfile=sites)))
    assert found["probe.host"] == "shop.example" and "probe.url" not in found


def test_a_proxy_outside_of_the_stack_has_an_address_by_its_labels(adopted: Adopt) -> None:
    text = """\
  web:
    image: shop:${TAG:-1}
    labels:
      traefik.enable: "true"
      traefik.http.routers.w.rule: Host(`shop.example`)
      traefik.http.routers.w.tls.certresolver: le
      traefik.http.services.w.loadbalancer.server.port: "3000"
"""
    found = values(adopted(compose(text)))
    assert found["probe.url"] == "https://shop.example"
    assert found["app.port"] == 3000 and "services.proxy" not in found


def test_an_application_that_nothing_leads_to_is_said(adopted: Adopt) -> None:
    adoption = adopted(compose("  web: {image: 'shop:${TAG:-1}', expose: ['80']}\n"))
    [note] = [each for each in adoption.notes if each.kind == "not recognized"]
    assert "no port of the host leads to it" in note.what and "probe.url" in note.todo


def test_a_slow_start_gets_more_time(adopted: Adopt) -> None:
    keys = "healthcheck: {test: 'curl localhost/', start_period: 2m, interval: 10s, timeout: 5s}"
    found = values(adopted(compose(f"  web: {{image: shop, ports: ['80:80'], {keys}}}\n")))
    assert found["restart.healthy_within"] == 135


MIXED = """\
server {{
    location /api/ {{ {api} }}
    location /php/ {{ {php} }}
}}
"""


def test_an_application_sets_what_it_must_not_inherit(adopted: Adopt) -> None:
    conf = MIXED.format(api="proxy_pass http://api:8000;", php="fastcgi_pass php:9000;")
    text = """\
  api: {image: "shop/api:${T:-1}", depends_on: [db]}
  php: {image: "shop/php:${T:-1}"}
  db: {image: mariadb, environment: {MARIADB_DATABASE: x, MARIADB_ROOT_PASSWORD: "${PW:-x}"}}
  nginx: {image: nginx, ports: ["80:80"], volumes: ["./c.conf:/etc/nginx/nginx.conf"]}
"""
    adoption = adopted(compose(text, **{"c.conf": conf}))
    found = values(adoption)
    assert (found["app.port"], found["applications.php.port"]) == (8000, 9000)
    assert "applications.php.protocol" not in found, "the deployer reads it from nginx"
    [php] = [e for e in loaded(adoption).all_applications if e.name == "php"]
    assert (php.protocol, php.port) == ("fastcgi", 9000)


def test_a_key_of_the_main_application_is_taken_away_from_another(adopted: Adopt) -> None:
    text = """\
  web: {build: {context: ., target: web, args: {RELEASE: "${R:-1}"}}, ports: ["1:8000"]}
  old: {build: {context: ., target: old}, ports: ["2:80"]}
"""
    dockerfile = "FROM x AS web\nCOPY web.py /\nFROM x AS old\nCOPY old.py /\n"
    sends = "send_header('X-Release', RELEASE)"
    adoption = adopted(compose(text, Dockerfile=dockerfile, **{"web.py": sends, "old.py": ""}))
    found = values(adoption)
    assert found["app.release_header"] == "X-Release"
    assert found["applications.old.release_header"] is None
    assert "applications.old.release_variable" not in found
    assert found["applications.old.port"] == 80


def loaded(adoption: Adoption) -> Settings:
    adoption.file.write_text(adoption.text)
    return read_stack_files(adoption.file)[0].settings


def test_a_guess_is_shown_although_it_is_the_default(adopted: Adopt) -> None:
    adoption = adopted(compose("  web: {image: shop, ports: ['1:9229', '2:80']}\n"))
    assert (values(adoption)["app.port"], marks(adoption)["app.port"]) == (80, "guess")


TWO = """\
  web: {{build: {{context: ., target: web, args: [GIT_SHA]}}, ports: ["1:8000"], {web}}}
  old: {{build: {{context: ., target: old}}, ports: ["2:8000"]}}
"""
CHECK = "healthcheck: {test: 'curl localhost:8000/up'}"


@pytest.mark.parametrize(("web", "mark"), [("restart: always", None), (CHECK, "guess")])
def test_a_guess_that_equals_a_known_value_of_the_main_application_is_shown(
    adopted: Adopt, web: str, mark: str | None
) -> None:
    dockerfile = "FROM x AS web\nCOPY a.py /\nFROM x AS old\nCOPY a.py /\n"
    files = compose(TWO.format(web=web), Dockerfile=dockerfile, **{"a.py": "'/up'"})
    adoption = adopted(files)
    assert values(adoption)["app.health_path"] == "/up"
    assert marks(adoption).get("applications.old.health_path") == mark


def test_what_is_unknown_of_another_application_is_said(adopted: Adopt) -> None:
    text = """\
  web: {image: "shop:${T:-1}", ports: ["80:80"]}
  api: {image: "api", labels: {traefik.enable: "true"}}
  old: {image: "old:${T:-1}", labels: {traefik.enable: "true"}}
"""
    adoption = adopted(compose(text), applications=["web", "api", "old"])
    found = [(note.about, note.what) for note in adoption.notes if note.kind == "not recognized"]
    unnamed = "no build argument, variable or tag names its release: reports give it the release"
    assert found == [
        ("api", f"{unnamed} of web, or call it unnamed"),
        ("api", "no file names its port: 80 is assumed"),
        ("old", "no file names its port: 80 is assumed"),
    ]


def test_a_check_of_a_proxy_for_one_of_several_applications_is_a_guess(adopted: Adopt) -> None:
    text = """\
  api: {image: "shop/api:${T:-1}"}
  web: {image: "shop/web:${T:-1}"}
  caddy: {image: caddy, ports: ["80:80"], volumes: ["./Caddyfile:/etc/caddy/Caddyfile"]}
"""
    site = """\
:80 {
\thandle /api/* {
\t\treverse_proxy api:8000 {
\t\t\thealth_uri /ready
\t\t}
\t}
\treverse_proxy web:3000
}
"""
    adoption = adopted(compose(text, Caddyfile=site))
    assert values(adoption)["app.health_path"] == "/ready"
    assert marks(adoption)["app.health_path"] == "guess"
