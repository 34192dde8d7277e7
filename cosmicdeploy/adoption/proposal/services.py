"""The section `services`: the role of each service, and a note for each that has none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cosmicdeploy.adoption.facts import Fact, Note, Setting, setting
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.data.caches import find_cache
from cosmicdeploy.adoption.recognition.data.databases import find_database
from cosmicdeploy.adoption.recognition.frameworks.migrations import migration_at_start
from cosmicdeploy.adoption.recognition.roles.applications import Group, background_of
from cosmicdeploy.adoption.recognition.roles.roles import Roles, is_same_image
from cosmicdeploy.stack.data_keepers import data_keepers
from cosmicdeploy.stack.order import needed_by

_KEYS = (
    "scheduler", "worker", "database", "cache", "proxy", "left_alone", "stateful", "one_shot",
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """The services with a role in the settings; None or empty for a role that the stack lacks."""

    groups: Sequence[Group]
    scheduler: Fact[str] | None
    workers: Sequence[Fact[str]]
    database: Fact[str] | None
    cache: Fact[str] | None
    proxy: Fact[str] | None
    left_alone: Sequence[Fact[str]]
    one_shot: Sequence[Fact[str]]
    stateful: Sequence[Fact[str]]

    @property
    def main(self) -> Group:
        return self.groups[0]

    @property
    def background(self) -> tuple[str, ...]:
        """The scheduler and the workers."""
        scheduler = (self.scheduler.value,) if self.scheduler else ()
        return (*scheduler, *(each.value for each in self.workers))

    @property
    def released(self) -> tuple[str, ...]:
        """The services of the application: those that serve requests, scheduler and workers."""
        return (*(name for group in self.groups for name in group.services), *self.background)

    @property
    def named(self) -> set[str]:
        """All services that the settings name."""
        single = [each.value for each in (self.database, self.cache, self.proxy) if each]
        lists = [each.value for each in (*self.left_alone, *self.one_shot, *self.stateful)]
        return {*self.released, *single, *lists}


def choose(
    survey: Survey, roles: Roles, groups: Sequence[Group], *, judges_migrations: bool = True
) -> Chosen:
    """Return which services get a role in the settings.

    `judges_migrations` says whether the section `migrate` will run the migrations, provided that
    the settings name a database. Otherwise a deploy runs the service that migrates.
    """
    schedulers = _facts(background_of(survey, roles, groups[0], "scheduler"))
    database = _single(survey, find_database(survey, roles))
    tasks = _facts((n, each) for n, each in roles.background.items() if each.value == "task")
    apps = {name for group in groups for name in group.services}
    is_judged = judges_migrations and database is not None
    run = [each.value for each in tasks if _is_run(survey, each.value, apps, is_judged)]
    chosen = Chosen(
        groups=groups,
        scheduler=_single(survey, schedulers[0] if schedulers else None),
        workers=_facts(background_of(survey, roles, groups[0], "worker")),
        database=database,
        cache=_single(survey, find_cache(survey, roles)),
        proxy=_single(survey, roles.proxy),
        left_alone=[_task(each, "no deploy") for each in tasks if each.value not in run],
        one_shot=[_task(each, "a deploy") for each in tasks if each.value in run],
        stateful=(),
    )
    return _with_stateful(survey, roles, chosen)


def service_settings(chosen: Chosen) -> Iterator[Setting]:
    """Yield the section `services`."""
    groups = [
        Fact(value=each.first, evidence=each.evidence, mark=each.mark) for each in chosen.groups
    ]
    apps = [name for group in chosen.groups for name in group.services]
    yield setting("services.app", replace(_joined(groups), value=apps))
    for key in _KEYS:
        facts = chosen.workers if key == "worker" else getattr(chosen, key)
        if isinstance(facts, Fact):
            yield setting(f"services.{key}", facts)
        elif facts:
            yield setting(f"services.{key}", _joined(facts))


def service_notes(survey: Survey, roles: Roles, chosen: Chosen) -> Iterator[Note]:
    """Yield why a scheduler, a worker, a database, a cache or a proxy has no role."""
    kept = data_keepers(survey.stack, chosen.released)
    for name, fact in roles.background.items():
        if name not in chosen.named:
            what = f"a {fact.value} ({fact.evidence}), {_why(survey, chosen, name)}"
            yield _no_role(name, what, keeps_data=name in kept)
    for name in (*roles.of_kind("proxy"), *roles.of_kind("database"), *roles.of_kind("cache")):
        product, replicas = roles.servers[name].value.product, survey.services[name].replicas
        if name not in chosen.named and replicas != 1:
            what = f"{product}, with {replicas} replicas"
            yield _no_role(name, what, keeps_data=name in kept)
        elif name not in chosen.named and name in roles.of_kind("proxy"):
            what = f"{product}, but not the proxy next to {chosen.main.first}"
            yield _no_role(name, what, keeps_data=name in kept)


def _why(survey: Survey, chosen: Chosen, name: str) -> str:
    """Return why a scheduler or a worker has no role."""
    if not is_same_image(survey, name, chosen.main.first):
        return f"but not on the image of {chosen.main.first}"
    if survey.services[name].replicas != 1:
        return f"but with {survey.services[name].replicas} replicas"
    return "but there is another one"


def _no_role(name: str, what: str, *, keeps_data: bool) -> Note:
    replaced = "only with --include, since it keeps data" if keeps_data else "as any other service"
    return Note(
        kind="no role",
        about=name,
        what=f"{what}, so it has no role: a deploy replaces it {replaced}",
        todo="name it in services.left_alone if no command may touch it",
    )


def _with_stateful(survey: Survey, roles: Roles, chosen: Chosen) -> Chosen:
    """Set `stateful`: servers of data without a role that a deploy would not recognize itself."""
    known = data_keepers(survey.stack, chosen.released)
    stateful = [
        Fact(value=name, evidence=server.evidence)
        for name, server in roles.servers.items()
        if server.value.kind in ("database", "cache", "store")
        and name not in {*known, *chosen.named}
    ]
    return replace(chosen, stateful=stateful)


def _single(survey: Survey, service: Fact[str] | None) -> Fact[str] | None:
    """Return a service for a role that needs one container; None if it declares another number."""
    is_single = service is not None and survey.services[service.value].replicas == 1
    return service if is_single else None


def _is_run(survey: Survey, name: str, apps: Collection[str], is_judged: bool) -> bool:
    """Return whether a deploy can run a service that ends by itself, before the rollout.

    It cannot run one that needs the new application. A service that migrates is left alone if the
    section `migrate` runs, judges and undoes the migrations (`is_judged`).
    """
    is_apart = is_judged and migration_at_start(survey, name) is not None
    return not is_apart and needed_by(survey.stack, {name}).isdisjoint(apps)


def _task(task: Fact[str], runner: str) -> Fact[str]:
    evidence = f"{task.evidence}; it ends by itself, and {runner} runs it"
    return Fact(value=task.value, evidence=evidence, mark="guess")


def _facts(pairs: Iterable[tuple[str, Fact[str]]]) -> list[Fact[str]]:
    """Return the names of services, each with the evidence for its role."""
    return [Fact(value=name, evidence=fact.evidence, mark=fact.mark) for name, fact in pairs]


def _joined(facts: Sequence[Fact[str]]) -> Fact[list[str]]:
    """Return the facts as one, with the evidence of the first guess, else of the first fact.

    If there are several facts, the evidence begins with the name of that service.
    """
    shown = next((each for each in facts if each.mark), facts[0])
    evidence = f"{shown.value}: {shown.evidence}" if len(facts) > 1 else shown.evidence
    return Fact(value=[each.value for each in facts], evidence=evidence, mark=shown.mark)
