"""The scenarios of the year: what each does, how it has to end, which requests may be lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.deploy.load import BEAT, KEPT_CONNECTIONS
from tests.stack.stacks.php.strangers_laravel import CACHE, WEB
from tests.year.actions import broken, changes, interruptions, releases, rollbacks
from tests.year.attempt import Attempt
from tests.year.scenario import NONE_LOST, Expected, Image, Lost, Scenario

NEW_IMAGE = Expected(outcome="changed", image=Image.NEW)
SAME_IMAGE = Expected(outcome="changed")
ROLLED_BACK = Expected(outcome="changed", image=Image.EARLIER)
UNCHANGED = Expected(outcome="unchanged")
FAILED = Expected(outcome="failed", codes=(1,))
KILLED_THEN_DEPLOYED = Expected(outcome="changed", codes=(-9, 0), image=Image.NEW)
# nginx closes all kept connections once: when nginx is reloaded, or when it is stopped for the
# announced time.
ONE_RELOAD = Lost(kept=KEPT_CONNECTIONS)
ONE_STOP = Lost(announced=True, kept=KEPT_CONNECTIONS)
# At 20 requests/s, each replica gets 7 a second. When a replica ends, it is processing one or two
# of them; on a busy machine up to five.
IN_HAND = 5
ONE_CRASH_EACH = Lost(until_end=len(WEB) * IN_HAND)


def scenario(
    name: str,
    action: str,
    run: Callable[[Attempt], None],
    expected: Expected,
    lost: Lost = NONE_LOST,
) -> Scenario:
    """Return a scenario that begins on release 1."""
    return Scenario(name=name, action=action, run=run, expected=expected, lost=lost)


def rollback(
    name: str, action: str, run: Callable[[Attempt], None], lost: Lost = NONE_LOST
) -> Scenario:
    """Return a scenario that begins on a release with a migration and rolls back to release 1."""
    return Scenario(
        name=name,
        action=action,
        run=run,
        expected=ROLLED_BACK,
        lost=lost,
        given=rollbacks.next_release,
    )


WORKING = (
    scenario("plain release", "new code", releases.plain, NEW_IMAGE),
    scenario("added column", "new code and a migration", releases.additive, NEW_IMAGE),
    scenario("same release twice", "deploy again", releases.twice, UNCHANGED),
    scenario(
        "60 s migration", "a migration that takes a minute", releases.slow_migration, NEW_IMAGE
    ),
    scenario("dropped column", "a migration drops a column", releases.without_a_column, FAILED),
    scenario(
        "dropped column, allowed",
        "the same with --allow",
        releases.without_a_column_allowed,
        NEW_IMAGE,
    ),
)
CHANGES = (
    scenario("changed variable", "another value in .env", changes.variable, SAME_IMAGE),
    scenario("changed health check", "a shorter interval", changes.health_check, SAME_IMAGE),
    scenario(
        "changed nginx file",
        "a line in the mounted nginx.conf",
        changes.nginx_file,
        SAME_IMAGE,
        ONE_RELOAD,
    ),
    Scenario(
        name="changed Redis image",
        action="another image; deploy, then deploy --include redis",
        run=changes.redis_image,
        expected=Expected(outcome="changed", codes=(0, 0), image=Image.NEW),
        lost=Lost(announced=True),
        services=(CACHE,),
    ),
    scenario("new worker", "a second queue worker", changes.new_worker, SAME_IMAGE),
    scenario(
        "renamed service",
        "another name of the worker; --remove-orphans",
        changes.renamed_service,
        SAME_IMAGE,
    ),
)
BROKEN = (
    scenario("broken health", "the health page answers 500", broken.health, FAILED),
    scenario(
        "broken heartbeats",
        "heartbeats answer 500, the health page 200",
        broken.heartbeats,
        FAILED,
    ),
    scenario("crash at 5 s", "replicas end 5 s after their start", broken.crash(5), FAILED),
    scenario(
        "crash at 18 s",
        "replicas end 18 s after their start",
        broken.crash(18),
        FAILED,
        ONE_CRASH_EACH,
    ),
    scenario("missing vendor", "the image lacks the vendor folder", broken.without_vendor, FAILED),
    scenario("failing migration", "a unique index on equal rows", broken.failing_migration, FAILED),
    Scenario(
        name="hotfix over a broken release",
        action="deploy the fix while heartbeats answer 500",
        run=releases.hotfix,
        expected=NEW_IMAGE,
        lost=Lost(answers=(BEAT, 500)),
        given=releases.broken_release_in_place,
    ),
)
INTERRUPTED = (
    scenario(
        "second deploy at the same time",
        "deploy during a deploy",
        interruptions.second_deploy,
        Expected(outcome="changed", codes=(4, 0), image=Image.NEW),
    ),
    scenario(
        "Ctrl-C",
        "Ctrl-C during the rollout",
        interruptions.ctrl_c,
        Expected(outcome="interrupted", codes=(130,)),
    ),
    scenario(
        "kill -9 in rollout",
        "kill -9 at the second replica; deploy again",
        interruptions.kill_in_rollout,
        KILLED_THEN_DEPLOYED,
    ),
    scenario(
        "kill -9 in migration",
        "kill -9 while a migration runs; deploy again",
        interruptions.kill_in_migration,
        KILLED_THEN_DEPLOYED,
    ),
)
ROLLBACKS = (
    rollback("rollback of the code", "rollback --code-only", rollbacks.code_only),
    rollback("rollback by migration", "rollback --migration", rollbacks.by_migration, ONE_STOP),
    rollback("rollback of the data", "rollback", rollbacks.with_data, ONE_STOP),
)
TEN_DEPLOYS = Scenario(
    name="ten deploys at 200 requests/s",
    action="ten releases one after the other",
    run=releases.ten_deploys,
    expected=Expected(outcome="changed", codes=(0,) * releases.DEPLOYS, image=Image.NEW),
    rate=200.0,
)
SCENARIOS: Mapping[str, Scenario] = {
    each.name: each for each in (*WORKING, *CHANGES, *BROKEN, *INTERRUPTED, *ROLLBACKS, TEN_DEPLOYS)
}
