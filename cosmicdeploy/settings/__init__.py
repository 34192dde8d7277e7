"""Settings: the model of `cosmicdeploy.yaml`, and how the file is found, read and validated.

`settings.py` combines the sections from the other modules; `loading.py` finds and reads the file.
"""

from __future__ import annotations

from cosmicdeploy.settings.app import Heartbeat, HeartbeatId
from cosmicdeploy.settings.application_keys import Presumed
from cosmicdeploy.settings.applications import Application, of_application
from cosmicdeploy.settings.database import Database
from cosmicdeploy.settings.loading import LoadedSettings, find, load
from cosmicdeploy.settings.monitoring import Checklist, External
from cosmicdeploy.settings.rollout import LatencyFloor, Orders, Probe, Proxy, Restart, Soak
from cosmicdeploy.settings.services import Role, Services, Support
from cosmicdeploy.settings.settings import Settings
from cosmicdeploy.settings.tables import DeviceColumns, TransitionColumns

__all__ = [
    "Application",
    "Checklist",
    "Database",
    "DeviceColumns",
    "External",
    "Heartbeat",
    "HeartbeatId",
    "LatencyFloor",
    "LoadedSettings",
    "Orders",
    "Presumed",
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
    "of_application",
]
