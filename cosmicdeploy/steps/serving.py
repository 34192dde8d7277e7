"""What the proxy does with replicas that come and go."""

from __future__ import annotations

import time
from collections.abc import Sequence

from cosmicdeploy.context import Context
from cosmicdeploy.steps.phases import Phases


def let_serve(ctx: Context, names: Sequence[str], phases: Phases) -> None:
    """Before another replica goes, the proxy must have found these again."""
    if any(name in ctx.settings.services.app for name in names):
        time.sleep(ctx.settings.restart.pause)
