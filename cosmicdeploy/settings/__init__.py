"""Settings: the model of `cosmicdeploy.yaml`, and how the file is found, read and validated.

`settings.py` combines the sections of `sections/`; `loading.py` finds and reads the file.
"""

from __future__ import annotations

from cosmicdeploy.settings.loading import LoadedSettings, find, load
from cosmicdeploy.settings.sections.app import Heartbeat, HeartbeatId
from cosmicdeploy.settings.sections.application_keys import Presumed
from cosmicdeploy.settings.sections.applications import Application, of_application
from cosmicdeploy.settings.sections.database import Database
from cosmicdeploy.settings.sections.monitoring import Checklist, External
from cosmicdeploy.settings.sections.rollout import LatencyFloor, Orders, Probe, Proxy, Restart, Soak
from cosmicdeploy.settings.sections.services import Role, Services, Support
from cosmicdeploy.settings.sections.tables import DeviceColumns, TransitionColumns
from cosmicdeploy.settings.settings import Settings

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
