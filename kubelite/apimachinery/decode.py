"""A JSON tree against the facts of its type: unknown fields are told and pruned, wrong types refused.

One pass; a function is made per type when it is first met. The words are those of Go's decoder, which
clients show.
Source: sigs.k8s.io/json and encoding/json (UnmarshalTypeError).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from sys import intern
from typing import Any, Final, Literal

import orjson

from kubelite.apimachinery import quantity, timestamps
from kubelite.apimachinery.depth import TOO_DEEP
from kubelite.apimachinery.schema import SchemaField, SchemaType
from kubelite.apimachinery.scheme import Object

_INTEGERS: Final = {
    **{name: range(-(1 << bits), 1 << bits) for name, bits in (("int32", 31), ("int64", 63), ("int", 63))},
    **{name: range(1 << bits) for name, bits in (("uint32", 32), ("uint64", 64))},
}
"""Go's whole numbers, and which they are."""
SHARED: Final = frozenset(
    {
        *(("ObjectMeta", key) for key in ("annotations", "finalizers", "labels", "ownerReferences")),
        ("PodStatus", "hostIPs"),
        ("ContainerStatus", "lastState"),
    }
)
"""Fields which many objects have alike, as (type, name), besides the specs of objects and templates."""
SHARED_MAX: Final = 256
"""How many different values of one such field are remembered."""
SHARED_BYTES_MAX: Final = 16 * 1024
"""Larger ones are hardly shared, and would take much memory."""
INTERNED_LENGTH_MAX: Final = 128
"""Texts up to this length are shared: phases, times, addresses, images stand in many places."""
_ZEROS: Final = {"string": "", "bool": False, "float64": 0, "Quantity": "0", "[]byte": ""}
ABSENT: Final = object()

Report = Callable[[str], None]
Check = Callable[[Any, str, str, Report], Any]
"""(value, Go's path of fields, the path for people, where unknown fields go) -> the value to keep."""


FieldValidation = Literal["", "Ignore", "Warn", "Strict"]
"""What to do about fields that are unknown or stand twice; empty trusts the object.

Source: KEP-2885 (server-side unknown field validation).
"""


FIELD_PROBLEMS_MAX: Final = 100
"""As many are told as sigs.k8s.io/json collects."""


class FieldProblems(ValueError):  # noqa: N818 - what was found, not what went wrong
    """Unknown or duplicate fields that strict validation does not take; the text names them."""


def judged(unknown: Sequence[str], duplicates: Sequence[str], validation: FieldValidation) -> tuple[str, ...]:
    """The warnings about fields that a decoder left out.

    Args:
        unknown: The paths of unknown fields.
        duplicates: Texts about keys that stand twice.
        validation: What to do about them.

    Raises:
        FieldProblems: There are some, and validation is strict.
    """
    if not validation or not (unknown or duplicates):
        return ()
    problems = tuple(
        islice(chain((f'unknown field "{path}"' for path in unknown), duplicates), FIELD_PROBLEMS_MAX)
    )
    if validation == "Strict":
        raise FieldProblems("strict decoding error: " + ", ".join(problems))
    return problems if validation == "Warn" else ()


class DecodeError(ValueError):
    """A value has another type than its field; the text is Go's."""


def decode(obj: Mapping[str, Any], schema: SchemaType) -> tuple[Object, list[str]]:
    """The object without unknown fields and nulls, and the paths of the unknown fields.

    Raises:
        DecodeError: A value has another type than its field, or the object is nested too deeply.
    """
    unknown: list[str] = []
    try:
        made = _checker(schema)(obj, "", "", unknown.append)
    except RecursionError as error:
        raise DecodeError(TOO_DEEP) from error
    return made, unknown


_checkers: dict[int, tuple[SchemaType, Check]] = {}


def _checker(schema: SchemaType) -> Check:
    found = _checkers.get(id(schema))
    if found is None:
        found = _checkers[id(schema)] = (schema, _struct(schema))
    return found[1]


