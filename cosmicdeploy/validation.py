"""Validate data of a YAML file with pydantic, and explain errors to the author of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.files.yaml_reader import Document
from cosmicdeploy.text.suggest import did_you_mean

Model = TypeVar("Model", bound=BaseModel)


class ConflictingKey(ValueError):
    """Raised by a validator of a model if a key conflicts with another key.

    `key` is the key's path below the validated model, such as "services.database". `problem` says
    what is wrong with the key, and `todo` what to do.
    """

    def __init__(self, key: str, problem: str, todo: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.todo = todo


Location = tuple[int | str, ...]

# What is wrong with a value, and what to do; "" stands for "correct the value".
_LIST = ("must be a list", "write it as [one, two]")
_KEYS = ("must have keys of its own", "write it as `key: value` lines")
_NUMBER = ("must be a number", "write it in digits, such as 0.5 or 10")
_WHOLE = ("must be a whole number", "write it in digits, such as 10")
_YES_OR_NO = ("must be true or false", "")
_EXPLANATIONS: Mapping[str, tuple[str, str]] = {
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _KEYS,
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
    "string_type": ("must be text", "write text; put a number in quotes"),
    "finite_number": ("must be a finite number", "write it in digits, such as 0.5 or 10"),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "literal_error": ("must be {expected}", ""),
    "greater_than": ("must be more than {gt:g}", ""),
    "greater_than_equal": ("must be at least {ge:g}", ""),
    "less_than": ("must be less than {lt:g}", ""),
    "less_than_equal": ("must be at most {le:g}", ""),
    "too_short": ("must have {min_length} or more items", ""),
}


def validated(model: type[Model], data: Any, document: Document, at: Location = ()) -> Model:
    """Validate `data`, which is at the location `at` in the document; return it as a `model`.

    Raises `ConfigError` with file, line and key. If the key is unknown, the error suggests the
    closest known key.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _config_error(model, first, document, at) from error


def _config_error(
    model: type[BaseModel], first: Any, document: Document, at: Location
) -> ConfigError:
    cause = first.get("ctx", {}).get("error")
    conflicting = cause.key.split(".") if isinstance(cause, ConflictingKey) else ()
    keys = (*at, *first["loc"], *conflicting)
    name = ".".join(map(str, first["loc"]))
    where = document.location(*keys)
    if first["type"] == "extra_forbidden":
        return ConfigError(
            f"Unknown key {name!r}",
            where=where,
            todo=did_you_mean(str(keys[-1]), _allowed_keys(model, first["loc"][:-1]))
            or "remove it",
        )
    if first["type"] == "missing":
        return ConfigError(f"The key {name!r} is missing", where=where, todo=f"add {keys[-1]}")
    problem, todo = _explained(first)
    return ConfigError(f"{name}: {problem}" if name else problem, where=where, todo=todo)


def _explained(first: Any) -> tuple[str, str]:
    """Return what is wrong with a value and what to do, in the words of YAML, not of Python."""
    context = first.get("ctx", {})
    problem, todo = _EXPLANATIONS.get(first["type"], (first["msg"], ""))
    if first["type"] == "value_error":  # raised by a validator of this project
        problem = str(context["error"])
        todo = getattr(context["error"], "todo", "")
    elif first["type"] in _EXPLANATIONS:
        problem = problem.format_map(context)
    return problem, context.get("todo") or todo or "correct the value"


def _allowed_keys(model: type[BaseModel], path: Location) -> list[str]:
    """Return the keys that are allowed at a path below a model."""
    keys = iter(path)
    for key in keys:
        field = model.model_fields.get(str(key))
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            return []
        if field and get_origin(field.annotation) is dict:
            next(keys, None)  # this key is a name that the author of the file chose
        model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    options = (annotation, *getattr(annotation, "__args__", ()))
    models = (o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return next(models, None)
