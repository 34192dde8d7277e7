"""Migrations of the year's releases: their PHP, and how the schema is put back without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.stack.stacks.php.strangers_laravel import StrangersLaravel
from tests.year.attempt import Attempt

FILE = """<?php

use Illuminate\\Database\\Migrations\\Migration;
use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\DB;
use Illuminate\\Support\\Facades\\Schema;

return new class extends Migration
{{
    public function up(): void
    {{
        {up}
    }}

    public function down(): void
    {{
        {down}
    }}
}};
"""
ON_REMOTES = "Schema::table('remotes', fn (Blueprint $table) => $table->{what});"


@dataclass(frozen=True, kw_only=True)
class Migration:
    """A migration; `up` and `down` are PHP, `back` is the SQL that undoes it if it ran."""

    name: str
    up: str
    down: str = ""
    back: Sequence[str] = ()


def on_remotes(what: str) -> str:
    """Return the PHP that changes the table of devices."""
    return ON_REMOTES.format(what=what)


def slow(seconds: int) -> Migration:
    """Return a migration that takes this long."""
    return Migration(
        name=f"2026_05_01_0000{seconds:02}_slow",
        up="Schema::create('slow', fn (Blueprint $table) => $table->id());\n"
        f"        DB::statement('SET @slept = SLEEP({seconds})');\n"
        "        Schema::table('slow', fn (Blueprint $table) => $table->integer('x')->nullable());",
        down="Schema::drop('slow');",
        back=("DROP TABLE IF EXISTS slow",),
    )


NICKNAME = Migration(
    name="2026_05_02_000001_add_nickname_to_remotes",
    up=on_remotes("string('nickname', 64)->nullable()"),
    down=on_remotes("dropColumn('nickname')"),
    back=("ALTER TABLE remotes DROP COLUMN IF EXISTS nickname",),
)
WITHOUT_FIRMWARE = Migration(
    name="2026_05_03_000001_drop_firmware_from_remotes",
    up=on_remotes("dropColumn('firmware')"),
    down=on_remotes("string('firmware', 32)->nullable()"),
    back=("ALTER TABLE remotes ADD COLUMN IF NOT EXISTS firmware VARCHAR(32) NULL",),
)
# Most devices have the same status.
UNIQUE_STATUS = Migration(
    name="2026_05_04_000001_make_status_unique",
    up=on_remotes("unique('status')"),
    down=on_remotes("dropUnique(['status'])"),
    back=("ALTER TABLE remotes DROP INDEX IF EXISTS remotes_status_unique",),
)


def add(attempt: Attempt, migration: Migration) -> None:
    """Add a migration to the sources; the schema is put back after the scenario."""
    file = attempt.stack.source("database/migrations") / f"{migration.name}.php"
    file.write_text(FILE.format(up=migration.up, down=migration.down))
    attempt.put_back.callback(_put_back, attempt.stack, migration)


def _put_back(stack: StrangersLaravel, migration: Migration) -> None:
    with stack.database() as facts:
        for sql in migration.back:
            facts.session.execute(sql)
        facts.session.execute("DELETE FROM migrations WHERE migration = %s", migration.name)


def columns(stack: StrangersLaravel) -> set[str]:
    """Return the columns of the table of devices."""
    with stack.database() as facts:
        return set(facts.columns("remotes"))
