"""Settings: the example has every key; a mistake is reported with line and closest key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_origin

import pytest
from pydantic import BaseModel, ValidationError

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files import shipped
from cosmicdeploy.files.written_model import WrittenModel
from cosmicdeploy.settings import Settings, find, load
from cosmicdeploy.validation import _model_in

EXAMPLE = shipped.example_settings()


def write(folder: Path, text: str) -> Path:
    path = folder / "cosmicdeploy.yaml"
    path.write_text(text)
    return path


def minimal(folder: Path, more: str = "") -> Path:
    return write(
        folder,
        "services: {app: [web], database: db}\n"
        "app: {console: [php, artisan]}\n"
        "database: {name: shop}\n" + more,
    )


def test_the_example_loads() -> None:
    settings = load(EXAMPLE, {}).settings
    assert settings.services.app == ("cosmic-app-1", "cosmic-app-2", "cosmic-app-3")
    assert settings.verify.heartbeat is not None


def test_the_example_has_every_key() -> None:
    data = load(EXAMPLE, {}).settings.model_dump(exclude_unset=True)
    assert missing(Settings, data) == []


def missing(model: type[BaseModel], data: dict[str, Any], path: str = "") -> list[str]:
    """Return the keys of the model that the data lack."""
    found = []
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if name not in data:
            found.append(path + name)
        elif inner is not None and get_origin(field.annotation) is dict:
            # Entries have free names; a key that no entry has must be in a comment.
            entries = {key: value for each in data[name].values() for key, value in each.items()}
            lacking = missing(inner, entries, f"{path}{name}.")
            text = EXAMPLE.read_text(encoding="utf-8")
            found += [key for key in lacking if f"{{{key.rpartition('.')[2]}: " not in text]
        elif inner is not None and isinstance(data[name], dict):
            found += missing(inner, data[name], f"{path}{name}.")
    return found


def test_the_defaults_in_the_example_are_the_real_defaults(tmp_path: Path) -> None:
    plain = load(minimal(tmp_path), {}).settings
    example = load(EXAMPLE, {}).settings
    for section in ("backup", "migrate", "restart", "probe", "watch"):
        assert getattr(plain, section) == getattr(example, section)
    for key in ("flapping", "recent", "log_file"):
        assert getattr(plain.monitoring, key) == getattr(example.monitoring, key)
    for key in ("slow_after", "end_after", "connections", "config_cache"):
        assert getattr(plain.diagnose, key) == getattr(example.diagnose, key)
    assert plain.app.health_path == example.app.health_path
    assert plain.database and example.database
    assert plain.database.password_variable == example.database.password_variable


@pytest.mark.parametrize(
    ("more", "what", "line", "todo"),
    [
        ("bakup: {}\n", "Unknown key 'bakup'", 4, "backup"),
        ("verify:\n  colums: {}\n", "Unknown key 'verify.colums'", 5, "columns"),
        ("restart:\n  healthy_within: soon\n", "healthy_within: must be a", 5, "digits"),
        ("probe:\n  rate: -1\n", "probe.rate: must be ", 5, "correct"),
        ("probe:\n  host: http://shop.example\n", "probe.host: must be a host name", 5, "correct"),
        ("probe:\n  host: shop.example:0\n", "probe.host: must be a host name", 5, "correct"),
        ("probe:\n  host: 'a.example\\r\\nX: y'\n", "probe.host: must be a", 5, "correct"),
        ("restart: 5\n", "restart: must have keys", 4, "lines"),
        ("features:\n  a: {fil: x}\n", "Unknown key 'features.a.fil'", 5, "file"),
        ("features:\n  a: {state: [x]}\n", "features.a: must have either enable", 5, ""),
        ("verify: {feature: a}\n", "verify.feature: features has no 'a'", 1, ""),
    ],
)
def test_a_mistake_is_reported_with_its_line(
    tmp_path: Path, more: str, what: str, line: int, todo: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(minimal(tmp_path, more), {})
    assert what in caught.value.what
    assert caught.value.where.endswith(f"cosmicdeploy.yaml:{line}")
    assert todo in caught.value.todo


@pytest.mark.parametrize(
    ("copies", "what"),
    [
        ("[{url: 'sftp://me:pa55@host/x'}]", "sftp://host/x holds a password"),
        ("[{url: 'sftp://me:a/pa55@host/x'}]", "sftp://host/x holds a password"),
        ("[{url: '${URL}'}]", "sftp://host/x holds a password"),
        ("[{url: nas}, {url: nas/}]", "two destinations have the URL nas"),
        (
            "[{url: 'sftp://a@h/x'}, {url: 'sftp://b@h/x'}]",
            "two destinations have the URL sftp://h/x",
        ),
        ("[{url: 's3://b/x?pa55'}, {url: 's3://b/x'}]", "two destinations have the URL s3://b/x"),
    ],
)
def test_destinations_must_differ_by_more_than_secrets_and_hold_no_password(
    tmp_path: Path, copies: str, what: str
) -> None:
    file = minimal(tmp_path, f"backup:\n  copies: {copies}\n")
    with pytest.raises(ConfigError) as caught:
        load(file, {"URL": "sftp://me:pa55@host/x"})
    assert what in str(caught.value)
    assert "pa55" not in str(caught.value)


def test_a_missing_key_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path, "services: {app: [web]}\n")
    with pytest.raises(ConfigError, match="The key 'app' is missing"):
        load(path, {})


def test_a_stack_needs_neither_a_database_nor_a_console(tmp_path: Path) -> None:
    """Whatever has its default value asks for neither."""
    text = "services: {app: [web]}\napp: {console: []}\nmigrate: {lock_wait: 10}\n"
    settings = load(write(tmp_path, text + "verify: {columns: {}}\n"), {}).settings
    assert settings.database is None and not settings.app.console
    assert settings.services.all == ("web",)


@pytest.mark.parametrize(
    ("text", "what", "line", "todo"),
    [
        ("services: {app: [w], database: db}\napp: {}\n", "section `database` is miss", 1, "add"),
        ("services: {app: [w]}\napp: {}\ndatabase: {name: x}\n", "services.database is", 3, "add"),
        ("services: {app: [w]}\napp: {}\nverify: {columns: {t: [c]}}\n", "verify.columns", 3, ""),
        ("services: {app: [w]}\napp: {}\nbackup:\n  copies: [{url: x}]\n", "backup.cop", 4, ""),
        ("services: {app: [w]}\napp: {}\nbackup: {exact: false}\n", "backup.exact", 3, "remove"),
        ("services: {app: [w]}\napp: {}\nmigrate:\n  allow: [a]\n", "migrate: needs a data", 3, ""),
        ("services: {app: [w]}\napp: {}\nverify: {command: x}\n", "app.console is not set", 3, ""),
        (
            "services: {app: [w]}\napp: {}\ncache_clear:\n  commands: [c]\n",
            "cache_clear.commands: needs the application's console",
            4,
            "set app.console",
        ),
        (
            "services: {app: [w]}\napp: {}\n"
            "features:\n  f: {enable: [a], disable: [b], state: [c]}\n",
            "features.f: needs the application's console",
            4,
            "",
        ),
    ],
)
def test_what_needs_an_absent_part_is_refused_by_name(
    tmp_path: Path, text: str, what: str, line: int, todo: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), {})
    assert what in caught.value.what
    assert caught.value.where.endswith(f"cosmicdeploy.yaml:{line}")
    assert todo in caught.value.todo


def test_values_use_variables_and_the_environment_overrides(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1\nSCHEMA=from_file\n")
    path = minimal(tmp_path, "probe: {url: 'http://127.0.0.1:${PORT}'}\n")
    assert load(path, {}).settings.probe.url == "http://127.0.0.1:1"
    assert load(path, {"PORT": "2"}).settings.probe.url == "http://127.0.0.1:2"


@pytest.mark.parametrize("host", ["shop.example", "shop.example:8443", "localhost", "a_b.c-d"])
def test_the_host_of_requests_is_a_name_that_may_have_a_port(tmp_path: Path, host: str) -> None:
    path = minimal(tmp_path, f"probe: {{host: '{host}'}}\n")
    assert load(path, {}).settings.probe.host == host


def test_a_missing_variable_is_reported(tmp_path: Path) -> None:
    path = minimal(tmp_path, "probe: {url: '${STACK_URL:?set it}'}\n")
    with pytest.raises(ConfigError, match="STACK_URL"):
        load(path, {})


def test_a_missing_secret_is_reported_with_the_file_to_set_it_in(tmp_path: Path) -> None:
    loaded = load(minimal(tmp_path), {})
    with pytest.raises(ConfigError, match="DB_ROOT_PASSWORD") as caught:
        loaded.secret("DB_ROOT_PASSWORD")
    assert caught.value.where == str(tmp_path / ".env")


def test_a_secret_may_be_empty_where_none_is_needed_but_not_unset(tmp_path: Path) -> None:
    loaded = load(minimal(tmp_path), {"REDIS_PASSWORD": ""})
    assert loaded.secret("REDIS_PASSWORD", may_be_empty=True) == ""
    with pytest.raises(ConfigError, match="REDIS_PASSWORD is empty"):
        loaded.secret("REDIS_PASSWORD")
    with pytest.raises(ConfigError, match="REDIS_PASS is not set"):
        loaded.secret("REDIS_PASS", may_be_empty=True)


@pytest.mark.parametrize(
    ("lists", "what", "todo"),
    [
        ("stateful: [db]", "'db' has a role", "remove db from services.stateful"),
        ("stateless: [web]", "'web' has a role", "remove web from services.stateless"),
        ("stateful: [x], left_alone: [x]", "left_alone", "name x in only one of the two keys"),
        ("stateful: [x], stateless: [x]", "stateless", "name x in only one of the two keys"),
    ],
)
def test_a_list_of_services_without_a_role_contradicts_no_other_key(
    tmp_path: Path, lists: str, what: str, todo: str
) -> None:
    path = minimal(tmp_path)
    path.write_text(path.read_text().replace("database: db}", f"database: db, {lists}}}"))
    with pytest.raises(ConfigError, match=what) as caught:
        load(path, {})
    assert caught.value.todo == todo


def test_secrets_are_not_in_the_repr(tmp_path: Path) -> None:
    assert "hunter2" not in repr(load(minimal(tmp_path), {"DB_ROOT_PASSWORD": "hunter2"}))


def test_the_file_is_found_in_a_folder_above(tmp_path: Path) -> None:
    minimal(tmp_path)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find(deep) == tmp_path / "cosmicdeploy.yaml"


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no cosmicdeploy") as caught:
        find(tmp_path)
    assert "cosmicdeploy init" in caught.value.todo


@pytest.mark.parametrize(
    ("written", "pause"), [("1e3", 1000), ("0755", 755), ("0x10", 16), ("'7'", 7), ("1.5", 1.5)]
)
def test_a_setting_reads_numbers_as_yaml_1_2_does(
    tmp_path: Path, written: str, pause: float
) -> None:
    assert load(
        minimal(tmp_path, f"restart: {{pause: {written}}}\n"), {}
    ).settings.restart.pause == (pause)


@pytest.mark.parametrize(
    ("key", "written", "problem"),
    [
        ("pause", ".inf", "restart.pause: must be a number"),
        ("pause", ".nan", "restart.pause: must be a number"),
        ("pause", "inf", "restart.pause: must be a finite number"),
        ("pause", "1e999", "restart.pause: must be a finite number"),
        ("pause", "1.0e999", "a number is too large"),
        ("pause", "1e-320", "restart.pause: must be 0, or at least 0.000000001"),
        ("pause", "1e10", "restart.pause: must be at most 1000000000"),
        ("pause", "9" * 400, "restart.pause: must be a number"),
        ("passes", "9" * 400, "restart.passes: must be at most 1000000000"),
        ("passes", f"'{'9' * 5000}'", "restart.passes: must be a whole number"),
        ("passes", "1e3", "restart.passes: must be a whole number"),
        ("passes", ".inf", "restart.passes: must be a whole number"),
    ],
)
def test_a_number_that_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, key: str, written: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(minimal(tmp_path, f"restart:\n  {key}: {written}\n"), {})
    assert problem in caught.value.what
    assert caught.value.where.endswith("cosmicdeploy.yaml:5")
    assert caught.value.todo


def test_a_negative_number_is_bounded_too() -> None:
    class Model(WrittenModel):
        number: float

    with pytest.raises(ValidationError, match="must be at least -1000000000"):
        Model(number=-1e10)
