"""A stack with Alembic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tests.stack.frameworks.migrating import Migrating

ENVIRONMENT = """\
import sqlalchemy
from alembic import context

URL = "mysql+pymysql://shop:a-word-of-shop@db/shop"

if context.is_offline_mode():
    context.configure(url=URL, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with sqlalchemy.create_engine(URL).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
FIRST = '''\
"""articles"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.create_table(
        "articles",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )


def downgrade():
    op.drop_table("articles")
'''


@dataclass(frozen=True)
class Alembic(Migrating):
    """The revisions are `a1`, and `b2` that follows it."""

    framework: ClassVar[str] = "alembic"
    program: ClassVar[tuple[str, ...]] = ("python3", "-m", "alembic")
    requirements: ClassVar[tuple[str, ...]] = ("alembic>=1.13", "pymysql>=1.1")
    first: ClassVar[str] = "a1"

    def files(self, release: str) -> dict[str, str]:
        return super().files(release) | {
            "srv/alembic.ini": "[alembic]\nscript_location = migrations\n",
            "srv/migrations/env.py": ENVIRONMENT,
            "srv/migrations/versions/0001_first.py": FIRST,
        }

    def add(self, *statements: str, down: str) -> str:
        lines = "".join(f"    op.execute({each!r})\n" for each in statements)
        (self.folder / "srv/migrations/versions/0002_next.py").write_text(
            '"""next"""\n\nfrom alembic import op\n\nrevision = "b2"\ndown_revision = "a1"\n\n\n'
            f"def upgrade():\n{lines}\n\ndef downgrade():\n    op.execute({down!r})\n"
        )
        return "b2"

    def remove(self) -> None:
        (self.folder / "srv/migrations/versions/0002_next.py").unlink()
