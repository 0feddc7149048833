"""A validator's findings in words that a person can act on: key, value (never a secret's), cure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from monitor.app.redaction import looks_secret
from monitor.domain.errors import ConfigError

HIDDEN = "***"
TAGS = ("kind", "venue")  #: keys that say which of several tables one is
_IN_ADDRESS = re.compile(r"//[^/\s]*@")  #: a user and a password
_PRIVATE_KEY = re.compile(r"[0-9a-fA-F]{64}")  #: pasted where an address belongs
_NO_ADDRESS = re.compile(r"\s")  #: of several words
_NAMES = (
    "a name holds lower-case letters a to z, digits, hyphens, and single underscores between them; "
    "it begins with a letter or a digit"
)

_CURES = {
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def translate(error: ValidationError, model: type[BaseModel], origin: Mapping[str, str]) -> tuple[ConfigError, ...]:
    """One `ConfigError` a finding; `origin` says which environment name or file set a key."""
    return tuple(_one(finding, model, origin) for finding in error.errors(include_url=False))


def _one(finding: Any, model: type[BaseModel], origin: Mapping[str, str]) -> ConfigError:
    told = tuple(str(part) for part in finding["loc"] if part != "[key]")
    path = _without_kinds(told, model)
    key = _dotted(path)
    kind, context = finding["type"], finding.get("ctx", {})
    if kind == "extra_forbidden":
        value: Any = _shown(finding["input"])
        cure = "no such key" + _suggestion(told, model)
    elif kind == "missing":
        value, cure = None, "is needed"
    elif kind == "value_error":
        value, cure = finding["input"], str(context["error"])
    elif kind in ("union_tag_not_found", "union_tag_invalid"):
        key, value = f"{key}.{_tag(_annotation_at(told, model))}", context.get("tag")
        cure = f"{'must be' if value else 'is needed,'} one of: {_kinds(told, model)}"
    elif kind == "too_short" and context.get("min_length", 1) > 1:
        value, cure = finding["input"], f"must hold {context['min_length']} or more"
    elif kind == "string_pattern_mismatch":
        value, cure = finding["input"], _NAMES  # names are all that has a pattern
    else:
        value, cure = finding["input"], _CURES.get(kind, finding["msg"]).format_map(_Plain(context))
    # An unknown name may have been meant for a secret: its value is shown only if nothing speaks for that.
    unknown = kind == "extra_forbidden" and (key in origin or looks_secret(path[-1]))
    # What stands where an address belongs and is nothing like one may be the words that a wallet is restored with.
    wrong = path[-1] == "address" and isinstance(value, str) and _NO_ADDRESS.search(value.strip()) is not None
    if unknown or wrong or is_secret(told, model) or isinstance(value, SecretStr):
        value = HIDDEN
    described = field_description(told, model)
    if described and kind not in ("extra_forbidden", "value_error"):
        cure += f" ({described})"
    return ConfigError(key, _shown(value), cure + _from(key, origin))


def _shown(value: Any) -> Any:
    """A value fit for an error message: whole tables are named, not printed, because secrets may stand in them."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    if not isinstance(value, str):
        return value
    return _PRIVATE_KEY.sub(HIDDEN, _IN_ADDRESS.sub(f"//{HIDDEN}@", value))


def _without_kinds(path: tuple[str, ...], model: type[BaseModel]) -> tuple[str, ...]:
    """A finding's path as the user writes it: the library puts the kind of a table of several kinds into it."""
    return tuple(part for place, part in enumerate(path) if not _of_kind(_annotation_at(path[:place], model), part))


def _kinds(path: tuple[str, ...], model: type[BaseModel]) -> str:
    return ", ".join(str(kind) for each in get_args(_annotation_at(path, model)) for kind in get_args(_kind_of(each)))


def _tag(union: Any) -> str:
    """The key that tells the tables of a union apart."""
    return next((tag for each in get_args(union) for tag in TAGS if tag in getattr(each, "model_fields", {})), TAGS[0])


def _kind_of(model: Any) -> Any:
    fields = model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}
    return next((fields[tag].annotation for tag in TAGS if tag in fields), None)


