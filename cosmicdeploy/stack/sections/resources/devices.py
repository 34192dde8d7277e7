"""Read the devices of a service: its own, and those that a driver chooses, such as GPUs."""

from __future__ import annotations

import re

from cosmicdeploy.stack.model import Device, DeviceRequest
from cosmicdeploy.stack.model.devices import ALL_DEVICES
from cosmicdeploy.stack.values.compose_value import ComposeValue

_DEVICE = ("source", "target", "permissions")
_REQUEST = ("capabilities", "count", "device_ids", "driver", "options")
# A name of the Container Device Interface, such as vendor.com/gpu=0.
_CDI = re.compile(r"[\w.-]+\.[\w.-]+/[\w.-]+=\S+")


def read_devices(entry: ComposeValue) -> tuple[Device, ...]:
    """Return the entries of `devices` that are paths on the host, not CDI names."""
    return tuple(_device(item) for item in entry.items() if not _is_cdi(item))


def read_device_requests(service: ComposeValue) -> tuple[DeviceRequest, ...]:
    """Return the device requests: CDI names in `devices`, `gpus`, and reservations in `deploy`."""
    devices, gpus = service.get("devices"), service.get("gpus")
    names = [_source(item) for item in devices.items() if _is_cdi(item)] if devices else []
    named = [DeviceRequest(driver="cdi", device_ids=tuple(names))] if names else []
    return (*named, *(_gpus(gpus) if gpus else []), *_reserved(service.get("deploy")))


def _reserved(deploy: ComposeValue | None) -> list[DeviceRequest]:
    resources = deploy.get("resources") if deploy else None
    reservations = resources.get("reservations") if resources else None
    entry = reservations.get("devices") if reservations else None
    if entry is None:
        return []
    for item in entry.items():
        if "capabilities" not in item.mapping(_REQUEST):
            raise item.error("has no capabilities", "add for example 'capabilities: [gpu]'")
    return [_request(item) for item in entry.items()]


def _gpus(entry: ComposeValue) -> list[DeviceRequest]:
    if not isinstance(entry.data, list):
        entry.one_of(("all",))
        return [DeviceRequest(count=ALL_DEVICES, capabilities=("gpu",))]
    return [_request(item, "gpu") for item in entry.items()]


def _request(item: ComposeValue, *further: str) -> DeviceRequest:
    """Read a device request.

    As in Compose, a request with neither `count` nor `device_ids` is for all devices.

    `further` are capabilities to add to the declared ones.
    """
    fields = item.mapping(_REQUEST)
    if "count" in fields and "device_ids" in fields:
        raise fields["count"].error("does not go with 'device_ids'", "remove one of them")
    is_for_all = "count" not in fields and "device_ids" not in fields
    return DeviceRequest(
        driver=item.optional("driver", ComposeValue.text) or "",
        count=ALL_DEVICES if is_for_all else item.optional("count", _count) or 0,
        device_ids=item.optional("device_ids", ComposeValue.texts) or (),
        capabilities=(*(item.optional("capabilities", ComposeValue.texts) or ()), *further),
        options=item.optional("options", ComposeValue.filled_pairs) or {},
    )


def _count(entry: ComposeValue) -> int:
    if entry.text() in ("all", str(ALL_DEVICES)):
        return ALL_DEVICES
    if not entry.text().isdecimal():
        raise entry.error(f"'{entry.text()}' is not a count", "write a number, or all")
    return entry.integer()


def _device(item: ComposeValue) -> Device:
    if isinstance(item.data, dict):
        fields = item.mapping(_DEVICE)
        if "source" not in fields:
            raise item.error("has no source", "add 'source: <path on the host>'")
        parts = [fields[key].text() if key in fields else "" for key in _DEVICE]
    else:
        parts = item.text().split(":")
    source, target, permissions = (*parts, "", "")[:3]
    if not source.startswith("/") or len(parts) > 3:
        raise item.error(
            f"'{':'.join(parts)}' is not a device",
            "write /dev/NAME, /dev/NAME:/dev/NAME or /dev/NAME:/dev/NAME:rwm",
        )
    if not re.fullmatch("[rwm]*", permissions):
        raise item.error(f"has the permissions '{permissions}'", "use letters of rwm")
    return Device(source=source, target=target or source, permissions=permissions or "rwm")


def _is_cdi(item: ComposeValue) -> bool:
    return _CDI.fullmatch(_source(item)) is not None


def _source(item: ComposeValue) -> str:
    return str(item.data.get("source")) if isinstance(item.data, dict) else item.text()
