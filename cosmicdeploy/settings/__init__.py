"""`cosmicdeploy.yaml`, read once, validated and frozen: a file for the sections of each subject.

`model.py` has the whole of them, `loaded.py` reads the file and tells what is wrong in it.
"""

from __future__ import annotations

from cosmicdeploy.settings.checklist import Checklist, External
from cosmicdeploy.settings.loading import LoadedSettings, find, load
from cosmicdeploy.settings.monitoring import DeviceColumns, TransitionColumns
from cosmicdeploy.settings.probe import LatencyFloor, Watch
from cosmicdeploy.settings.rollout import Orders, Proxy, Restart
from cosmicdeploy.settings.services import Role, Services, Support
from cosmicdeploy.settings.settings import Settings
from cosmicdeploy.settings.verify import BeatId, Heartbeat

__all__ = [
    "BeatId",
    "Checklist",
    "DeviceColumns",
    "External",
    "Heartbeat",
    "LatencyFloor",
    "LoadedSettings",
    "Orders",
    "Proxy",
    "Restart",
    "Role",
    "Services",
    "Settings",
    "Support",
    "TransitionColumns",
    "Watch",
    "find",
    "load",
]
