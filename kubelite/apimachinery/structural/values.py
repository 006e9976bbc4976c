"""Whether values are what a schema asks of them, in the words and the order of Kubernetes' validator.

A schema is compiled once into functions. Each is given the value, what stood there before (for ratcheting:
an update is not refused for what it leaves as it was), and the path; it adds errors to a list and returns
how much fitted, by which `anyOf` and `oneOf` choose whose errors they tell.

Source: k8s.io/kube-openapi/pkg/validation/validate; k8s.io/apiextensions-apiserver/pkg/apiserver/validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson

from kubelite.apimachinery import field
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.regexp import PatternError, compile_pattern
from kubelite.apimachinery.structural import formats

NOTHING: Final = object()
"""In place of a former value: there is none that this one could be compared with."""

NO_PATH: Final = "<nil>"
"""How Go shows the path of an error that has none."""

_IN: Final = "in body"


Found: TypeAlias = list[FieldError]
Check: TypeAlias = Callable[[Any, Any, str, Found], int]
"""(value, former value or `NOTHING`, path, where errors go) -> how many checks there were."""


class Validator:
    """A compiled schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._check = _compile(schema)

    def validate(self, value: Any, old: Any = NOTHING, *, path: str = "") -> list[FieldError]:
        """The errors of a value.

        Args:
            value: A JSON tree.
            old: What it replaces, if anything; errors in parts that are the same are let pass.
            path: Where the value stands. It is put before the fields of the errors, but not into their texts.
        """
        found: Found = []
        self._check(value, old, "", found)
        if not found:
            return found
        unique = {(error.field, error.type, error.message): error for error in found}
        return [_located(error, path) for error in unique.values()]


def _located(error: FieldError, base: str) -> FieldError:
    inside = error.field.removeprefix(".")
    where = f"{base}.{inside}" if base and inside else base or inside or NO_PATH
    return FieldError(error.type, where, error.bad_value, error.detail)


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON trees are the same; unlike in Python, true is not 1."""
    return one is other or orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        other, option=orjson.OPT_SORT_KEYS
    )


def _compile(schema: Mapping[str, Any]) -> Check:
    """The check of one node: every rule that concerns a value of the type it meets is asked."""
    type_, junctors, enum = _type(schema), _junctors(schema), _enum(schema)
    string, format_, number = _string(schema), _format(schema), _number(schema)
    array, object_ = _array(schema), _object(schema)
    text = _Rules([(type_, -1), (junctors, 1), (string, 0), (format_, -1), (enum, 0)])
    numeric = _Rules([(type_, -1), (junctors, 1), (number, 1), (enum, 0)])
    of_type = {
        type(None): _Rules([(type_, -1), (enum, -1)]),
        str: text,
        int: numeric,
        float: numeric,
        bool: _Rules([(type_, -1), (junctors, 1), (enum, 0)]),
        list: _Rules([(type_, -1), (junctors, 1), (array, 1), (enum, 0)]),
        dict: _Rules([(type_, -1), (junctors, 1), (enum, 0), (object_, 0)]),
    }

    def check(value: Any, old: Any, path: str, found: Found) -> int:
        before = len(found)
        rules = of_type[type(value)]
        count = rules.count
        for each in rules.checks:
            count += each(value, old, path, found)
        if len(found) > before and old is not NOTHING and equal(value, old):
            del found[before:]
        return count

    return check


class _Rules:
    """What is asked of values of one type.

    Args:
        rules: Checks that the schema makes use of (None for others), each with what one that it makes no
            use of counts; -1 for none at all.
    """

    __slots__ = ("checks", "count")

    def __init__(self, rules: Sequence[tuple[Check | None, int]]) -> None:
        self.checks = [check for check, _ in rules if check is not None]
        self.count = 1 + len(self.checks) + sum(1 + idle for check, idle in rules if check is None)


# --- types --------------------------------------------------------------------------------------------------


def _type_of(value: Any) -> tuple[str, str]:
    """The word for a value's type, and for the format that goes with it."""
    match value:
        case None:
            return "null", ""
        case bool():
            return "boolean", ""
        case str():
            return "string", ""
        case int():
            return "integer", "int64"
        case float():
            return "number", "double"
        case list():
            return "array", ""
        case _:
            return "object", ""


def _type(schema: Mapping[str, Any]) -> Check | None:
    types: tuple[str, ...] = (schema["type"],) if schema.get("type") else ()
    if schema.get("x-kubernetes-int-or-string"):
        types = ("integer", "string")
    nullable = bool(schema.get("nullable"))
    name = schema.get("format") or ""
    if formats.checker(name) is None:
        name = ""
    if not types and not name:
        return None
    wanted = ",".join(types)
    numeric = "number" in types or "integer" in types

    def check(value: Any, old: Any, path: str, found: Found) -> int:
        actual, actual_format = _type_of(value)
        if value is None:
            if types and "null" not in types and not nullable:
                found.append(_wrong_type(path, wanted, "null"))
            return 1
        is_text = actual in {"string", "array"}
        fits = actual in types or (actual == "integer" and "number" in types)
        fits = fits or (actual == "number" and "integer" in types and value.is_integer())
        if name and not is_text and not fits:
            found.append(_wrong_type(path, name, actual_format))
        elif not (name and is_text and not numeric) and not fits:
            found.append(_wrong_type(path, wanted, actual))
        else:
            return 1
        return 0

    return check