def _struct(schema: SchemaType) -> Check:
    checks: dict[str, tuple[str, Check]] = {}
    fields, owner = schema.fields, schema.name

    def check(value: Any, go_path: str, path: str, report: Report) -> Any:
        if not isinstance(value, dict):
            raise DecodeError(_mismatch(value, go_path, f"v1.{owner}"))
        made = {}
        for key, inner in value.items():
            known = checks.get(key)
            if known is None:
                field = fields.get(key)
                if field is None:
                    report(f"{path}.{key}" if path else key)
                    continue
                one = _field(field, owner)
                if (key == "spec" and "metadata" in fields) or (owner, key) in SHARED:
                    one = _shared(one)
                known = checks[key] = intern(key), one
            if inner is None:
                continue
            name, one = known  # the same text each time, however often it was parsed
            made[name] = one(
                inner, f"{go_path}.{key}" if go_path else key, f"{path}.{key}" if path else key, report
            )
        return made

    return check


def _shared(check: Check) -> Check:
    """The same check, of which equal values get one and the same tree.

    Pods of one template come with equal specs: what is shared takes memory once, and whatever is found out
    about the tree (its defaults, its errors, its fields) is found out once, see `kubelite.api.identity`.
    """
    known: dict[tuple[str, bytes], tuple[Any, tuple[str, ...]]] = {}

    def shared(value: Any, go_path: str, path: str, report: Report) -> Any:
        try:
            text = orjson.dumps(value)
        except TypeError:
            return check(value, go_path, path, report)
        if len(text) > SHARED_BYTES_MAX:
            return check(value, go_path, path, report)
        found = known.pop((path, text), None)
        if found is None:
            unknown: list[str] = []
            found = check(value, go_path, path, unknown.append), tuple(unknown)
            text = bytes(memoryview(text))  # of its exact size: orjson takes much more
            if len(known) >= SHARED_MAX:
                del known[next(iter(known))]
        known[path, text] = found  # the one that was used last is the last to go
        for each in found[1]:
            report(each)
        return found[0]

    return shared


def _field(field: SchemaField, owner: str) -> Check:
    item = _item(field, owner)
    match field.shape:
        case "list":
            return _list(item, owner, field)
        case "map":
            return _map(item, owner, field)
        case _:
            return item


def _item(field: SchemaField, owner: str) -> Check:
    inner = field.struct
    if inner is None:
        return _scalar(field.type, owner)

    def check(value: Any, go_path: str, path: str, report: Report) -> Any:
        if not isinstance(value, dict):
            raise DecodeError(_mismatch(value, f"{owner}.{go_path}", f"v1.{inner.name}", prefixed=True))
        return _checker(inner)(value, go_path, path, report)

    return check


def _zero(field: SchemaField) -> Any:
    """What a null in a list or a map is for Go: the zero value of the element's type."""
    if field.struct is not None:
        return {}
    if field.type in _INTEGERS:
        return 0
    return _ZEROS.get(field.type)


def _list(item: Check, owner: str, field: SchemaField) -> Check:
    what = f"v1.{field.struct.name}" if field.struct is not None else field.type
    zero = _zero(field)

    def check(value: Any, go_path: str, path: str, report: Report) -> Any:
        if not isinstance(value, list):
            raise DecodeError(_mismatch(value, f"{owner}.{go_path}", f"[]{what}", prefixed=True))
        return [
            item(zero if each is None else each, go_path, f"{path}[{index}]", report)
            for index, each in enumerate(value)
        ]

    return check


def _map(item: Check, owner: str, field: SchemaField) -> Check:
    what = f"v1.{field.struct.name}" if field.struct is not None else field.type
    zero = _zero(field)

    def check(value: Any, go_path: str, path: str, report: Report) -> Any:
        if not isinstance(value, dict):
            raise DecodeError(_mismatch(value, f"{owner}.{go_path}", f"map[string]{what}", prefixed=True))
        return {
            key: item(zero if each is None else each, go_path, f"{path}.{key}", report)
            for key, each in value.items()
        }

    return check


