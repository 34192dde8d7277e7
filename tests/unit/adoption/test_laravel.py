"""The Laravel stack of a stranger, and the shipped one, need no edit or one marked line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cosmicdeploy.adoption.adopt import Adoption, adopt
from cosmicdeploy.adoption.reading.engine_view import EngineView
from cosmicdeploy.adoption.reading.opening import StackChoice
from cosmicdeploy.layout import LayoutOptions, lay_out
from cosmicdeploy.settings import Settings, load
from tests.stack.stacks.php.strangers_laravel import lay_out_strangers_laravel
from tests.unit.adoption.conftest import NO_ENGINE, Adopt, compose, marks, values
from tests.unit.adoption.stacks import DATABASE

pytestmark = pytest.mark.unit

# What is up to the operator: what the verification and the monitor look at in the application.
OF_THE_OPERATOR = ("verify", "monitoring", "diagnose", "backup")


def readopted(folder: Path) -> tuple[Adoption, Settings, Settings]:
    """Replace the settings of a folder by adopted ones; return both, the former ones last."""
    file = folder / "cosmicdeploy.yaml"
    former = load(file, os.environ).settings
    file.unlink()
    choice = StackChoice(folder=folder, environ=dict(os.environ))
    adoption = adopt(choice, EngineView(None, NO_ENGINE))
    file.write_text(adoption.text)
    return adoption, load(file, os.environ).settings, former


def test_a_strangers_laravel_gets_all_that_its_page_names(tmp_path: Path) -> None:
    stack = lay_out_strangers_laravel(tmp_path)
    adoption, settings, former = readopted(stack.folder)
    for section in Settings.model_fields.keys() - set(OF_THE_OPERATOR):
        assert getattr(settings, section) == getattr(former, section), section
    assert settings.monitoring.log_file
    assert settings.diagnose.config_cache == former.diagnose.config_cache
    assert marks(adoption) == {"app.release_header": "guess"}


def test_the_shipped_stack_gets_its_roles_and_flag_files(tmp_path: Path) -> None:
    lay_out(tmp_path / "kiosk", LayoutOptions())
    adoption, settings, former = readopted(tmp_path / "kiosk")
    for section in ("services", "database", "cache", "restart", "maintenance", "proxy"):
        assert getattr(settings, section) == getattr(former, section), section
    assert settings.app.console == former.app.console
    assert marks(adoption) == {"app.console": "guess"}


SECRET = {".env": "DB_ROOT_PASSWORD=a-word-of-root\n"}
FPM = compose(
    """\
  php:
    image: registry.example/shop/php:${APP_VERSION:-1}
    working_dir: /srv
  queue:
    image: registry.example/shop/php:${APP_VERSION:-1}
    command: php artisan queue:work
    user: app
  nginx:
    image: nginx:1.27
    ports: ["8080:80"]
    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"]
""",
    **{"nginx.conf": "server { location / { fastcgi_pass php:9000; } }\n"},
)


def test_a_command_shows_laravel_where_there_are_no_sources(adopted: Adopt) -> None:
    adoption = adopted(FPM)
    found = values(adoption)
    assert found["app.console"] == ["php", "artisan"]
    assert found["app.log_file"] == "/srv/storage/logs/laravel.log"
    assert found["app.user"] == "app"
    assert marks(adoption).keys() >= {"app.user", "app.log_file", "app.health_path"}
    assert "app.protocol" not in found and "app.port" not in found


def test_a_log_to_the_output_is_no_file(adopted: Adopt) -> None:
    files = dict(FPM)
    files["docker-compose.yml"] = files["docker-compose.yml"].replace(
        "    working_dir: /srv\n", "    working_dir: /srv\n    environment: {LOG_CHANNEL: stderr}\n"
    )
    found = values(adopted(files))
    assert "app.log_file" not in found and "monitoring.log_file" not in found


def test_only_laravels_scheduler_is_stopped_between_jobs(adopted: Adopt) -> None:
    text = "  web: {image: shop, ports: ['80:80']}\n  cron: {image: shop, command: %s}\n"
    laravel = adopted(compose(text % "php artisan schedule:work"))
    assert values(laravel)["restart.between_jobs"] == ["scheduler"]
    loop = adopted(compose(text % "\"sh -c 'while true; do php artisan schedule:run; done'\""))
    assert values(loop)["services.scheduler"] == "cron"
    assert "restart.between_jobs" not in values(loop)


def test_a_laravel_that_migrates_at_its_start_has_a_console_for_that(adopted: Adopt) -> None:
    text = (
        "  web: {build: ., ports: ['80:80'], command: sh start.sh, depends_on: [db]}\n" + DATABASE
    )
    files = {"artisan": "", "start.sh": "php artisan migrate --force; exec php-fpm\n"}
    adoption = adopted(compose(text, Dockerfile="FROM php\nCOPY . /srv\n") | files | SECRET)
    [note] = [each for each in adoption.notes if each.kind == "does not hold"]
    assert "start.sh:1" in note.what and note.todo.endswith("a deploy runs them by app.console")


@pytest.mark.parametrize(
    ("dockerfile", "args", "log_file"),
    [
        ("ARG DIR=/app\nFROM php\nARG DIR\nWORKDIR $DIR\n", "{}", "/app/storage/logs/laravel.log"),
        ("FROM php\nARG DIR\nWORKDIR $DIR\n", "{DIR: /srv}", "/srv/storage/logs/laravel.log"),
        ("FROM php\nENV A=/srv B=$A/x\nWORKDIR $B\n", "{}", None),
        ("FROM php\nENV A=/srv\nENV B=$A/x\nWORKDIR $B\n", "{}", "/srv/x/storage/logs/laravel.log"),
        ("FROM php AS base\nARG DIR=/a\nFROM base\nWORKDIR $DIR\n", "{}", None),
        ("FROM php\nWORKDIR ${DIR#/x}\n", "{}", None),
    ],
)
def test_the_folder_of_a_dockerfile_is_known_or_not_written(
    adopted: Adopt, dockerfile: str, args: str, log_file: str | None
) -> None:
    text = f"  web: {{build: {{context: ., args: {args}}}, ports: ['80:80']}}\n"
    files = compose(text, Dockerfile=f"{dockerfile}COPY . .\n") | {"artisan": ""}
    assert values(adopted(files)).get("app.log_file") == log_file
