"""The verification point `health`: each replica answers 200, and so does the load balancer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import running_release
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.http import OK, Response
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, clients_are_kept_out
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, send_until_not_rate_limited, why_unproven
from cosmicdeploy.probes.reach import NOT_FOUND, NotReached, reach
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.probes.urls import is_requested, replica_url
from cosmicdeploy.proxy.declared.hosts import lacking_host, todo_of
from cosmicdeploy.settings import Application
from cosmicdeploy.text.formatting import counted, format_releases
from cosmicdeploy.verification.container_checks import START


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an application answered at one address.

    `services` are the services that a failure concerns. `expected` is the release that should
    answer; "" if it is unknown.
    """

    address: str
    application: Application
    services: tuple[str, ...]
    response: Response
    expected: str

    @property
    def release(self) -> str:
        """The release in the response's header; "" if the response does not name it."""
        header = self.application.release_header
        return self.response.headers.get(header, "") if header else ""

    @property
    def problem(self) -> str:
        """Why the response does not show that the release works; "" if it does.

        A response without the release header may come from the web server itself.
        """
        if self.response.status != OK:
            return why_unproven(self.response) or str(self.response)
        header, release = self.application.release_header, self.release
        if not (header and self.expected) or release == self.expected:
            return ""
        if not release:
            return f"200 without {header}: release unknown"
        return f"200, but release {release}"


def health(ctx: Context) -> CheckResult:
    """Check that each replica and the load balancer answer 200 with the running release.

    Sends at least one request to each replica that speaks HTTP or FastCGI. Also sends at least one
    through the load balancer for each application that clients reach, unless clients are turned
    away now.
    """
    applications = ctx.settings.all_applications
    expected = {each.name: running_release(ctx, each) for each in applications}
    kept_out = clients_are_kept_out(ctx)
    answers: list[Answer] = []
    warnings: list[str] = []
    for application in applications:
        answers += _direct(ctx, application, expected[application.name])
        if not kept_out and _is_checked_from_outside(ctx, application):
            outside = _outside(ctx, application, expected[application.name])
            if isinstance(outside, Answer):
                answers.append(outside)
            else:
                warnings.append(f"{application.name} as its clients see it: {outside.why}")
    failing = [each for each in answers if each.problem]
    is_unproven = bool(failing) and all(why_unproven(each.response) for each in failing)
    found = "; ".join(f"{each.address}: {each.problem}" for each in failing) or _good(answers)
    path = f" from {applications[0].health_path}" if len(applications) == 1 else ""
    return CheckResult(
        point="health",
        ok=not failing,
        expected=f"200{path} on {counted(len(answers), 'address', 'addresses')},"
        f" release {format_releases(expected)}",
        found=found + (f"; no request to the load balancer: {UNTIL_RESUME}" if kept_out else ""),
        todo=TODO_LIMITED if is_unproven else _todo(ctx, failing),
        warnings=tuple(warnings),
        unproven=is_unproven,
        failing=tuple(dict.fromkeys(name for each in failing for name in each.services)),
    )


def _todo(ctx: Context, failing: Sequence[Answer]) -> str:
    """Return what to do about failing answers: start replicas first that are stopped or paused."""
    containers = [ctx.container(name) for each in failing for name in each.services]
    if any(each is None or each.can_be_started for each in containers):
        return START
    outside = [each for each in failing if each.address not in each.services]
    is_unrouted = any(each.response.status == NOT_FOUND for each in outside)
    if is_unrouted and (host := lacking_host(ctx)) is not None:
        return todo_of(host)
    return "see `cosmicdeploy logs app --tail 100`"


def _direct(ctx: Context, application: Application, expected: str) -> Iterator[Answer]:
    """Yield the answer of each replica to a request that is sent to the replica itself."""
    for name in application.services:
        container = ctx.container(name)
        if container is not None and not is_requested(container, application):
            continue  # the point `containers` checks such a replica by its own health check
        try:
            url = replica_url(ctx, name) + application.health_path
            response = send_until_not_rate_limited(ctx, url)
        except CosmicError as error:
            response = Response(url="", error=error.what)
        yield Answer(
            address=name,
            application=application,
            services=(name,),
            response=response,
            expected=expected,
        )


def _is_checked_from_outside(ctx: Context, application: Application) -> bool:
    """Return whether clients use another address than that of the replica itself."""
    return bool(ctx.settings.services.proxy or application.reached_at is not None)


def _outside(ctx: Context, application: Application, expected: str) -> Answer | NotReached:
    """Return the answer that a client gets; `NotReached` says why no request could be sent."""
    try:
        front = reach(ctx, application)
        if isinstance(front, NotReached):
            return front
        response = send_until_not_rate_limited(ctx, front.url, host=front.host)
    except CosmicError as error:
        response = Response(url="", error=error.what)
    return Answer(
        address="load balancer" if application.is_main else f"load balancer for {application.name}",
        application=application,
        services=application.services,
        response=response,
        expected=expected,
    )


def _good(answers: list[Answer]) -> str:
    """Describe answers without a problem: the releases that answered."""
    releases: dict[str, set[str]] = {}
    for each in answers:
        releases.setdefault(each.application.name, set()).add(each.release)
    texts = {name: ", ".join(sorted(own - {""})) for name, own in releases.items()}
    return f"200 on all, release {format_releases(texts)}"
