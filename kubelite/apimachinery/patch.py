"""JSON patch and JSON merge patch. Neither touches the object it is given.

Source: RFC 6902 and RFC 7396, as Kubernetes' API server applies them: indices may be negative, `replace` adds
an absent member, `copy` of one gives null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from kubelite.apimachinery.scheme import Object

OPERATIONS_MAX: Final = 10_000
"""Operations of one JSON patch. Source: k8s.io/apiserver/pkg/endpoints/handlers (maxJSONPatchOperations)."""
COPIED_BYTES_MAX: Final = 3 * 1024 * 1024
"""What the copies of one JSON patch may add up to: a few dozen that double the object would fill memory."""
_OPERATION_FIELDS: Final = frozenset({"op", "path", "from", "value"})
_ABSENT: Final = object()


class PatchError(ValueError):
    """The patch cannot be applied to this object; the text says why."""


class PatchSyntaxError(ValueError):
    """The patch itself is wrong."""


class PatchFormatError(PatchSyntaxError):
    """A directive of a strategic merge patch has not the form that it must have."""


class PatchTooLongError(PatchSyntaxError):
    """A JSON patch has too many operations."""


def merge_patch(obj: Any, patch: Any) -> Any:
    """What a merge patch makes of an object: objects merge, null removes, the rest replaces.

    Members that are null are left out of what is new, even inside of its lists.
    Source: evanphx/json-patch (merge.go).
    """
    if not isinstance(obj, Mapping):
        return _without_nulls(patch)
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(obj)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def json_patch(obj: Object, operations: Sequence[Mapping[str, Any]]) -> Object:
    """What a JSON patch makes of an object.

    Raises:
        PatchSyntaxError: It is no list of operations.
        PatchError: An operation cannot be carried out, a failing `test` included.
    """
    if not isinstance(operations, list):
        raise PatchSyntaxError("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(operations) > OPERATIONS_MAX:
        raise PatchTooLongError(
            f"The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {len(operations)}"
        )
    if not all(isinstance(operation, Mapping) for operation in operations):
        raise PatchSyntaxError("json: cannot unmarshal into Go value of type jsonpatch.Operation")
    changed, copied = _own(obj), 0
    for operation in operations:
        if operation.get("op") == "copy":
            copied += _copied_bytes(changed, operation)
            if copied > COPIED_BYTES_MAX:
                raise PatchError(
                    f"Unable to complete the copy, the accumulated size increase of copy is {copied}, "
                    f"exceeding the limit {COPIED_BYTES_MAX}"
                )
        changed = _apply(changed, operation)
    if not isinstance(changed, dict):
        raise PatchError("json: cannot unmarshal into an object")
    return changed


def operation_problems(operations: Sequence[Any]) -> list[str]:
    """What strict decoding says of fields that operations do not have."""
    return [
        f'json patch unknown field "[{index}].{key}"'
        for index, operation in enumerate(operations)
        if isinstance(operation, Mapping)
        for key in operation
        if key not in _OPERATION_FIELDS
    ]


def operation_misfit(operations: Sequence[Any]) -> str:
    """Why strict decoding does not take operations, in the words of Go's decoder; empty if it does."""
    for operation in operations:
        if not isinstance(operation, Mapping):
            if operation is None:
                continue
            return f"json: cannot unmarshal {_go_kind(operation)} into Go value of type handlers.jsonPatchOp"
        for key, value in operation.items():
            if key in _OPERATION_FIELDS - {"value"} and not isinstance(value, str | None):
                where = f"Go struct field jsonPatchOp.{key}"
                return f"json: cannot unmarshal {_go_kind(value)} into {where} of type string"
    return ""


def _go_kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _own(value: Any) -> Any:
    """A copy, deep."""
    return orjson.loads(orjson.dumps(value))


