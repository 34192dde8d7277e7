"""Mistakes in a compose file: each is one error with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.declaration.keys import _REFUSED_SERVICE, _REFUSED_TOP_LEVEL
from cosmicdeploy.stack.model import Stack

pytestmark = pytest.mark.unit

StackOf = Callable[..., Stack]
WEB = "services:\n  web: {image: web}\n"


def test_every_unsupported_service_key_is_refused_by_name(stack_of: StackOf) -> None:
    for key in _REFUSED_SERVICE:
        with pytest.raises(ConfigError) as caught:
            stack_of(f"services:\n  web:\n    image: w\n    {key}: ${{BROKEN\n")
        assert caught.value.what == f"service 'web': {key} is not supported"
        assert caught.value.where.endswith("compose.yml:4")
        assert caught.value.todo


def test_every_unsupported_top_level_key_is_refused_by_name(stack_of: StackOf) -> None:
    for key in _REFUSED_TOP_LEVEL:
        with pytest.raises(ConfigError, match=f"{key} is not supported"):
            stack_of(f"{key}: {{a: {{file: b}}}}\n{WEB}")


def test_all_misspelt_keys_are_listed_with_the_closest_known_key(stack_of: StackOf) -> None:
    with pytest.raises(ConfigError) as caught:
        stack_of("volums: {}\nservices:\n  web:\n    imag: w\n  db:\n    provider: web\n")
    assert caught.value.what == "volums is not a known key"
    assert caught.value.todo == "did you mean 'volumes'?"
    assert [line.partition(" (")[0] for line in caught.value.details] == [
        "service 'web': imag is not a known key",
        "service 'db': provider is not supported",
    ]


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("services:\n", "No service is declared", 1),
        ("services: {}\n", "No service is declared", 1),
        ("services: []\n", "No service is declared", 1),
        ("services: [web]\n", "services must be a mapping", 1),
        ("services:\n  web:\n", "service 'web' has neither image nor build", 2),
        ("services:\n  web: {init: true}\n", "service 'web' has neither image nor build", 2),
        ("services:\n  web: nginx\n", "service 'web' has neither image nor build", 2),
        ("services:\n  web: {image: '${NO}'}\n", "service 'web': image is empty", 2),
        ("services:\n  a b: {image: x}\n", "service 'a b' is not a valid name", 2),
        ("services:\n  a: {image: x}\n  b: {image: x, container_name: shop-a-1}\n",
         "service 'b' has the same container name as 'a'", 3),
        ("services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n",
         "goes in a circle", 2),
        ("services:\n  a:\n    image: x\n    depends_on: [b]\n  b: {image: x, depends_on: [c]}\n"
         "  c: {image: x, depends_on: [a]}\n",
         "service 'a': depends_on goes in a circle: a → b → c → a", 4),
        (WEB + "networks:\n  a: {attachment: true}\n",
         "network 'a': attachment is not supported", 4),
        (WEB + "networks:\n  a: {ipam: {config: [{subnet: 10.0.0.1/24}]}}\n",
         "is not a subnet", 4),
        (WEB + "volumes:\n  a: {external: true, driver: x}\n", "does not go with", 4),
        (WEB + "volumes:\n  a: {size: 1}\n", "volume 'a': size is not supported", 4),
        (WEB + "volumes: [a]\n", "volumes must be a mapping", 3),
        ("services:\n  a: {image: x, networks: {n: {ipv4_address: 10.1.0.1}}}\n"
         "networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}\n",
         "outside the subnet of network 'n'", 2),
        ("services:\n  a:\n    image: x\n    user: ${U:?who}\n", "Variable U is missing: who", 4),
    ],
)  # fmt: skip
def test_a_mistake_is_one_error_with_its_line(
    stack_of: StackOf, text: str, what: str, line: int
) -> None:
    with pytest.raises(ConfigError) as caught:
        stack_of(text)
    assert what in caught.value.what
    assert caught.value.where.endswith(f"compose.yml:{line}")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Compose file no\.yml not found"):
        read_stack(tmp_path / "no.yml", env_file=tmp_path / ".env", environ={})


def test_no_value_of_a_secret_reaches_an_error(stack_of: StackOf) -> None:
    with pytest.raises(ConfigError) as caught:
        stack_of("services: {a: {image: x, environment: {P: ['${P}']}}}", P="hunter2")
    assert "hunter2" not in str(caught.value)
