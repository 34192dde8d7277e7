"""Whether one replica works, asked past the load balancer."""

from __future__ import annotations

from cosmicdeploy.context import Context
from cosmicdeploy.probes.http import BROKEN, OK, ask_again


def replica_problem(ctx: Context, url: str, release: str) -> str:
    """What is wrong with the replica at a URL; "" where nothing is.

    It has to answer its health path as this release, and take a heartbeat where one is configured:
    health alone does not tell whether its code fits the schema. A beat that is refused (an unknown
    device, too many beats) is taken well.
    """
    app = ctx.settings.app
    answer = ask_again(url + app.health_path)
    if answer.status != OK:
        return str(answer)
    told = answer.headers.get(app.release_header, "") if app.release_header else ""
    if told and release and told != release:
        return f"{answer.url} answers as release {told}, not {release}"
    return _heartbeat_problem(ctx, url)


def _heartbeat_problem(ctx: Context, url: str) -> str:
    beat = ctx.settings.verify.heartbeat
    token = ctx.loaded.variables.get(beat.token_variable, "") if beat else ""
    if not beat or not token:
        return ""
    answer = ask_again(url + beat.path, token=token, json=beat.body)
    return str(answer) if answer.error or answer.status >= BROKEN else ""