def _wrong_type(path: str, wanted: str, actual: str) -> FieldError:
    shown = field.format_value(actual)
    return FieldError.type_invalid(path, actual, f"{path} {_IN} must be of type {wanted}: {shown}")


def _enum(schema: Mapping[str, Any]) -> Check | None:
    choices: Sequence[Any] = schema.get("enum") or ()
    if not choices:
        return None
    listed = [each if isinstance(each, str) else orjson.dumps(each).decode() for each in choices]
    shown = ", ".join(field.format_value(each) for each in listed)

    def check(value: Any, old: Any, path: str, found: Found) -> int:
        if value is None or not any(_is_same(value, each) for each in choices):
            found.append(FieldError(field.NOT_SUPPORTED, path, value, f"supported values: {shown}"))
        return 0

    return check


def _is_same(value: Any, choice: Any) -> bool:
    numbers = isinstance(value, int | float) and isinstance(choice, int | float)
    if isinstance(value, bool) != isinstance(choice, bool) or (
        type(value) is not type(choice) and not numbers
    ):
        return False
    return bool(value == choice)


# --- texts and numbers --------------------------------------------------------------------------------------


def _string(schema: Mapping[str, Any]) -> Check | None:
    longest, shortest, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern") or ""
    if longest is None and shortest is None and not pattern:
        return None
    refusal = f"should match '{pattern}'"
    try:
        compiled = compile_pattern(pattern) if pattern else None
    except PatternError as error:
        compiled = compile_pattern(r"[^\s\S]")
        refusal = f"should match '{pattern}, but pattern is invalid: {error}'"

    def check(value: Any, old: Any, path: str, found: Found) -> int:
        if longest is not None and len(value) > longest:
            found.append(FieldError.too_long(path, value, longest))
        elif shortest is not None and len(value) < shortest:
            detail = f"{path} {_IN} should be at least {shortest} chars long"
            found.append(FieldError.invalid(path, value, detail))
        elif compiled is not None and not compiled.search(value):
            found.append(FieldError.invalid(path, value, f"{path} {_IN} {refusal}"))
        return 0

    return check


def _format(schema: Mapping[str, Any]) -> Check | None:
    name = schema.get("format") or ""
    fits = formats.checker(name)
    if fits is None:
        return None

    def check(value: Any, old: Any, path: str, found: Found) -> int:
        if not fits(value):
            found.append(_wrong_type(path, name, value))
        return 0

    return check


def go_number(value: float) -> str:
    """A number as Go prints it with %v."""
    return str(value) if isinstance(value, int) else field.format_float(value)


def _number(schema: Mapping[str, Any]) -> Check | None:
    most, least, factor = schema.get("maximum"), schema.get("minimum"), schema.get("multipleOf")
    below, above = bool(schema.get("exclusiveMaximum")), bool(schema.get("exclusiveMinimum"))
    if most is None and least is None and factor is None:
        return None

    def bound(value: float, limit: float) -> float:
        """The limit in the type of the value: what is whole is compared as such."""
        return int(limit) if isinstance(value, int) else float(limit)

    def check(value: Any, old: Any, path: str, found: Found) -> int:
        if factor is not None and not _is_multiple(value, unit := bound(value, factor)):
            found.append(
                FieldError.invalid(path, value, f"{path} {_IN} should be a multiple of {go_number(unit)}")
            )
        if most is not None and (value > (limit := bound(value, most)) or (below and value == limit)):
            words = "less than" if below else "less than or equal to"
            found.append(
                FieldError.invalid(path, value, f"{path} {_IN} should be {words} {go_number(limit)}")
            )
        if least is not None and (value < (limit := bound(value, least)) or (above and value == limit)):
            words = "greater than" if above else "greater than or equal to"
            found.append(
                FieldError.invalid(path, value, f"{path} {_IN} should be {words} {go_number(limit)}")
            )
        return 1

    return check


def _is_multiple(value: float, factor: float) -> bool:
    if not factor:
        return True
    if isinstance(value, int):
        return value % int(factor) == 0
    quotient = value / factor
    return abs(quotient - round(quotient)) < 1e-9


# --- lists and objects --------------------------------------------------------------------------------------


