"""Points of the checklist that look at the application: schema, scheduler, monitor, heartbeat."""

from __future__ import annotations

from cosmicdeploy.concurrency import map_in_background
from cosmicdeploy.context import Context
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.probes.application.features import FeatureState, states
from cosmicdeploy.probes.application.heartbeat import is_taken, what_to_do, why_not_taken
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, clients_are_kept_out
from cosmicdeploy.probes.rate_limited import TODO_LIMITED, ask_until_answered, why_unproven
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.text.formatting import format_time

# A scheduler that runs every minute has left a line in the log of so many seconds.
SCHEDULER_GRACE = 120


def schema(ctx: Context) -> CheckResult:
    """The tables have the columns that the release needs."""
    wanted = ctx.settings.verify.columns
    if not wanted:
        return _absent("schema", "verify.columns")
    with open_facts(ctx.database()) as database:
        missing = [
            f"{table}.{column}"
            for table, columns in wanted.items()
            for column in sorted(set(columns) - set(database.columns(table)))
        ]
    count = sum(len(columns) for columns in wanted.values())
    return CheckResult(
        point="schema",
        ok=not missing,
        expected=f"{count} columns in {', '.join(wanted)}",
        found=f"missing: {', '.join(missing)}" if missing else f"all {count} are there",
        todo="run `cosmicdeploy step migrate`, or go back with `cosmicdeploy rollback`",
    )


def scheduler(ctx: Context) -> CheckResult:
    """The scheduler runs, its list has the monitor, and its log shows that it acts."""
    name, command = ctx.settings.services.scheduler, ctx.settings.verify.command
    if not name:
        return _absent("scheduler", "services.scheduler")
    container = ctx.running(name)
    asked = map_in_background(_switched_off, [ctx])  # another command, beside this one
    listing = ctx.run_console(container, *ctx.settings.verify.schedule)
    [off] = asked()
    if off:
        return _resting(container, command or "", off)
    problems = []
    if listing.exit_code != 0:
        problems.append(f"the schedule cannot be listed (exit code {listing.exit_code})")
    if command and command not in listing.text:
        problems.append(f"{command} is not scheduled")
    if command and not (_is_new(container) or _acts(ctx, container, command)):
        problems.append(f"no run of {command} in its log of {SCHEDULER_GRACE} s")
    return CheckResult(
        point="scheduler",
        ok=not problems,
        expected=f"running, with {command or 'a schedule'}, a run every minute",
        found="; ".join(problems) or _at_work(container, command),
        todo="see `cosmicdeploy logs scheduler --tail 100`",
    )


def monitor(ctx: Context) -> CheckResult:
    """The command is registered and its dry run succeeds."""
    command = ctx.settings.verify.command
    if not command:
        return _absent("monitor", "verify.command")
    container = ctx.any_app()
    dry_run = ctx.settings.verify.dry_run or (command,)
    result = ctx.run_console(container, *dry_run)
    ok = result.exit_code == 0
    found = _last_line(result.text or result.error_text) or f"exit code {result.exit_code}"
    if not ok and command not in ctx.run_console(container, "list").text:
        found = f"{command} is not registered"
    return CheckResult(
        point="monitor",
        ok=ok,
        expected=f"{command} is registered and its dry run exits with 0",
        found=found,
        todo="rebuild with `cosmicdeploy deploy`; then run the command by hand in an app",
    )


def heartbeat(ctx: Context) -> CheckResult:
    """A device's beat is taken, through the load balancer."""
    wanted = ctx.settings.verify.heartbeat
    if wanted is None:
        return _absent("heartbeat", "verify.heartbeat")
    if clients_are_kept_out(ctx):
        return skipped("heartbeat", f"not sent while clients are turned away: {UNTIL_RESUME}")
    token = ctx.loaded.secret(wanted.token_variable)
    answer = ask_until_answered(ctx, proxy_url(ctx) + wanted.path, token=token, json=wanted.body)
    ok, unproven = is_taken(answer, wanted), why_unproven(answer)
    return CheckResult(
        point="heartbeat",
        ok=ok,
        expected=f"200 with {wanted.answers_with} from {wanted.path}",
        found=f"{answer} {answer.shown}" if ok else unproven or why_not_taken(answer, wanted),
        todo=TODO_LIMITED if unproven else what_to_do(answer, wanted),
        unproven=bool(unproven),
    )


def _absent(point: str, key: str) -> CheckResult:
    return skipped(point, f"{key} is not configured")


def _switched_off(ctx: Context) -> FeatureState | None:
    """The switch that keeps the command from its schedule, where it is off."""
    feature = ctx.settings.verify.feature
    found = states(ctx, [feature]) if feature else []
    return next((state for state in found if state.enabled is False), None)


def _resting(container: Container, command: str, off: FeatureState) -> CheckResult:
    """Somebody wanted it so: worth telling, and no failure."""
    told = f"{command} is switched off{off.noted}"
    return CheckResult(
        point="scheduler",
        ok=True,
        expected=f"running, {command} switched off by the feature {off.name}",
        found=f"running since {format_time(container.started)}; {told}",
        warnings=(f"`cosmicdeploy features enable {off.name}` switches it on again",),
    )


def _is_new(container: Container) -> bool:
    """Whether it may not have had a minute to begin anything in."""
    return container.seconds_up < SCHEDULER_GRACE


def _at_work(container: Container, command: str | None) -> str:
    since = f"running since {format_time(container.started)}"
    if not command:
        return since
    acts = "started too recently to say more" if _is_new(container) else "its log shows it run"
    return f"{since}; {command} is scheduled, {acts}"


def _acts(ctx: Context, container: Container, command: str) -> bool:
    lines = ctx.engine.logs(container.id, seconds=SCHEDULER_GRACE)
    return any(command in line for line in lines)


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")
