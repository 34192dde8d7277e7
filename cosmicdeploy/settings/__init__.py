"""`cosmicdeploy.yaml`: read once, validated, frozen.

Each module has the sections of one subject. `settings.py` puts them together; `loading.py` finds
and reads the file.
"""

from __future__ import annotations

from cosmicdeploy.settings.app import BeatId, Heartbeat
from cosmicdeploy.settings.loading import LoadedSettings, find, load
from cosmicdeploy.settings.monitoring import Checklist, External
from cosmicdeploy.settings.rollout import LatencyFloor, Orders, Probe, Proxy, Restart, Soak
from cosmicdeploy.settings.services import Role, Services, Support
from cosmicdeploy.settings.settings import Settings
from cosmicdeploy.settings.tables import DeviceColumns, TransitionColumns

__all__ = [
    "BeatId",
    "Checklist",
    "DeviceColumns",
    "External",
    "Heartbeat",
    "LatencyFloor",
    "LoadedSettings",
    "Orders",
    "Probe",
    "Proxy",
    "Restart",
    "Role",
    "Services",
    "Settings",
    "Soak",
    "Support",
    "TransitionColumns",
    "find",
    "load",
]
