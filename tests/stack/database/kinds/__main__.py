"""Write the table of kinds and servers into docs/backups.md.

python -m tests.stack.database.kinds
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.stack.database.kinds.kind import table

DOCS = Path(__file__).parents[4] / "docs" / "backups.md"
TABLE = re.compile(r"^\| kind \|.*?\n(?!\|)", re.DOTALL | re.MULTILINE)

if __name__ == "__main__":
    text = DOCS.read_text(encoding="utf-8")
    DOCS.write_text(TABLE.sub(lambda _: table(), text, count=1), encoding="utf-8")
