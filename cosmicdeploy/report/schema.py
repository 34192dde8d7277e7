"""`python -m cosmicdeploy.report.schema`: print the JSON Schema of the report."""

from __future__ import annotations

import json

from cosmicdeploy.report.model import Report


def schema_text() -> str:
    """Return the text of docs/report.schema.json."""
    return (
        json.dumps(Report.model_json_schema(by_alias=True, mode="serialization"), indent=2) + "\n"
    )


if __name__ == "__main__":
    print(schema_text(), end="")
