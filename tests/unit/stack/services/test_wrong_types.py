"""A value of the wrong type anywhere in a compose file is one error with file and line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document, read
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.declaration.keys import SERVICE, TOP_LEVEL
from cosmicdeploy.stack.merging import sources
from cosmicdeploy.stack.merging.loader import TagLoader
from cosmicdeploy.stack.model import Service

pytestmark = pytest.mark.unit

CORPUS = Path(__file__).parents[1] / "oracle" / "corpus"
# The keys that the Compose of the corpus does not know.
NEWER_KEYS = {
    "gpus": [{"driver": "nvidia", "count": 2, "options": {"a": "1"}}],
    "label_file": ["some.labels"],
    "post_start": [{"command": ["true"], "environment": {"A": "1"}}],
    "pre_stop": [{"command": "true", "privileged": True}],
}
OTHER_VALUES = ("foo", 5, True, None, [], ["foo"], [None], [{"a": 1}], {}, {"a": "b"}, {"a": None})
# The sections in which the author of a file chooses the keys.
NAMED = ("services", "networks", "volumes", "secrets", "configs")

Keys = tuple[str | int, ...]


@pytest.fixture(scope="module")
def samples() -> dict[Keys, list[tuple[Document, Keys]]]:
    """Each place of the corpus where a value can be, under the key of a service or of the file.

    Of places that differ only in a name or an index, one is enough.
    """
    by_shape: dict[Keys, tuple[Document, Keys]] = {}
    for document in _documents():
        for keys in _places(document.data):
            by_shape.setdefault(_shape(keys), (document, keys))
    found: dict[Keys, list[tuple[Document, Keys]]] = {}
    for shape, sample in by_shape.items():
        found.setdefault(shape[:3] if shape[0] == "services" else shape[:1], []).append(sample)
    return found


def _documents() -> Iterator[Document]:
    for file in sorted(CORPUS.rglob("*.yml")):
        yield read(file, TagLoader)
    for key, value in NEWER_KEYS.items():
        data = {"services": {"web": {"image": "web", key: value}}}
        yield Document(path=CORPUS / "compose.yml", data=data)


def _places(value: Any, above: Keys = ()) -> Iterator[Keys]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*above, key)
        if isinstance(item, dict | list):
            yield from _places(item, (*above, key))


def _shape(keys: Keys) -> Keys:
    words = ["*" if isinstance(key, int) else key for key in keys]
    return tuple("*" if i == 1 and words[0] in NAMED else key for i, key in enumerate(words))


def _with(data: Any, keys: Keys, value: Any) -> Any:
    changed = copy.deepcopy(data)
    target = changed
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = value
    return changed


@pytest.mark.parametrize(
    "key", [*(("services", "*", key) for key in SERVICE), *((key,) for key in TOP_LEVEL)]
)
def test_any_other_value_is_accepted_or_one_error_with_its_file(
    samples: dict[Keys, list[tuple[Document, Keys]]], key: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    for document, keys in samples[key]:
        for value in OTHER_VALUES:
            data = _with(document.data, keys, value)
            changed = Document(path=document.path, data=data, root=document.root)
            monkeypatch.setattr(sources, "read", lambda *_, changed=changed: changed)
            try:
                read_stack(document.path, env_file=CORPUS / ".env", environ={"HOME": "/home/op"})
            except ConfigError as error:
                assert error.where.startswith(f"{CORPUS}/"), (keys, value)
                assert error.what, (keys, value)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ("deploy: foo", "deploy must be a mapping"),
        ("deploy: [a]", "deploy must be a mapping"),
        ("deploy: {resources: foo}", "deploy.resources must be a mapping"),
        ("cpus: nan", "cpus must be a finite number"),
        ("cpus: -inf", "cpus must be a finite number"),
        ("cpus: '1e999'", "cpus must be a finite number"),
        ("deploy: {resources: {limits: {cpus: inf}}}", "limits.cpus must be a finite number"),
        ("deploy: {update_config: {max_failure_ratio: nan}}", "must be a finite number"),
    ],
)
def test_the_error_names_the_key_and_the_line(
    service_of: Callable[..., Service], keys: str, what: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        service_of(keys)
    assert what in caught.value.what
    assert caught.value.where.endswith("compose.yml:4")
