"""Verification points about the application: `schema`, `scheduler`, `monitor`, `heartbeat`."""

from __future__ import annotations

from cosmicdeploy.context.context import NO_CONSOLE, NO_DATABASE, Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.probes.application.features import states
from cosmicdeploy.probes.application.heartbeat import is_accepted, todo_of, why_rejected
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, clients_are_kept_out
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, send_until_not_rate_limited, why_unproven
from cosmicdeploy.probes.result import CheckResult, FeatureState, skipped
from cosmicdeploy.probes.urls import front_at
from cosmicdeploy.text.formatting import format_time

# A scheduler that runs a command every minute logs a run within this many seconds.
SCHEDULER_GRACE = 120


def schema(ctx: Context) -> CheckResult:
    """Check that the tables have the columns that the release needs (`verify.columns`)."""
    needed = ctx.settings.verify.columns
    if not ctx.has_database:
        return skipped("schema", NO_DATABASE)
    if not needed:
        return _not_configured("schema", "verify.columns")
    with open_facts(ctx.database()) as database:
        missing = [
            f"{table}.{column}"
            for table, columns in needed.items()
            for column in sorted(set(columns) - set(database.columns(table)))
        ]
    count = sum(len(columns) for columns in needed.values())
    return CheckResult(
        point="schema",
        ok=not missing,
        expected=f"{count} columns in {', '.join(needed)}",
        found=f"missing: {', '.join(missing)}" if missing else f"all {count} are there",
        todo="run `cosmicdeploy step migrate`, or roll back with `cosmicdeploy rollback`",
    )


def scheduler(ctx: Context) -> CheckResult:
    """Check that the scheduler runs, has `verify.command` on its schedule, and has run it lately.

    If an operator has switched the command off (`verify.feature`), or if the application has no
    console, only checks that the scheduler runs. Runs up to two console commands in containers, one
    after the other (see `run_checks`).
    """
    name, command = ctx.settings.services.scheduler, ctx.settings.verify.command
    if not name:
        return _not_configured("scheduler", "services.scheduler")
    container = ctx.running(name)
    if not ctx.has_console:
        return _without_schedule(container)
    if feature := _switched_off(ctx):
        return _disabled(container, command or "", feature)
    listing = ctx.run_console(container, *ctx.settings.verify.schedule)
    problems = []
    if listing.exit_code != 0:
        problems.append(f"the schedule cannot be listed (exit code {listing.exit_code})")
    if command and command not in listing.text:
        problems.append(f"{command} is not scheduled")
    if command and not (_is_new(container) or _has_run(ctx, container, command)):
        problems.append(f"its log shows no run of {command} in the last {SCHEDULER_GRACE} s")
    return CheckResult(
        point="scheduler",
        ok=not problems,
        expected=f"running, with {command or 'a schedule'}, a run every minute",
        found="; ".join(problems) or _working_state(container, command),
        todo="see `cosmicdeploy logs scheduler --tail 100`",
    )


def monitor(ctx: Context) -> CheckResult:
    """Check that `verify.command` is registered and that its dry run succeeds.

    Runs `verify.dry_run` in a container. If that is not set, runs the command itself, and the
    result says so, since the command may change something. If the run fails, also runs the
    console's `list`.
    """
    verify = ctx.settings.verify
    command = verify.command
    if not command:
        return _not_configured("monitor", "verify.command")
    container = ctx.any_app()
    result = ctx.run_console(container, *(verify.dry_run or (command,)))
    ok = result.exit_code == 0
    found = _last_line(result.text or result.error_text) or f"exit code {result.exit_code}"
    if not ok and command not in ctx.run_console(container, "list").text:
        found = f"{command} is not registered"
    expected = f"{command} is registered and its dry run exits with 0"
    if verify.runs_command:
        expected = f"{command} is registered and exits with 0"
        found = f"ran {command} itself, since verify.dry_run is not set: {found}"
    return CheckResult(
        point="monitor",
        ok=ok,
        expected=expected,
        found=found,
        todo="rebuild with `cosmicdeploy deploy`, or find the cause with `cosmicdeploy diagnose`",
    )


def heartbeat(ctx: Context) -> CheckResult:
    """Check that the application accepts a heartbeat through the load balancer.

    Sends a heartbeat of the configured device, which the application stores. If the rate limit
    refuses the heartbeat, repeats it for up to 75 s.
    """
    configured = ctx.settings.verify.heartbeat
    if configured is None:
        return _not_configured("heartbeat", "verify.heartbeat")
    if clients_are_kept_out(ctx):
        return skipped("heartbeat", f"not sent while clients are turned away: {UNTIL_RESUME}")
    token, front = ctx.loaded.secret(configured.token_variable), front_at(ctx, configured.path)
    response = send_until_not_rate_limited(
        ctx, front.url, host=front.host, token=token, json=configured.body
    )
    ok, unproven = is_accepted(response, configured), why_unproven(response)
    if ok:
        found = f"{response} {response.excerpt}"
    else:
        found = unproven or why_rejected(response, configured)
    return CheckResult(
        point="heartbeat",
        ok=ok,
        expected=f"200 with {configured.answers_with} from {configured.path}",
        found=found,
        todo=TODO_LIMITED if unproven else todo_of(response, configured),
        unproven=bool(unproven),
    )


def _not_configured(point: str, key: str) -> CheckResult:
    return skipped(point, f"{key} is not configured")


def _switched_off(ctx: Context) -> FeatureState | None:
    """Return the state of `verify.feature` if it is switched off, else None."""
    name = ctx.settings.verify.feature
    features = states(ctx, [name]) if name else []
    return next((feature for feature in features if feature.enabled is False), None)


def _disabled(container: Container, command: str, feature: FeatureState) -> CheckResult:
    """Return the result for a command that an operator switched off: a warning, no failure."""
    return CheckResult(
        point="scheduler",
        ok=True,
        expected=f"running, {command} switched off by the feature {feature.name}",
        found=f"running since {format_time(container.started)}; {command} is switched off"
        f"{feature.noted}",
        warnings=(f"`cosmicdeploy features enable {feature.name}` switches it on again",),
    )


def _without_schedule(container: Container) -> CheckResult:
    """Return the result for an application without a console: nothing else lists the schedule."""
    return CheckResult(
        point="scheduler",
        ok=True,
        expected="running",
        found=f"running since {format_time(container.started)}; its schedule is not known:"
        f" {NO_CONSOLE}",
    )


def _is_new(container: Container) -> bool:
    """Return whether the container is too new to have logged a run."""
    return container.seconds_up < SCHEDULER_GRACE


def _working_state(container: Container, command: str | None) -> str:
    since = f"running since {format_time(container.started)}"
    if not command:
        return since
    run = "started too recently to say more" if _is_new(container) else "its log shows a run"
    return f"{since}; {command} is scheduled, {run}"


def _has_run(ctx: Context, container: Container, command: str) -> bool:
    """Return whether the scheduler's log names the command in the last `SCHEDULER_GRACE` s."""
    lines = ctx.engine.logs(container.id, seconds=SCHEDULER_GRACE)
    return any(command in line for line in lines)


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")
