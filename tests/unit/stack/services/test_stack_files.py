"""Reading secrets, configs, label files, links, and what they imply."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.stack.model import (
    BindOptions,
    CopiedFile,
    Dependency,
    Link,
    Mount,
    Service,
    Stack,
)

pytestmark = pytest.mark.unit

ServiceOf = Callable[..., Service]


def bind(source: str, target: str, read_only: bool = False) -> Mount:
    return Mount(type="bind", source=source, target=target, read_only=read_only)


EVERY_FILE = """
services:
  web:
    image: web
    secrets: [token, {source: token, target: other}, {source: word, uid: 33, gid: "33", mode: 0440}]
    configs: [text, {source: file, target: /etc/app.conf, mode: 0444}, {source: text, target: b}]
    label_file: [./a.labels]
    labels: {own: "1", both: label}
    volumes: ["./kept:/run/secrets/token"]
    links: [db, "db:store"]
    ipc: service:db
    volumes_from: [files:ro]
  db: {image: db}
  files: {image: db}
secrets:
  token: {file: ./token.txt}
  word: {environment: WORD}
configs:
  text: {content: "hello ${WORD}"}
  file: {file: ~/app.conf}
"""


def test_secrets_and_configs_are_mounted_if_they_are_files_and_else_copied(
    stack_of: Callable[..., Stack], tmp_path: Path
) -> None:
    folder = tmp_path / "Shop"
    folder.mkdir(exist_ok=True)
    (folder / "a.labels").write_text("both=file\nfrom.file=$WORD\n")
    stack = stack_of(EVERY_FILE, WORD="hunter2")
    web = stack.services["web"]
    strict = BindOptions(create_host_path=False)
    assert web.mounts == (
        bind(str(folder / "kept"), "/run/secrets/token"),
        Mount(
            type="bind", source=str(folder / "token.txt"), target="/run/secrets/other",
            read_only=True, bind=strict, key="secrets.token",
        ),
        Mount(
            type="bind", source="/home/op/app.conf", target="/etc/app.conf",
            read_only=True, bind=strict, key="configs.file",
        ),
    )  # fmt: skip
    assert web.copied_files == (
        CopiedFile(
            key="secrets.word", target="/run/secrets/word", content="hunter2",
            mode=0o440, uid=33, gid=33,
        ),
        CopiedFile(key="configs.text", target="/text", content="hello hunter2"),
        CopiedFile(key="configs.text", target="/b", content="hello hunter2"),
    )  # fmt: skip
    assert "hunter2" not in repr(web.copied_files)
    keys = [each.what.split()[1] for each in stack.remarks]
    assert keys == ["secrets[0]", "configs[1].mode"]
    assert web.labels == {"both": "label", "own": "1", "from.file": "hunter2"}
    assert web.links == (Link(alias="db", service="db"), Link(alias="store", service="db"))
    assert web.depends_on == {"db": Dependency(restart=True), "files": Dependency()}
