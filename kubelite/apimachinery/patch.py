"""JSON patch and JSON merge patch. Neither touches the object it is given.

Source: RFC 6902 and RFC 7396, as Kubernetes' API server applies them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubelite.apimachinery.scheme import Object

OPERATIONS_MAX = 10_000
"""Operations of one JSON patch. Source: k8s.io/apiserver/pkg/endpoints/handlers (maxJSONPatchOperations)."""


class PatchError(ValueError):
    """The patch cannot be applied to this object; the text says why."""


class PatchSyntaxError(ValueError):
    """The patch itself is wrong."""


def merge_patch(obj: Any, patch: Any) -> Any:
    """What a merge patch makes of an object: objects merge, null removes, the rest replaces."""
    if not isinstance(patch, Mapping):
        return patch
    base = obj if isinstance(obj, Mapping) else {}
    merged = dict(base)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(base.get(key), value)
    return merged


def json_patch(obj: Object, operations: Sequence[Mapping[str, Any]]) -> Object:
    """What a JSON patch makes of an object. `replace` of an absent member adds it, as the API server has it.

    Raises:
        PatchSyntaxError: It is no list of operations.
        PatchError: An operation cannot be carried out, a failing `test` included.
    """
    import jsonpatch  # noqa: PLC0415 - only who patches with it pays for it
    import jsonpointer  # noqa: PLC0415 - as above

    if not isinstance(operations, list):
        raise PatchSyntaxError("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(operations) > OPERATIONS_MAX:
        raise PatchSyntaxError(
            f"The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {len(operations)}"
        )
    changed: Any = obj
    for operation in operations:
        if not isinstance(operation, Mapping):
            raise PatchSyntaxError("json: cannot unmarshal into Go value of type jsonpatch.Operation")
        try:
            changed = jsonpatch.JsonPatch([_relaxed(operation, changed)]).apply(changed)
        except (
            jsonpatch.JsonPatchException,
            jsonpointer.JsonPointerException,
            TypeError,
            KeyError,
            IndexError,
        ) as error:
            raise PatchError(_reason(operation, changed)) from error
    if not isinstance(changed, dict):
        raise PatchError("json: cannot unmarshal into an object")
    return changed


def _absent(obj: Any, path: str) -> bool:
    import jsonpointer  # noqa: PLC0415 - as above

    try:
        return jsonpointer.resolve_pointer(obj, path, _ABSENT) is _ABSENT
    except (jsonpointer.JsonPointerException, TypeError):
        return True


_ABSENT = object()


def _relaxed(operation: Mapping[str, Any], obj: Any) -> dict[str, Any]:
    path = operation.get("path")
    if operation.get("op") == "replace" and isinstance(path, str) and _absent(obj, path):
        return {**operation, "op": "add"}
    if (
        operation.get("op") == "test"
        and isinstance(path, str)
        and operation.get("value") is None
        and _absent(obj, path)
    ):
        return {"op": "test", "path": "", "value": obj}
    return dict(operation)


def _reason(operation: Mapping[str, Any], obj: Any) -> str:
    """The words of the library that the API server uses."""
    op, path = operation.get("op"), operation.get("path", "")
    match op:
        case "test":
            return f"testing value {path} failed"
        case "remove":
            name = str(path).rpartition("/")[2]
            if _absent(obj, str(path).rpartition("/")[0]):
                return f"remove operation does not apply: doc is missing path: {path}: missing value"
            why = f"unable to remove nonexistent key: {name}: missing value"
            return f"error in remove for path: '{path}': {why}"
        case "add" | "replace" | "move" | "copy":
            return f'{op} operation does not apply: doc is missing path: "{path}": missing value'
        case _:
            return f"unexpected kind: {op or 'unknown'}"
