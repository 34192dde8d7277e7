"""Networks and volumes that containers need before they are created."""

from __future__ import annotations

from cosmicdeploy.context.context import Context


def ensure_networks_and_volumes(ctx: Context) -> None:
    """Create the stack's networks and volumes that do not exist; external ones are not touched.

    Raises `EngineError`.
    """
    for network in ctx.stack.networks.values():
        if not network.external and ctx.engine.ensure_network(network, ctx.stack.project):
            ctx.say(f"network {network.name} created")
    for volume in ctx.stack.volumes.values():
        if not volume.external and ctx.engine.ensure_volume(volume, ctx.stack.project):
            ctx.say(f"volume {volume.name} created")
