"""Switch a feature of the application off and on without a deploy.

Takes no lock: a switch disturbs no run, and a feature may have to be switched off during a run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, UsageError
from cosmicdeploy.files.atomic import write_atomically
from cosmicdeploy.lock import operator_name
from cosmicdeploy.probes.application.features import (
    console_container,
    flag_file,
    states_by_service,
)
from cosmicdeploy.probes.result import FeatureState
from cosmicdeploy.process.polling import poll
from cosmicdeploy.text.suggest import did_you_mean
from cosmicdeploy.text.timestamp import now

# Seconds that containers may take to see a switch.
SEEN_WITHIN = 5.0
CHECK_EVERY_SECONDS = 0.5
# The mode of a flag file: the application reads it as another user.
READABLE_BY_ALL = 0o644


@dataclass(frozen=True, kw_only=True)
class Switched:
    """The result of a switch.

    `state` is the feature's state after it. `changed` is False if the feature was switched that way
    everywhere already. `places` are the services whose containers see the switch.
    """

    state: FeatureState
    changed: bool
    places: tuple[str, ...]


def switch(ctx: Context, name: str, *, on: bool) -> Switched:
    """Switch a feature and wait until every running container of the release sees it.

    Raises `UsageError` for an unknown feature, `CosmicError` if the feature cannot be switched or a
    container does not see the switch.
    """
    require_known(ctx, name)
    before = states_by_service(ctx, name)
    if _is_everywhere(before, on):
        return _switched(before, changed=False)
    facts = {"feature": name, "enabled": on, "who": operator_name()}
    ctx.journal.append(
        "switching", **facts, before={service: state.enabled for service, state in before.items()}
    )
    _request_switch(ctx, name, on=on)
    after = _wait_seen(ctx, name, on=on)
    ctx.journal.append("switched", **facts, places=list(after))
    return _switched(after, changed=True)


def require_known(ctx: Context, name: str) -> None:
    """Raise `UsageError` if `features` in the settings does not have this name."""
    features = ctx.settings.features
    if name not in features:
        raise UsageError(
            f"There is no feature {name!r}",
            where=f"{ctx.loaded.file}: features",
            todo=did_you_mean(name, features)
            or (f"there are {', '.join(features)}" if features else "declare it there"),
        )


def _request_switch(ctx: Context, name: str, *, on: bool) -> None:
    if file := flag_file(ctx, name):
        _switch_flag_file(file, on=on)
        return
    feature = ctx.settings.features[name]
    words = [
        word.replace("{who}", operator_name())
        for word in (feature.enable if on else feature.disable)
    ]
    container = console_container(ctx)
    result = ctx.run_console(container, *words)
    if result.exit_code != 0:
        lines = [line for line in (result.text + result.error_text).splitlines() if line.strip()]
        raise CosmicError(
            f"{name} was not switched: `{' '.join(words)}` ended with exit code {result.exit_code}",
            where=container.name,
            todo=f"correct `features.{name}`, or the cause that the command names",
            details=lines[-10:],
        )


def _switch_flag_file(file: Path, *, on: bool) -> None:
    """Switch a feature by its flag file: the feature is off while the file exists."""
    try:
        if on:
            file.unlink(missing_ok=True)
        else:
            content = json.dumps({"since": now(), "by": operator_name()})
            write_atomically(file, content + "\n", mode=READABLE_BY_ALL)
    except OSError as error:
        raise CosmicError(
            f"The flag file cannot be changed: {error.strerror}",
            where=str(file),
            todo="create its folder, or let the deployer's user write there",
        ) from error


def _wait_seen(ctx: Context, name: str, *, on: bool) -> Mapping[str, FeatureState]:
    states = poll(
        lambda: states_by_service(ctx, name),
        until=lambda states: _is_everywhere(states, on),
        every=CHECK_EVERY_SECONDS,
        within=SEEN_WITHIN,
        sleep=ctx.sleep,
    )
    if not _is_everywhere(states, on):
        raise _not_everywhere(name, states, on=on)
    return states


def _not_everywhere(name: str, states: Mapping[str, FeatureState], *, on: bool) -> CosmicError:
    others = {service: state for service, state in states.items() if state.enabled is not on}
    return CosmicError(
        f"{name} was switched {'on' if on else 'off'}, but not all containers see it",
        where=", ".join(others) or "no container of the release runs",
        todo="let all containers read the same switch (docs/features.md); "
        f"`cosmicdeploy features {'disable' if on else 'enable'} {name}` reverts it",
        details=[f"{service}: {state.found}" for service, state in others.items() if state.found],
    )


def _is_everywhere(states: Mapping[str, FeatureState], on: bool) -> bool:
    return bool(states) and all(state.enabled is on for state in states.values())


def _switched(states: Mapping[str, FeatureState], *, changed: bool) -> Switched:
    state = next(iter(states.values()))
    return Switched(state=state, changed=changed, places=tuple(states))
