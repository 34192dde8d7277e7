"""Frameworks that are recognized, but whose migrations cosmicdeploy has no file for.

What identifies a framework that has a file stands in that file, in `migrations/frameworks`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cosmicdeploy.migrations.frameworks.definition import SuggestedBy


def _by(files: tuple[str, ...], command: str) -> SuggestedBy:
    return SuggestedBy(files=files, commands=(re.compile(command),))


UNDESCRIBED: Mapping[str, SuggestedBy] = {
    "Phoenix": _by(("mix.exs",), r"\bmix\s+(?:phx|ecto)\b"),
    "Sequelize": _by((".sequelizerc",), r"\bsequelize(?:-cli)?\s+db:\w+"),
    "TypeORM": _by(("ormconfig.*",), r"\btypeorm\b"),
    "Liquibase": _by(("liquibase.properties",), r"\bliquibase\b"),
    "Doctrine Migrations without Symfony": _by(("migrations-db.php",), r"\bdoctrine-migrations\b"),
    "dbmate": _by((), r"\bdbmate\b"),
}
