"""From pydantic's errors to one line that names file, line, key and the nearest known key."""

from __future__ import annotations

from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.yamlfile import Document, nearest

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


def validated(model: type[Model], data: Any, document: Document, at: Location = ()) -> Model:
    """`data`, which stands at `at` in the document, as a model; raises `ConfigError`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _config_error(model, first, document, at) from error


def _config_error(
    model: type[BaseModel], first: Any, document: Document, at: Location
) -> ConfigError:
    keys = (*at, *first["loc"])
    name = ".".join(map(str, first["loc"]))
    where = document.place(*keys)
    if first["type"] == "extra_forbidden":
        return ConfigError(
            f"Unknown key {name!r}",
            where=where,
            todo=nearest(str(keys[-1]), _known(model, first["loc"][:-1])) or "remove it",
        )
    if first["type"] == "missing":
        return ConfigError(f"The key {name!r} is missing", where=where, todo=f"add {keys[-1]}")
    return ConfigError(f"{name}: {first['msg']}", where=where, todo="correct the value")


def _known(model: type[BaseModel], path: Location) -> list[str]:
    """The keys that a model knows at a path below it."""
    keys = iter(path)
    for key in keys:
        field = model.model_fields.get(str(key))
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            return []
        if field and get_origin(field.annotation) is dict:
            next(keys, None)  # a name of one's own
        model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    options = (annotation, *getattr(annotation, "__args__", ()))
    models = (o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return next(models, None)