def _of_kind(annotation: Any, kind: str) -> type[BaseModel] | None:
    """Of a union of tables the one of this kind."""
    for each in get_args(annotation):
        if kind in get_args(_kind_of(each)):
            found: type[BaseModel] = each
            return found
    return None


class _Plain(dict[str, Any]):
    """Context values for a cure; a missing one leaves its name."""

    def __missing__(self, key: str) -> str:
        return key


def _dotted(path: Iterable[str]) -> str:
    """`alerts.rules[0].level` as one writes it."""
    text = ""
    for part in path:
        text += f"[{part}]" if part.isdigit() else f".{part}" if text else part
    return text


def _from(key: str, origin: Mapping[str, str]) -> str:
    for name, words in origin.items():
        if name == key or name.startswith(key + "."):
            return f" [set by {words}]"
    return ""


def _suggestion(path: tuple[str, ...], model: type[BaseModel]) -> str:
    parent = _model_at(path[:-1], model)
    known = list(parent.model_fields) if parent is not None else []
    if kinds := _kinds_with(path, model):
        return f"; only {_and(kinds)} {'has' if len(kinds) == 1 else 'have'} it"
    near = difflib.get_close_matches(path[-1], known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    venues = _bare(model.model_fields["venues"].annotation).model_fields if "venues" in model.model_fields else {}
    there = [f"venues.{name}.{path[-1]}" for name, field in venues.items() if path[-1] in _fields(field.annotation)]
    if there:
        return f"; did you mean {' or '.join(there)}?"
    return f"; known here: {', '.join(known)}" if known else ""


def _and(words: Sequence[str]) -> str:
    """The words as one says them: a, b and c."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _kinds_with(path: tuple[str, ...], model: type[BaseModel]) -> list[str]:
    """Of a table of several kinds, those that have the key which this one lacks."""
    union = _annotation_at(path[:-2], model)
    return [str(kind) for each in get_args(union) if path[-1] in _fields(each) for kind in get_args(_kind_of(each))]


def _fields(annotation: Any) -> Mapping[str, Any]:
    found = _bare(annotation)
    return found.model_fields if isinstance(found, type) and issubclass(found, BaseModel) else {}


def _model_at(path: Iterable[str], model: type[BaseModel]) -> type[BaseModel] | None:
    """The model that holds the keys under this path, walking through tables of tables and lists."""
    current = _annotation_at(path, model)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _annotation_at(path: Iterable[str], model: type[BaseModel]) -> Any:
    current: Any = model
    for part in path:
        chosen = _of_kind(current, part)
        if chosen is not None:
            current = chosen
        elif isinstance(current, type) and issubclass(current, BaseModel):
            found = current.model_fields.get(part)
            if found is None:
                return None
            current = found.annotation
        else:
            arguments = [argument for argument in get_args(current) if argument is not Ellipsis]
            current = arguments[-1] if get_origin(current) is not None and arguments else None
        current = _bare(current)
    return current


def _bare(annotation: Any) -> Any:
    """What is annotated, without what is said of it and without None."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return _without_none(annotation)


def _without_none(annotation: Any) -> Any:
    arguments = [argument for argument in get_args(annotation) if argument is not type(None)]
    if type(None) in get_args(annotation) and len(arguments) == 1:
        return arguments[0]
    return annotation


def field_description(path: tuple[str, ...], model: type[BaseModel]) -> str:
    """What a key means, in the words of its model."""
    parent = _model_at(path[:-1], model)
    found = parent.model_fields.get(path[-1]) if parent is not None and path else None
    return (found.description or "") if found is not None else ""


def is_secret(path: tuple[str, ...], model: type[BaseModel]) -> bool:
    """Whether the key at this path, or one that it may have been meant for, holds a secret."""
    parent = _model_at(path[:-1], model)
    if parent is None or not path:
        return False
    found = parent.model_fields.get(path[-1])
    if found is not None:
        return SecretStr in (found.annotation, *get_args(found.annotation))
    # A mistyped key's value may be the secret itself: in a table that has secrets, unknown values are not shown.
    return any(SecretStr in (item.annotation, *get_args(item.annotation)) for item in parent.model_fields.values())