def _array(schema: Mapping[str, Any]) -> Check | None:
    items = schema.get("items")
    each = _compile(items) if isinstance(items, Mapping) else None
    most, least = schema.get("maxItems"), schema.get("minItems")
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
    is_map = schema.get("x-kubernetes-list-type") == "map"
    unique = bool(schema.get("uniqueItems"))

    def check(value: Any, old: Any, path: str, found: Found) -> int:
        count = 1
        if each is not None:
            former = _by_keys(old, keys) if is_map and isinstance(old, list) else {}
            for index, item in enumerate(value):
                before = former.get(_key_of(item, keys), NOTHING) if former else NOTHING
                count += each(item, before, f"{path}[{index}]", found)
        if least is not None and len(value) < least:
            detail = f"{path} {_IN} should have at least {least} items"
            found.append(FieldError.invalid(path, len(value), detail))
        if most is not None and len(value) > most:
            found.append(FieldError.too_many(path, len(value), most))
        if unique and len({orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in value}) < len(value):
            found.append(FieldError.invalid(path, "", f"{path} {_IN} shouldn't contain duplicates"))
        return count

    return check


def _key_of(item: Any, keys: Sequence[str]) -> bytes:
    return orjson.dumps([item.get(key) for key in keys] if isinstance(item, dict) else None)


def _by_keys(items: Sequence[Any], keys: Sequence[str]) -> dict[bytes, Any]:
    return {_key_of(item, keys): item for item in items}


def _object(schema: Mapping[str, Any]) -> Check | None:
    properties = {name: _compile(each) for name, each in sorted((schema.get("properties") or {}).items())}
    required: Sequence[str] = schema.get("required") or ()
    most, least = schema.get("maxProperties"), schema.get("minProperties")
    additional = schema.get("additionalProperties")
    other = _compile(additional) if isinstance(additional, Mapping) else None
    closed = additional is False
    if not (properties or required or other or closed or most is not None or least is not None):
        return None

    def check(value: Any, old: Any, path: str, found: Found) -> int:
        if least is not None and len(value) < least:
            detail = f"{path} {_IN} should have at least {least} properties"
            found.append(FieldError.invalid(path, len(value), detail))
            return 0
        if most is not None and len(value) > most:
            found.append(FieldError.too_many(path, len(value), most))
            return 0
        count = 0
        former = old if isinstance(old, dict) else {}
        if closed or other is not None:
            for name in sorted(value.keys() - properties.keys()):
                if closed:
                    detail = f"{path}.{name} {_IN} is a forbidden property"
                    found.append(FieldError.invalid(path, name, detail))
                elif other is not None:
                    count += other(value[name], former.get(name, NOTHING), f"{path}.{name}", found)
        for name, each in properties.items():
            if name in value:
                where = f"{path}.{name}" if path else name
                count += each(value[name], former.get(name, NOTHING), where, found)
        found += [FieldError.required(f"{path}.{name}") for name in required if name not in value]
        return count

    return check


# --- junctors -----------------------------------------------------------------------------------------------


def _junctors(schema: Mapping[str, Any]) -> Check | None:
    any_of = [_compile(each) for each in schema.get("anyOf") or ()]
    one_of = [_compile(each) for each in schema.get("oneOf") or ()]
    all_of = [_compile(each) for each in schema.get("allOf") or ()]
    negation = schema.get("not")
    never = _compile(negation) if isinstance(negation, Mapping) else None
    if not (any_of or one_of or all_of or never):
        return None

    def check(value: Any, old: Any, path: str, found: Found) -> int:
        count = 1
        if any_of:
            valid, best, matched = _alternatives(any_of, value, old, path, enough=1)
            count += matched
            if not valid:
                found.append(_composite(f"{_quoted(path)} must validate at least one schema (anyOf)"))
                found += best
        if one_of:
            valid, best, matched = _alternatives(one_of, value, old, path)
            count += matched
            if valid != 1:
                why = "Found none valid" if not valid else f"Found {valid} valid alternatives"
                text = f"{_quoted(path)} must validate one and only one schema (oneOf). {why}"
                found.append(_composite(text))
                found += best
        if all_of:
            fitting = 0
            for each in all_of:
                errors: Found = []
                count += each(value, old, path, errors)
                fitting += not errors
                found += errors
            if fitting != len(all_of):
                why = "" if fitting else ". None validated"
                found.append(_composite(f"{_quoted(path)} must validate all the schemas (allOf){why}"))
        if never is not None:
            errors = []
            never(value, old, path, errors)
            if not errors:
                found.append(_composite(f"{_quoted(path)} must not validate the schema (not)"))
        return count

    return check


def _alternatives(
    checks: Sequence[Check], value: Any, old: Any, path: str, *, enough: int | None = None
) -> tuple[int, Found, int]:
    """How many fit; of those that do not, the errors of the one that came closest; how much fitted."""
    valid, best_count, first_count = 0, -1, 0
    best: Found = []
    for each in checks:
        errors: Found = []
        count = each(value, old, path, errors)
        if not errors:
            first_count = first_count or count
            valid += 1
            best, best_count = [], -1
            if valid == enough:
                break
        elif not valid and count > best_count:
            best, best_count = errors, count
    return valid, best, max(first_count, best_count, 0)


def _quoted(path: str) -> str:
    return field.format_value(path)


def _composite(text: str) -> FieldError:
    """An error of a junctor, which Kubernetes tells without a place."""
    return FieldError.invalid("", "", text)
