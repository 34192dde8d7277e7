"""The declarations of a compose file, with defaults filled in and absolute paths."""

from cosmicdeploy.stack.model.build import Build, BuildSecret
from cosmicdeploy.stack.model.files import ComposeFiles
from cosmicdeploy.stack.model.mounts import Mount, Volume
from cosmicdeploy.stack.model.networks import Attachment, Network, Pool, Port
from cosmicdeploy.stack.model.service import ISOLATED_SHARES, Healthcheck, Service
from cosmicdeploy.stack.model.sources import Source
from cosmicdeploy.stack.model.stack import Remark, Stack

__all__ = [
    "ISOLATED_SHARES",
    "Attachment",
    "Build",
    "BuildSecret",
    "ComposeFiles",
    "Healthcheck",
    "Mount",
    "Network",
    "Pool",
    "Port",
    "Remark",
    "Service",
    "Source",
    "Stack",
    "Volume",
]
