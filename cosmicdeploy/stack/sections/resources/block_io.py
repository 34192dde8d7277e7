"""Read `blkio_config`: weights and limits of block devices."""

from __future__ import annotations

from collections.abc import Callable

from cosmicdeploy.stack.model import BlockIo
from cosmicdeploy.stack.values.compose_value import ComposeValue
from cosmicdeploy.stack.values.units import size

_LIMITS = ("device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops")


def read_block_io(entry: ComposeValue) -> BlockIo:
    """Read `blkio_config`; a weight of 0 means none."""
    entry.mapping(("weight", "weight_device", *_LIMITS))
    readers = {key: size if key.endswith("bps") else ComposeValue.integer for key in _LIMITS}
    limits = {key: _by_path(entry.get(key), "rate", read) for key, read in readers.items()}
    return BlockIo(
        weight=entry.optional("weight", _weight) or None,
        weight_device=_by_path(entry.get("weight_device"), "weight", _weight),
        **limits,
    )


def _by_path(
    entry: ComposeValue | None, key: str, read: Callable[[ComposeValue], int]
) -> dict[str, int]:
    values: dict[str, int] = {}
    for item in entry.items() if entry is not None else []:
        # `docker compose config --format json` of Compose 2.26 capitalizes these keys.
        known = item.mapping(("path", key, "Path", key.capitalize()))
        fields = {name.lower(): value for name, value in known.items()}
        if set(fields) != {"path", key}:
            raise item.error(f"must have both path and {key}")
        values[fields["path"].text()] = read(fields[key])
    return values


def _weight(entry: ComposeValue) -> int:
    if entry.integer() != 0 and not 10 <= entry.integer() <= 1000:
        raise entry.error(f"is {entry.integer()}", "use a weight from 10 to 1000")
    return entry.integer()
