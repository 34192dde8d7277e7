"""The parameters of `POST /build` that BuildKit and the classic builder share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cosmicdeploy.engine.building.recipe import Recipe


def build_parameters(api: Any, recipe: Recipe, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of `POST /build`, as the engine's API names them.

    The proxies in the docker command's configuration become build arguments, as with the docker
    command. `pull` is not a parameter: base images are pulled beforehand, with the operator's
    credentials.
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
