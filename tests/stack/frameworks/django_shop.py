"""A stack with Django."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tests.stack.frameworks.migrating import Migrating

MANAGE = """\
import sys

import pymysql
from django.conf import settings
from django.core.management import execute_from_command_line

pymysql.install_as_MySQLdb()
settings.configure(
    SECRET_KEY="unset",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "shop"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.mysql",
            "HOST": "db",
            "NAME": "shop",
            "USER": "shop",
            "PASSWORD": "a-word-of-shop",
        }
    },
)
execute_from_command_line(sys.argv)
"""
FIRST = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Article",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
            options={"db_table": "articles"},
        ),
    ]
"""


@dataclass(frozen=True)
class Django(Migrating):
    """`manage.py` has its own settings; the application `shop` has the migrations."""

    framework: ClassVar[str] = "django"
    program: ClassVar[tuple[str, ...]] = ("python3", "manage.py")
    requirements: ClassVar[tuple[str, ...]] = ("django>=4.2,<5", "pymysql>=1.1")
    first: ClassVar[str] = "shop.0001_first"

    def files(self, release: str) -> dict[str, str]:
        return super().files(release) | {
            "srv/manage.py": MANAGE,
            "srv/shop/__init__.py": "",
            "srv/shop/migrations/__init__.py": "",
            "srv/shop/migrations/0001_first.py": FIRST,
        }

    def add(self, *statements: str, down: str) -> str:
        (self.folder / "srv/shop/migrations/0002_next.py").write_text(
            "from django.db import migrations\n\n\n"
            "class Migration(migrations.Migration):\n"
            '    dependencies = [("shop", "0001_first")]\n'
            f"    operations = [migrations.RunSQL({list(statements)!r}, {down!r})]\n"
        )
        return "shop.0002_next"

    def remove(self) -> None:
        (self.folder / "srv/shop/migrations/0002_next.py").unlink()
