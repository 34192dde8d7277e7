"""How nginx passes requests to a service, from the configuration in the stack's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.proxy.declared.kinds import declared_passes
from cosmicdeploy.proxy.declared.passes import DeclaredPass, passes_to
from cosmicdeploy.stack.model import Mount, Service, Stack

pytestmark = pytest.mark.unit

FPM = """\
# fastcgi_pass unix:/old.sock;
server {
    root /var/www/html/public/;
    index index.php;
    location / { try_files $uri $uri/ /index.php?$query_string; }
    location ~ \\.php$ {
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $realpath_root$fastcgi_script_name;
        fastcgi_param DOCUMENT_ROOT $realpath_root;
        fastcgi_pass app:9000;
    }
}
"""


def passes(folder: Path, text: str, name: str = "default.conf") -> list[DeclaredPass]:
    """Return the passes to the service `app`, if nginx has this configuration."""
    conf = folder / "conf.d"
    conf.mkdir(exist_ok=True)
    (conf / name).write_text(text)
    mount = Mount(type="bind", source=str(conf), target="/etc/nginx/conf.d")
    services = {
        "app": Service(name="app", container_name="shop-app-1", image="shop"),
        "nginx": Service(name="nginx", container_name="n", image="nginx", mounts=(mount,)),
    }
    stack = Stack(
        project="shop",
        file=folder / "compose.yml",
        env_file=folder / ".env",
        services=services,
        networks={},
        volumes={},
    )
    return passes_to(services["app"], declared_passes(stack))


def test_php_fpm_is_found_with_its_port_its_front_controller_and_the_line(tmp_path: Path) -> None:
    [found] = passes(tmp_path, FPM)
    assert found == DeclaredPass(
        product="nginx",
        kind="fastcgi",
        directive="fastcgi_pass",
        place=f"{tmp_path}/conf.d/default.conf:10",
        port=9000,
        script="/var/www/html/public/index.php",
    )


@pytest.mark.parametrize(
    ("text", "kind", "port", "script"),
    [
        ("server { set $app app; location / { fastcgi_pass $app:9000; } }", "fastcgi", 9000, ""),
        (
            "upstream php { server shop-app-1:9001; } server { fastcgi_pass php; }",
            "fastcgi",
            9001,
            "",
        ),
        ("server { location / { proxy_pass http://app:8000/; } }", "proxy", 8000, ""),
        ("server { uwsgi_pass app:3031; }", "uwsgi", 3031, ""),
        (
            "server { fastcgi_param SCRIPT_FILENAME /srv/index.php; fastcgi_pass app:9000; }",
            "fastcgi",
            9000,
            "/srv/index.php",
        ),
        (
            "server { fastcgi_param SCRIPT_FILENAME $dir/$other; fastcgi_pass app:9000; }",
            "fastcgi",
            9000,
            "",
        ),
    ],
)
def test_each_way_to_pass_requests_on(
    tmp_path: Path, text: str, kind: str, port: int, script: str
) -> None:
    [found] = passes(tmp_path, text)
    assert (found.kind, found.port, found.script) == (kind, port, script)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("server { fastcgi_pass other:9000; }", "default.conf"),
        ("server { fastcgi_pass unix:/run/php.sock; }", "default.conf"),
        ("server { fastcgi_pass $from_elsewhere:9000; }", "default.conf"),
        ("server { fastcgi_pass app:9000; }", "notes.txt"),
        ("}}} {{{ fastcgi_pass", "default.conf"),
        ("", "default.conf"),
    ],
)
def test_what_does_not_name_the_service_is_ignored(tmp_path: Path, text: str, name: str) -> None:
    assert passes(tmp_path, text, name) == []


def test_files_that_are_no_configuration_are_ignored(tmp_path: Path) -> None:
    conf = tmp_path / "conf.d"
    conf.mkdir()
    (conf / "dhparam").write_bytes(b"\xff\xfe\x00")
    (conf / "gone.conf").symlink_to("nowhere")
    assert passes(tmp_path, "server { proxy_pass http://app; }")[0].kind == "proxy"


def test_the_place_is_the_line_of_the_directive_itself(tmp_path: Path) -> None:
    """Not that of the first directive of its kind, nor of one in a comment or in quotes."""
    text = """\
# fastcgi_pass app:1;
server { fastcgi_pass other:9000; }
server {
    add_header X "a
    fastcgi_pass app:2;";
    location /a { fastcgi_pass
        app:9000; }
    location /b { fastcgi_pass other:9000; } location /c { fastcgi_pass app:9001; }
}
"""
    places = {each.port: each.place.rpartition(":")[2] for each in passes(tmp_path, text)}
    assert places == {9000: "6", 9001: "8"}


def test_blocks_nested_too_deeply_pass_nothing(tmp_path: Path) -> None:
    assert passes(tmp_path, "a {" * 50_000) == []
