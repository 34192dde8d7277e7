"""Read the secrets and configs of a service: files of the host are mounted, others are copied."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from cosmicdeploy.stack.model import BindOptions, CopiedFile, Mount, Source
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.sections.storage.sources import named_source, value_of
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.units import file_mode

_KEYS = ("source", "target", "uid", "gid", "mode")
_FOLDERS = {"secret": "/run/secrets/", "config": "/"}


@dataclass(frozen=True, kw_only=True)
class Files:
    """The secrets and configs of a service, as mounts and as files to copy."""

    mounts: tuple[Mount, ...] = ()
    copied: tuple[CopiedFile, ...] = ()


def read_files(service: ComposeValue, scope: Scope, taken: Collection[str]) -> Files:
    """Read `secrets` and `configs`.

    `taken` are the targets of the service's volumes: a secret or config with such a target has no
    effect, and gets a remark in `scope.remarks`. One that replaces an earlier one with the same
    target gets a remark as well.
    """
    files: dict[str, Mount | CopiedFile] = {}
    for kind, sources in (("secret", scope.secrets), ("config", scope.configs)):
        for item, target, source in _entries(service.get(f"{kind}s"), kind, sources):
            if target in taken:
                scope.ignore(item, f"a volume is mounted at {target}")
            else:
                file = _file(item, f"{kind}s.{source.key}", target, source, scope)
                if files.setdefault(target, file) != file:
                    scope.note(
                        item, f"replaces an earlier one at {target}", "give it another target"
                    )
                files[target] = file
    copied = tuple(file for file in files.values() if isinstance(file, CopiedFile))
    read_only = service.optional("read_only", ComposeValue.flag)
    if copied and read_only:
        raise service.child("read_only").error(
            f"does not go with {copied[0].key}, whose content is copied into the container",
            "declare that secret or config with a 'file' instead, or remove read_only",
        )
    return Files(mounts=tuple(f for f in files.values() if isinstance(f, Mount)), copied=copied)


def _entries(
    section: ComposeValue | None, kind: str, sources: Mapping[str, Source]
) -> Iterator[tuple[ComposeValue, str, Source]]:
    """Yield each entry of a section with its target in the container and its source."""
    for item in section.items() if section is not None else []:
        target = None
        if isinstance(item.data, dict):
            if "source" not in item.mapping(_KEYS):
                raise item.error("has no source", f"add 'source: <a key of the {kind}s>'")
            key, target = item.child("source").text(), item.optional("target", ComposeValue.text)
        else:
            key = item.text()
        source = named_source(item, kind, key, sources)
        path = target or key
        yield item, path if path.startswith("/") else _FOLDERS[kind] + path, source


def _file(
    item: ComposeValue, key: str, target: str, source: Source, scope: Scope
) -> Mount | CopiedFile:
    if source.file is not None:
        return _mount(item, key, target, source.file, scope)
    return _copy(item, key, target, source, scope)


def _mount(item: ComposeValue, key: str, target: str, file: str, scope: Scope) -> Mount:
    """Return the mount of a file on the host. As in Compose, the file keeps its owner and mode."""
    for part in ("uid", "gid", "mode"):
        if isinstance(item.data, dict) and item.get(part) is not None:
            scope.ignore(item.child(part), "the file on the host keeps its own")
    return Mount(
        type="bind",
        source=file,
        target=target,
        read_only=True,
        bind=BindOptions(create_host_path=False),
        key=key,
    )


def _copy(item: ComposeValue, key: str, target: str, source: Source, scope: Scope) -> CopiedFile:
    content = value_of(item, source, scope.variables)
    if not isinstance(item.data, dict):
        return CopiedFile(key=key, target=target, content=content)
    mode = item.optional("mode", file_mode)
    return CopiedFile(
        key=key,
        target=target,
        content=content,
        mode=0o444 if mode is None else mode,
        uid=item.optional("uid", ComposeValue.integer),
        gid=item.optional("gid", ComposeValue.integer),
    )