def _apply(obj: Any, operation: Mapping[str, Any]) -> Any:
    """The object, which is changed in place, after one operation."""
    op, path, source = operation.get("op"), operation.get("path"), operation.get("from")
    if not isinstance(op, str) or op not in {"add", "remove", "replace", "move", "copy", "test"}:
        raise PatchError(f"Unexpected kind: {op if isinstance(op, str) else 'unknown'}")
    if not isinstance(path, str):
        raise PatchError(f"{op} operation failed to decode path: missing value")
    if op in {"move", "copy"}:
        return _transfer(obj, op, source, path)
    if op == "test":
        found = _value(obj, path, op) if path else obj
        if not _same(operation.get("value"), None if found is _ABSENT else found):
            raise PatchError(f"testing value {path} failed: test failed")
        return obj
    value = _own(operation.get("value"))
    if op == "replace":
        if not path:
            return value
        op = "add" if _value(obj, path, op) is _ABSENT else op
    elif op == "remove" and _value(obj, path, op) is _ABSENT:
        raise PatchError(
            f"error in remove for path: '{path}': Unable to remove nonexistent key: missing value"
        )
    return _carry_out(obj, {"op": op, "path": _pointer(obj, path, op), "value": value})


def _transfer(obj: Any, op: str, source: Any, path: str) -> Any:
    """Copies, or removes and adds."""
    if not isinstance(source, str):
        raise PatchError(f"{op} operation failed to decode from: missing value")
    found = _value(obj, source, op)
    if op == "move":
        obj = _apply(obj, {"op": "remove", "path": source})
    return _apply(obj, {"op": "add", "path": path, "value": None if found is _ABSENT else found})


def _carry_out(obj: Any, operation: Mapping[str, Any]) -> Any:
    """One plain operation whose path is known to lead somewhere."""
    import jsonpatch  # noqa: PLC0415 - only who patches with it pays for it

    return jsonpatch.JsonPatch([operation]).apply(obj, in_place=True)


def _copied_bytes(obj: Any, operation: Mapping[str, Any]) -> int:
    source = operation.get("from")
    found = _value(obj, source, "copy") if isinstance(source, str) else None
    return 0 if found is _ABSENT else len(orjson.dumps(found))


# --- paths ------------------------------------------------------------------------------------------------


def _parts(path: str, op: str) -> list[str]:
    """The names in a pointer; what stands before the first slash is not looked at, as in Kubernetes."""
    parts = path.split("/")[1:]
    if not parts:
        raise _missing(path, op)
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def _missing(path: str, op: str) -> PatchError:
    return PatchError(f'{op} operation does not apply: doc is missing path: "{path}": missing value')


def _index(part: str, count: int, path: str, op: str) -> int:
    """The place of a list item, counted from the end if negative.

    Raises:
        PatchError: It is no number, or out of bounds.
    """
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", part):
        raise PatchError(f"error in {op} for path: '{path}': value was not a proper array index: '{part}'")
    index = int(part)
    if not -count <= index < count:
        raise PatchError(
            f"error in {op} for path: '{path}': Unable to access invalid index: {index}: "
            "invalid index referenced"
        )
    return index % count


def _value(obj: Any, path: str, op: str) -> Any:
    """What stands at a path; `_ABSENT` for a name that its object does not have.

    Raises:
        PatchError: What the path leads through is not there.
    """
    for part in _parts(path, op):
        if isinstance(obj, list):
            obj = obj[_index(part, len(obj), path, op)]
        elif isinstance(obj, dict):
            obj = obj.get(part, _ABSENT)
        else:
            raise _missing(path, op)
    return obj


def _pointer(obj: Any, path: str, op: str) -> str:
    """The path as RFC 6901 has it, with indices from the front. `add` may name the place behind a list."""
    made: list[str] = []
    parts = _parts(path, op)
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if isinstance(obj, list):
            if not (last and op == "add" and part == "-"):
                index = _index(part, len(obj) + (last and op == "add"), path, op)
                part, obj = str(index), None if last else obj[index]
        elif isinstance(obj, dict):
            obj = obj.get(part)
        else:
            raise _missing(path, op)
        made.append(part.replace("~", "~0").replace("/", "~1"))
    return "/" + "/".join(made)


def _same(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON: 1 is 1.0, but not true."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)
