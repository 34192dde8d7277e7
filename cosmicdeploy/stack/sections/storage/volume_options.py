"""Read the options of a mount, in short and long syntax."""

from __future__ import annotations

from collections.abc import Collection

from cosmicdeploy.stack.model import BindOptions, TmpfsOptions, VolumeOptions
from cosmicdeploy.stack.scope import Scope
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.units import file_mode, parse_mode, parse_size, size

PROPAGATIONS = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
_ACCESS = ("ro", "rw")
_CONSISTENCIES = ("cached", "consistent", "delegated")
_SELINUX = ("z", "Z")


def bind_words(item: ComposeValue, words: Collection[str], scope: Scope) -> BindOptions:
    """Return the options of a bind mount in short syntax, such as the words in `./a:/a:ro,z`."""
    _note_unknown(item, words, scope, (*_ACCESS, *_CONSISTENCIES, *_SELINUX, *PROPAGATIONS))
    return BindOptions(
        selinux=next((word for word in words if word in _SELINUX), ""),
        propagation=next((word for word in words if word in PROPAGATIONS), ""),
    )


def volume_words(item: ComposeValue, words: Collection[str], scope: Scope) -> VolumeOptions:
    """Return the options of a volume in short syntax, such as the words in `data:/a:ro,nocopy`.

    The words for SELinux (z, Z) have no effect, since the engine labels volumes itself.
    """
    _note_unknown(item, words, scope, (*_ACCESS, *_CONSISTENCIES, *_SELINUX, "nocopy"))
    return VolumeOptions(nocopy="nocopy" in words)


def _note_unknown(
    item: ComposeValue, words: Collection[str], scope: Scope, known: tuple[str, ...]
) -> None:
    """Note the words that Compose ignores, since it does not know them."""
    for word in words:
        if word not in known:
            scope.note(
                item,
                f"has the mode '{word}', which Compose ignores ({item.where})",
                f"remove it, or use one of: {', '.join(known)}",
            )


def bind_options(entry: ComposeValue) -> BindOptions:
    """Read the mapping `bind` of the long syntax."""
    entry.mapping(("create_host_path", "propagation", "recursive", "selinux"))
    return BindOptions(
        create_host_path=entry.optional("create_host_path", ComposeValue.flag) is not False,
        propagation=entry.optional("propagation", _propagation) or "",
        recursive=entry.optional("recursive", _recursive) or "",
        selinux=entry.optional("selinux", _selinux) or "",
    )


def _propagation(entry: ComposeValue) -> str:
    return entry.one_of(PROPAGATIONS)


def _recursive(entry: ComposeValue) -> str:
    word = entry.one_of(("enabled", "disabled", "writable", "readonly"))
    return "" if word == "enabled" else word


def _selinux(entry: ComposeValue) -> str:
    return entry.one_of(_SELINUX)


def volume_options(entry: ComposeValue) -> VolumeOptions:
    """Read the mapping `volume` of the long syntax."""
    entry.mapping(("labels", "nocopy", "subpath"))
    return VolumeOptions(
        nocopy=entry.optional("nocopy", ComposeValue.flag) or False,
        subpath=entry.optional("subpath", ComposeValue.text) or "",
        labels=entry.optional("labels", ComposeValue.filled_pairs) or {},
    )


def tmpfs_options(entry: ComposeValue) -> TmpfsOptions:
    """Read the mapping `tmpfs` of the long syntax; a size of 0 means no limit."""
    entry.mapping(("mode", "size"))
    return TmpfsOptions(
        size=entry.optional("size", size) or None, mode=entry.optional("mode", file_mode)
    )


def tmpfs_words(item: ComposeValue, words: Collection[str]) -> tuple[TmpfsOptions, bool]:
    """Return the options of a tmpfs in short syntax, and whether it is read-only.

    `words` are those after the path, such as `size=64m`, `mode=1777` and `ro`.
    """
    values = dict(word.split("=", 1) for word in words if "=" in word)
    others = [word for word in words if word.partition("=")[0] not in ("size", "mode", *_ACCESS)]
    mode = parse_mode(values["mode"]) if "mode" in values else None
    # Any other size, such as one in percent, is left to the kernel.
    bytes_ = parse_size(values["size"]) if "size" in values else None
    if "mode" in values and mode is None:
        raise item.error(f"mode '{values['mode']}' is not a mode", "write for example mode=1777")
    if "size" in values and bytes_ is None:
        others.append(f"size={values['size']}")
    return TmpfsOptions(size=bytes_, mode=mode, others=tuple(sorted(others))), "ro" in words
