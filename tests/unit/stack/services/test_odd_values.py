"""Values that Compose accepts although a part of them has no effect: a notice names that part."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.model import Service, Stack

pytestmark = pytest.mark.unit

StackOf = Callable[..., Stack]
ServiceOf = Callable[..., Service]
WEB = "services:\n  web:\n    image: web\n"


@pytest.mark.parametrize(
    ("keys", "what", "todo"),
    [
        ("healthcheck: {test: [CMD-SHELL, curl, -f]}", "its healthcheck.test has several", "CMD"),
        ("volumes: ['./a:/c:rslav']", "its volumes[0] has the mode 'rslav'", "rslave"),
        ("volumes: ['/c:/c:ro,U']", "its volumes[0] has the mode 'U'", "remove it"),
        ("volumes: [./a:/c, ./b:/c/]", "its volumes[0] has no effect", "remove it"),
        ("volumes: [{type: bind, source: ./a, target: /c, volume: {nocopy: true}}]",
         "its volumes[0].volume has no effect", "remove it"),
        ("volumes: [{type: tmpfs, target: /c, bind: {selinux: z}}]",
         "its volumes[0].bind has no effect", "remove it"),
    ],
)  # fmt: skip
def test_what_has_no_effect_gets_a_notice(
    stack_of: StackOf, keys: str, what: str, todo: str
) -> None:
    stack = stack_of(WEB + "".join(f"    {line}\n" for line in keys.splitlines()))
    (remark,) = stack.remarks
    assert remark.service == "web"
    assert remark.what.startswith(what) and "compose.yml:4" in remark.what
    assert todo in remark.todo


def test_a_notice_about_a_health_check_does_not_show_it(stack_of: StackOf) -> None:
    stack = stack_of(f"{WEB}    healthcheck: {{test: [CMD-SHELL, curl, s3cret]}}\n")
    assert "s3cret" not in str(stack.remarks)


def test_keys_beside_external_get_a_notice(stack_of: StackOf) -> None:
    text = (
        "    networks: [shared]\nnetworks:\n  shared: {external: true, driver: bridge, ipam: {}}\n"
    )
    stack = stack_of(WEB + text + "  unused: {external: true, driver: x}\n")
    (remark,) = stack.remarks
    assert remark.what.startswith("network 'shared': driver has no effect")
    assert stack.networks["shared"].driver is None


def test_a_later_config_at_the_same_target_counts(stack_of: StackOf) -> None:
    stack = stack_of(
        f"{WEB}    configs: [one, {{source: two, target: /one}}]\n"
        "configs: {one: {content: a}, two: {content: b}}\n"
    )
    (file,) = stack.services["web"].copied_files
    assert file.key == "configs.two"
    (remark,) = stack.remarks
    assert remark.what.startswith("its configs[1] replaces an earlier one at /one")


def test_an_image_without_a_name_is_refused_unless_it_is_built(stack_of: StackOf) -> None:
    with pytest.raises(ConfigError, match="image is empty"):
        stack_of("services:\n  web: {image: '${IMAGE:-}'}\n")
    built = stack_of("services:\n  web: {image: '${IMAGE:-}', build: .}\n").services["web"]
    assert built.image == "shop-web" and not built.declares_image


def test_an_exposed_port_has_none_of_the_host(service_of: ServiceOf) -> None:
    with pytest.raises(ConfigError) as caught:
        service_of("expose: ['8000:8000']")
    assert "such as 8080" in caught.value.todo


@pytest.mark.parametrize(("environ", "names"), [
    ({}, {"app"}), ({"COMPOSE_PROFILES": "other"}, set()), ({"PROFILE": "other"}, set()),
    ({"PROFILE": "other", "COMPOSE_PROFILES": "other"}, {"app"}),
])  # fmt: skip
def test_an_empty_profile_is_active_while_no_other_is(
    stack_of: StackOf, environ: dict[str, str], names: set[str]
) -> None:
    text = "services:\n  app: {image: a, profiles: ['${PROFILE:-}']}\n  always: {image: b}\n"
    assert stack_of(text, **environ).services.keys() == {"always", *names}


def test_a_missing_env_file_is_created_from_its_example(
    service_of: ServiceOf, tmp_path: Path
) -> None:
    (tmp_path / "Shop/.env.prod.example").write_text("A=1\n")
    with pytest.raises(ConfigError, match=r"env\.prod' not found") as caught:
        service_of("env_file: .env.prod")
    assert "/.env.prod.example " in caught.value.todo and "cp " in caught.value.todo