def _scalar(type_: str, owner: str) -> Check:
    numbers = _INTEGERS.get(type_)

    def string(value: Any, go_path: str, path: str, report: Report) -> Any:
        if not isinstance(value, str):
            raise DecodeError(_mismatch(value, f"{owner}.{go_path}", "string", prefixed=True))
        return intern(value) if len(value) <= INTERNED_LENGTH_MAX else value

    def integer(value: Any, go_path: str, path: str, report: Report) -> Any:
        assert numbers is not None
        if isinstance(value, bool) or not isinstance(value, int) or value not in numbers:
            raise DecodeError(_mismatch(value, f"{owner}.{go_path}", type_, prefixed=True, exact=True))
        return value

    def number(value: Any, go_path: str, path: str, report: Report) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DecodeError(_mismatch(value, f"{owner}.{go_path}", type_, prefixed=True))
        return value

    def boolean(value: Any, go_path: str, path: str, report: Report) -> Any:
        if not isinstance(value, bool):
            raise DecodeError(_mismatch(value, f"{owner}.{go_path}", "bool", prefixed=True))
        return value

    def free(value: Any, go_path: str, path: str, report: Report) -> Any:
        return value

    if numbers is not None:
        return integer
    special: dict[str, Check] = {
        "string": string,
        "bool": boolean,
        "float64": number,
        "[]byte": _bytes,
        "Time": _time("2006-01-02T15:04:05Z07:00"),
        "MicroTime": _time("2006-01-02T15:04:05.000000Z07:00"),
        "Quantity": _quantity,
        "IntOrString": _int_or_string(owner),
    }
    return special.get(type_, free)


def _bytes(value: Any, go_path: str, path: str, report: Report) -> Any:
    if not isinstance(value, str):
        raise DecodeError(_mismatch(value, go_path, "[]uint8"))
    try:
        base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
        at = next((index for index, char in enumerate(value) if char not in alphabet), len(value) // 4 * 4)
        raise DecodeError(f"illegal base64 data at input byte {at}") from error
    return value


def _time(layout: str) -> Check:
    def check(value: Any, go_path: str, path: str, report: Report) -> Any:
        if not isinstance(value, str):
            raise DecodeError(_mismatch(value, go_path, "string"))
        try:
            timestamps.parse_time(value)
        except ValueError as error:
            raise DecodeError(str(error).replace(timestamps.LAYOUT, layout)) from error
        return intern(value)

    return check


def _quantity(value: Any, go_path: str, path: str, report: Report) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise DecodeError(_mismatch(value, go_path, "string"))
    try:
        quantity.parse(value)
    except ValueError as error:
        raise DecodeError(str(error)) from error
    return value if isinstance(value, str) else repr(value)


def _int_or_string(owner: str) -> Check:
    def check(value: Any, go_path: str, path: str, report: Report) -> Any:
        is_fit = isinstance(value, str) or (isinstance(value, int) and value in _INTEGERS["int32"])
        if not is_fit or isinstance(value, bool):
            raise DecodeError(_mismatch(value, f"{owner}.{go_path}", "int32", prefixed=True, exact=True))
        return value

    return check


def _mismatch(value: Any, field: str, type_: str, *, prefixed: bool = False, exact: bool = False) -> str:
    """Go's words for a value of the wrong type."""
    match value:
        case bool():
            found = "bool"
        case int() | float():
            found = f"number {value}" if exact else "number"
        case str():
            found = "string"
        case list():
            found = "array"
        case _:
            found = "object"
    where = f"Go struct field {field}" if prefixed or field else "Go value"
    return f"json: cannot unmarshal {found} into {where} of type {type_}"
