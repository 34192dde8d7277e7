"""The declarations of a compose file, with defaults filled in and absolute paths."""

from cosmicdeploy.stack.model.build import Build, BuildSecret
from cosmicdeploy.stack.model.deploy import Deploy, RolloutSettings
from cosmicdeploy.stack.model.devices import BlockIo, Device, DeviceRequest
from cosmicdeploy.stack.model.files import ComposeFiles
from cosmicdeploy.stack.model.hooks import Hook
from cosmicdeploy.stack.model.mounts import (
    BindOptions,
    CopiedFile,
    Mount,
    TmpfsOptions,
    Volume,
    VolumeOptions,
)
from cosmicdeploy.stack.model.networks import Attachment, Link, Network, Pool, Port, Protocol
from cosmicdeploy.stack.model.service import (
    ISOLATED_SHARES,
    Condition,
    Dependency,
    Healthcheck,
    Service,
)
from cosmicdeploy.stack.model.sources import Source
from cosmicdeploy.stack.model.stack import Remark, Stack

__all__ = [
    "ISOLATED_SHARES",
    "Attachment",
    "BindOptions",
    "BlockIo",
    "Build",
    "BuildSecret",
    "ComposeFiles",
    "Condition",
    "CopiedFile",
    "Dependency",
    "Deploy",
    "Device",
    "DeviceRequest",
    "Healthcheck",
    "Hook",
    "Link",
    "Mount",
    "Network",
    "Pool",
    "Port",
    "Protocol",
    "Remark",
    "RolloutSettings",
    "Service",
    "Source",
    "Stack",
    "TmpfsOptions",
    "Volume",
    "VolumeOptions",
]
