"""The parameters of a build that the engine's builders have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cosmicdeploy.engine.building.recipe import Recipe


def build_parameters(api: Any, recipe: Recipe, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of `POST /build`, as the engine's API names them.

    As with the docker command, the proxies of its configuration are build arguments too.
    Base images are pulled beforehand, with the operator's credentials, so `pull` is not among them.
    """
    build = recipe.build
    limits = [
        {"Name": name, "Soft": soft, "Hard": hard} for name, (soft, hard) in build.ulimits.items()
    ]
    return {
        "buildargs": json.dumps({**api._proxy_configs.get_environment(), **build.args}),
        "cachefrom": json.dumps(list(build.cache_from)) if build.cache_from else None,
        "extrahosts": [f"{host}:{ip}" for host, ips in build.extra_hosts.items() for ip in ips],
        "labels": json.dumps({**build.labels, **labels}),
        "networkmode": build.network,
        "nocache": "1" if build.no_cache else None,
        "shmsize": build.shm_size,
        "target": build.target,
        "ulimits": json.dumps(limits) if limits else None,
    }
