"""Run the matrix: `python -m tests.matrix [--engine NAME]… [--stack NAME]… [--origin NAME]…`.

For each engine: start it, copy the base images into it, take each stack of each origin through its
steps there, stop it. Prints the table, also into `.cache/matrix.md`; exit code 1 if a step failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence

from bootstrap.engines import daemon
from bootstrap.engines.catalogue import ENGINES, ROOT, EngineKind
from bootstrap.engines.images import copy_base_images
from bootstrap.engines.root_folder import EngineError, say
from cosmicdeploy.engine.connection import open_client
from tests.matrix.result import Row
from tests.matrix.subjects import SUBJECTS
from tests.matrix.table import table
from tests.stack.support.origins import ORIGINS

ROW_WITHIN_SECONDS = 900
RESULT = ROOT / ".cache" / "matrix.md"


def main(words: Sequence[str]) -> int:
    """Run the chosen rows; return the exit code."""
    chosen = _parsed(words)
    rows: list[Row] = []
    for name in chosen.engine or ENGINES:
        rows += _rows_of(ENGINES[name], chosen.stack or SUBJECTS, chosen.origin)
    text = table(rows)
    RESULT.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 1 if any(row.failed for row in rows) else 0


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="matrix", description=__doc__)
    for name, choices in (("engine", ENGINES), ("stack", SUBJECTS), ("origin", ORIGINS)):
        parser.add_argument(f"--{name}", action="append", choices=list(choices))
    return parser.parse_args(words)


def _rows_of(
    kind: EngineKind, subjects: Iterable[str], origins: Sequence[str] | None
) -> Iterator[Row]:
    pairs = [(name, origin) for name in subjects for origin in origins or SUBJECTS[name].origins]
    try:
        with daemon.running(kind) as engine:
            copy_base_images(open_client(), engine)
            for subject, origin in pairs:
                say(f"Engine {kind.name}: {subject}, made by {origin}")
                yield _row(engine, subject, origin)
    except EngineError as error:
        say(str(error))
        yield Row(kind.name, "", "", failed={"start": str(error).replace("\n", " / ")})


def _row(engine: daemon.RunningEngine, subject: str, origin: str) -> Row:
    name = engine.kind.name
    command = [sys.executable, "-m", "tests.matrix.on_engine", name, subject, origin]
    try:
        done = subprocess.run(
            [*engine.enter, *command],
            cwd=ROOT,
            env={**os.environ, **engine.environ},
            stdout=subprocess.PIPE,
            text=True,
            timeout=ROW_WITHIN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Row(name, subject, origin, failed={"all": f"over {ROW_WITHIN_SECONDS} s"})
    if done.returncode or not done.stdout.strip():
        return Row(name, subject, origin, failed={"all": f"exit code {done.returncode}"})
    row = Row(**json.loads(done.stdout.splitlines()[-1]))
    for step, reason in row.failed.items():
        say(f"  {step} failed: {reason}")
    return row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
