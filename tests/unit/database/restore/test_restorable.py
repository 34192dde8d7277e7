"""A restore that would lose a privilege is refused before anything is touched."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.database.restore import restore
from cosmicdeploy.database.vendors import MYSQL
from cosmicdeploy.errors import BackupError
from tests.unit.database.fake_server import ACCESS
from tests.unit.database.schema.test_routine_grants import NO_OPTION, Session

pytestmark = pytest.mark.unit


def test_privileges_that_could_not_be_granted_again_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = [("FUNCTION", "f", "a", "%", "Execute")]
    session = Session(held, MYSQL)
    for name in ("require_loadable", "require_swappable", "require_recreatable"):
        monkeypatch.setattr(restore, name, lambda *_: None)
    monkeypatch.setattr(restore, "open_session", lambda *_: nullcontext(session))
    backup: Any = SimpleNamespace(manifest=SimpleNamespace(definitions={}))
    restore.require_restorable(ACCESS, backup)
    session.granting = NO_OPTION
    with pytest.raises(BackupError, match="may not grant again"):
        restore.require_restorable(ACCESS, backup)
