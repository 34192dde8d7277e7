"""JSON Schemas of playbooks, of `cosmicdeploy.yaml` and of a framework's file, for editors."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from cosmicdeploy.migrations.frameworks.definition import Definition
from cosmicdeploy.settings import Settings
from cosmicdeploy.steps.kinds import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# The value of a setting may be a variable such as ${PORT}, which is text for an editor.
VARIABLE = {"type": "string", "pattern": r"\$\{?\w"}


def playbook_schema() -> str:
    """Return the schema of playbooks, as published in playbooks/playbook.schema.json."""
    _, schemas = models_json_schema([(step, "validation") for step in KINDS.values()])
    definitions = schemas["$defs"]
    for kind, step in KINDS.items():
        _require_kind(definitions[step.__name__], kind)
    steps = [{"$ref": f"#/$defs/{step.__name__}"} for step in KINDS.values()]
    return _as_text(
        {
            "$schema": DIALECT,
            "title": "A playbook of cosmicdeploy",
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "description": {"type": "string"},
                "steps": {"type": "array", "minItems": 1, "items": {"oneOf": steps}},
            },
            "required": ["steps"],
            "additionalProperties": False,
            "$defs": definitions,
        }
    )


def settings_schema() -> str:
    """Return the schema of the settings, as published in docs/cosmicdeploy.schema.json."""
    schema = _with_variables(Settings.model_json_schema())
    return _as_text({"$schema": DIALECT, **schema, "title": "cosmicdeploy.yaml"})


def framework_schema() -> str:
    """Return the schema of a framework's file, as published beside the shipped files."""
    schema = Definition.model_json_schema()
    return _as_text({"$schema": DIALECT, **schema, "title": "A framework of migrations"})


def _require_kind(definition: dict[str, Any], kind: str) -> None:
    """Make the key `kind` required in a step's definition, but not `name`, which defaults to it."""
    required = [key for key in definition.get("required", ()) if key != "name"]
    definition["properties"] = {"kind": {"const": kind}, **definition["properties"]}
    definition["required"] = ["kind", *required]


def _with_variables(schema: Any) -> Any:
    """Return a copy of the schema that allows a variable in place of a number or a boolean."""
    if isinstance(schema, list):
        return [_with_variables(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in ("integer", "number", "boolean"):
        notes = {key: value for key, value in schema.items() if key in ("default", "description")}
        bare = {key: value for key, value in schema.items() if key not in notes}
        return {"anyOf": [bare, VARIABLE], **notes}
    return {key: _with_variables(value) for key, value in schema.items()}


def _as_text(schema: dict[str, Any]) -> str:
    return json.dumps(_untitled(schema, top=True), indent=2) + "\n"


def _untitled(schema: Any, *, top: bool = False) -> Any:
    """Return the schema without Pydantic's titles, which only repeat the keys.

    The title of the `top` level stays.
    """
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if top or not _is_title(key, value)}
    return {key: _untitled(value) for key, value in kept.items()}


def _is_title(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)
