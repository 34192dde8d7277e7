"""Check that a broken release could not pass for a working one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineUnavailable
from cosmicdeploy.operations.doctor.combining import attempted
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, Stake, Unchecked
from cosmicdeploy.probes.http import OK, RATE_LIMITED, Response, send_request
from cosmicdeploy.probes.preconditions.absent_path import ABSENT, answers_alike
from cosmicdeploy.probes.preconditions.readiness_notices import without_readiness
from cosmicdeploy.probes.preconditions.weak_health_checks import NONE, weakness
from cosmicdeploy.probes.urls import container_url
from cosmicdeploy.settings import Application
from cosmicdeploy.text.formatting import counted

SERVES_NOTHING = "a release that cannot serve would replace the running one"
COUNTS_AS_READY = "a broken release of {} would count as ready"
NOTHING_NOW = "nothing in a deploy, which checks {} itself; `status` and Compose trust this check"
PROVES_NOTHING = "a release that cannot do its work would count as healthy"
MAY_PROVE_NOTHING = "proof, if every path is answered whatever the application does"
NOT_READY = "no new replica of {} would count as ready"
EXAMPLE = 'healthcheck: {{test: ["CMD", "curl", "--fail", "http://127.0.0.1:{port}{path}"]}}'
OTHER_EXAMPLE = 'healthcheck: {test: ["CMD", "COMMAND-THAT-FAILS-WHEN-THE-SERVICE-DOES-NOT-WORK"]}'


def health_checks(ctx: Context) -> Outcome:
    """Check the containers' own health checks, and what the health paths answer."""
    return attempted(
        partial(_own_checks, ctx),
        partial(_readiness, ctx),
        *(partial(_health_path, ctx, each) for each in ctx.settings.all_applications),
    )


def _own_checks(ctx: Context) -> Outcome:
    """Look at the health check of each service; replicas of a service share one."""
    names: dict[str, str] = {}
    for name in ctx.settings.services.all:
        names.setdefault(ctx.service(name).compose_name, name)
    checked, flaws, unknown = 0, list[Flaw](), list[str]()
    for compose_name, name in names.items():
        test = _test_of(ctx, name)
        if test is None:
            unknown += [compose_name] if name in ctx.settings.services.deployed else []
        elif why := weakness(test):
            flaws += _flaw(ctx, name, test, f"{compose_name}: {why}")
        else:
            checked += bool(test)
    why = (
        f"{', '.join(unknown)}: the health check is unknown, since the engine does not have the"
        " image, or cannot be reached"
    )
    todo = "run `cosmicdeploy up`, which gets the image"
    return Outcome(
        found=f"{counted(checked, 'health check')} without a known flaw" if checked else "",
        flaws=tuple(flaws),
        unchecked=(Unchecked(why=why, todo=todo),) if unknown else (),
    )


def _test_of(ctx: Context, name: str) -> Sequence[str] | None:
    """Return the health check of a service: the declared one, else its image's.

    Returns None if it is unknown, because the engine lacks the image or cannot be reached.
    """
    declared = ctx.service(name).healthcheck
    if declared is not None and declared.test:
        return declared.test
    try:
        image = ctx.image_of(name)
    except EngineUnavailable:
        return None
    return image.healthcheck if image else None


def _flaw(ctx: Context, name: str, test: Sequence[str], why: str) -> Iterator[Flaw]:
    """Yield the flaw of a health check that proves nothing.

    Its stake depends on what else shows that the service works. Yields nothing for a check that is
    switched off on purpose.
    """
    application, compose_name = ctx.settings.application_of(name), ctx.service(name).compose_name
    example, (stake, loses) = OTHER_EXAMPLE, _stake(ctx, name, application)
    if application is not None and application.is_http:
        example = EXAMPLE.format(port=application.port, path=application.health_path)
    if tuple(test) == (NONE,) and (stake == "note" or application is not None):
        return  # it is switched off on purpose, or `_readiness` has the flaw
    todo = f"write a check that fails into the compose file, for {compose_name}; for example:"
    yield Flaw(stake=stake, loses=loses, why=why, todo=todo, lines=(example,))


def _stake(ctx: Context, name: str, application: Application | None) -> tuple[Stake, str]:
    """Return the stake of a health check that proves nothing, and what would be lost."""
    if application is None and name in ctx.settings.services.infrastructure:
        return "note", NOTHING_NOW.format("whether it answers")
    if application is None:
        return "proof", COUNTS_AS_READY.format(name)
    if application.is_http or application.script:
        return "note", NOTHING_NOW.format(application.health_path)
    return "requests", SERVES_NOTHING


def _readiness(ctx: Context) -> Outcome:
    """Return a flaw for each application if nothing shows that its replicas are ready."""
    flaws = [
        Flaw(
            stake="requests",
            loses=SERVES_NOTHING,
            why=f"{each.service} {each.what}",
            todo=each.todo,
            lines=(OTHER_EXAMPLE,),
        )
        for each in without_readiness(ctx)
    ]
    return Outcome(flaws=tuple(flaws))


def _health_path(ctx: Context, application: Application) -> Outcome:
    """Request the health path of a running replica, and a path that no application has."""
    if not application.is_http:
        return Outcome()
    about = f"{application.services[0]}: {application.health_path}"
    running = (c for name in application.services if (c := ctx.container(name)) and c.is_running)
    container = next(running, None)
    if container is None:
        why = f"{about} is not requested, since no replica runs"
        return Outcome(unchecked=(Unchecked(why=why, todo="run `cosmicdeploy up`"),))
    base = container_url(container, application)
    return _judged(application, base, send_request(base + application.health_path), about)


def _judged(application: Application, base: str, response: Response, about: str) -> Outcome:
    """Judge the response to a health path at `base`; after a 200, request another path there."""
    key = f"{application.section}.health_path"
    if response.error or response.status == RATE_LIMITED:
        return Outcome(unchecked=(Unchecked(why=str(response), todo="run `cosmicdeploy verify`"),))
    if response.status != OK:
        return Outcome(flaws=(_not_ready(application, str(response), key),))
    if answers_alike(base, response):
        return Outcome(flaws=(_says_nothing(about, key, is_page=bool(response.body)),))
    return Outcome(found=f"{about} answers 200, an unknown path is answered differently")


def _not_ready(application: Application, why: str, key: str) -> Flaw:
    return Flaw(
        stake="deploy",
        loses=NOT_READY.format(application.services[0]),
        why=why,
        todo=f"set {key} in cosmicdeploy.yaml to a path that answers 200 once the release serves",
    )


def _says_nothing(about: str, key: str, *, is_page: bool) -> Flaw:
    """Return the flaw of a path that is answered like any other.

    It is only a note if the answer has no body: equal empty answers prove little.
    """
    return Flaw(
        stake="proof" if is_page else "note",
        loses=PROVES_NOTHING if is_page else MAY_PROVE_NOTHING,
        why=f"{about} is answered like {ABSENT}, a path that no application has",
        todo=f"set {key} in cosmicdeploy.yaml to a path that fails when the application does",
    )


CHECK = Check(
    name="health checks", about="a broken release cannot pass for a working one", run=health_checks
)
