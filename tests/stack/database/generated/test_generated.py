"""Random schemas with data are restored unchanged or refused by name, on every server."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.engine import Engine
from tests.stack.database.generated.creation import Tally
from tests.stack.database.generated.flavour import FLAVOURS, RandomSchema
from tests.stack.database.generated.round_trip import RoundTrip, Unfaithful
from tests.stack.database.generated.schemas import batches
from tests.stack.stacks.databases import Servers, renew

pytestmark = pytest.mark.stack

# This many schemas share a backup, since most of a backup's time does not depend on their number.
SCHEMAS_PER_BACKUP = 10
SAMPLE, ALL = 40, 500
# At least this share of the schemas has a table that the server accepts.
LEAST_ACCEPTED = 0.8
SAMPLE_SEED = 1
# At most this share of a feature's statements may be refused by the server: a test with statements
# that the server refuses would prove nothing. A run has only about a hundred partitioned tables, of
# which the server refused up to 41 %.
MOST_REFUSED = 0.5
# At most this share of the schemas may fail in the proof of the structure, after the dump.
MOST_FAILED = 0.01
FEATURES = (
    "table",
    "partitioned table",
    "row",
    "view",
    "function",
    "procedure",
    "trigger",
    "event",
)


@pytest.fixture
def round_trips(
    engine: Engine, servers: Servers, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[str, int, int], Tally]:
    """Return a function that tries a number of random schemas on a server, from a seed."""

    def try_all(version: str, count: int, first: int) -> Tally:
        access, tally = servers(version), Tally()
        request.addfinalizer(lambda: renew(access))
        catalogue = Catalogue(tmp_path / "backups")
        trip = RoundTrip(engine=engine, access=access, catalogue=catalogue, tally=tally)

        @seed(first)
        @settings(
            max_examples=math.ceil(count / SCHEMAS_PER_BACKUP / LEAST_ACCEPTED),
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(batches(FLAVOURS[version], SCHEMAS_PER_BACKUP))
        def check(batch: tuple[str, list[RandomSchema]]) -> None:
            trip.check(*batch)
            for backup in catalogue.list():
                backup.data.unlink(missing_ok=True)

        try:
            check()
        except Unfaithful as error:
            option = f"--hypothesis-seed={first}"
            raise AssertionError(
                f"{error}\n\n{tally}\n\nthe same schemas again: {option}"
            ) from error
        print(f"{version}, seed {first}: {tally}")
        return tally

    return try_all


def seed_of(request: pytest.FixtureRequest, default: int) -> int:
    return int(request.config.getoption("hypothesis_seed") or default)


def require_variety(tally: Tally, count: int) -> None:
    """Fail if too few schemas were tried, or if the server refused too many statements."""
    assert tally.schemas >= count, tally
    assert tally.restored >= count / 2, tally
    assert tally.failed <= count * MOST_FAILED, tally
    assert {feature for feature in FEATURES if not tally.created[feature]} == set(), tally
    for feature in FEATURES:
        assert tally.share_refused(feature) <= MOST_REFUSED, (feature, str(tally))


@pytest.mark.fault("random schemas: a sample")
def test_a_sample_of_random_schemas_is_restored_or_refused(
    round_trips: Callable[[str, int, int], Tally], request: pytest.FixtureRequest
) -> None:
    tally = round_trips("stable", SAMPLE, seed_of(request, SAMPLE_SEED))
    require_variety(tally, SAMPLE)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("version", FLAVOURS)
@pytest.mark.fault("random schemas: 500 on each server")
def test_random_schemas_are_restored_or_refused_on_each_server(
    round_trips: Callable[[str, int, int], Tally], request: pytest.FixtureRequest, version: str
) -> None:
    tally = round_trips(version, ALL, seed_of(request, secrets.randbelow(2**32)))
    require_variety(tally, ALL)
