"""PATCH: the stored object, changed by a patch, goes the way of an update.

Since nothing can come between reading and writing, there is no retry; a patch that itself names a stale
resourceVersion is refused as a stale PUT is.
Source: k8s.io/apiserver/pkg/endpoints/handlers/patch.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from kubelite.api import facts
from kubelite.apimachinery.apierrors import (
    BadRequest,
    Invalid,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    unexpected,
)
from kubelite.apimachinery.decode import DecodeError, FieldProblems
from kubelite.apimachinery.depth import TOO_DEEP, TooDeepError, shallow
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.fieldmanager import FieldManager
from kubelite.apimachinery.govalues import go_value, json_word
from kubelite.apimachinery.patch import (
    PatchError,
    PatchFormatError,
    PatchSyntaxError,
    PatchTooLongError,
    json_patch,
    merge_patch,
    operation_misfit,
    operation_problems,
)
from kubelite.apimachinery.restore import mismatch
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.strategic import strategic_merge_patch
from kubelite.apimachinery.strategy import Strategy
from kubelite.client.requests import Patch
from kubelite.master.apiserver.decoding import wrong_kind

_WRITTEN_AS_JSON = frozenset({"json", "merge"})
"""Patches which the real server applies to the text of the object."""


def patched(
    request: Patch, strategy: Strategy, current: Object, kind: tuple[str, str] | None = None
) -> tuple[Object, tuple[str, ...]]:
    """What the patch makes of the object, decoded again, and warnings about fields.

    Args:
        request: The patch, its type, and what to do about unknown fields.
        strategy: That of the resource.
        current: What is stored, or the subresource of it.
        kind: apiVersion and kind of a subresource that has its own.

    Raises:
        BadRequest: The patch cannot be read.
        Invalid: It cannot be applied, or makes something that does not fit the type.
        UnsupportedMediaType: The kind does not know this type of patch.
    """
    api_version, name = kind or (strategy.resource.api_version, strategy.resource.kind)
    changed = _apply(request, strategy, current, kind)
    before = None if strategy.unstructured else current
    is_other = (changed.get("apiVersion"), changed.get("kind")) != (api_version, name)
    says = changed.get("apiVersion") or "", changed.get("kind") or ""
    if is_other and request.patch_type == "strategic" and all(isinstance(each, str) for each in says):
        # Its result is filled into an object of the right type as it stands: nobody reads what kind it says.
        changed, is_other = {**changed, "apiVersion": api_version, "kind": name}, False
    if is_other and (kind is not None or not strategy.unstructured):
        why = wrong_kind(str(changed.get("apiVersion")), str(changed.get("kind")), api_version, name)
        raise _unfit(_shown(request, changed, before), why)
    if strategy.unstructured and not changed.get("kind"):
        shown = _shown(request, changed, before)
        raise _unfit(shown, f"Object 'Kind' is missing in '{shown}'")
    try:
        made, unknown = _decoded(strategy, request, changed, kind)
    except (DecodeError, FieldProblems) as error:
        why = str(error)
        if request.patch_type == "strategic" and isinstance(error, DecodeError):
            schema = strategy.patch_schema if kind is None else facts.type_of(*kind)
            why = (mismatch(changed, schema) if schema is not None else "") or why
        raise _unfit(_shown(request, changed, before), why) from error
    problems = (*_patch_problems(request), *unknown)
    if problems and request.field_validation == "Strict":
        raise _unfit(_shown(request, changed, before), "strict decoding error: " + ", ".join(problems))
    check_name(made, current["metadata"]["name"])
    return made, problems


def _patch_problems(request: Patch) -> list[str]:
    """What strict decoding says of the patch itself, where anybody wants to know."""
    if request.field_validation not in {"Strict", "Warn"}:
        return []
    if request.patch_type != "json":
        return list(request.problems)
    return [*operation_problems(request.patch), *(f"json patch {each}" for each in request.problems)]


def _decoded(
    strategy: Strategy, request: Patch, obj: Object, kind: tuple[str, str] | None
) -> tuple[Object, tuple[str, ...]]:
    """A patched object decoded, and its unknown fields, in the order in which Go writes maps: sorted.

    Raises:
        DecodeError: A value has another type than its field.
    """
    validation = "Warn" if request.field_validation == "Strict" else request.field_validation
    made, unknown = strategy.decode(obj, validation, kind=kind)
    if unknown and request.patch_type in _WRITTEN_AS_JSON:
        ordered = orjson.loads(orjson.dumps(obj, option=orjson.OPT_SORT_KEYS))
        made, unknown = strategy.decode(ordered, validation, kind=kind)
    return made, unknown


def check_name(obj: Object, name: str) -> None:
    """Judge the name of an object that is sent, or that a patch has made.

    Raises:
        BadRequest: It has none, or the URL has another.
    """
    given = (obj.get("metadata") or {}).get("name") or ""
    if not given:
        raise BadRequest(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if given != name:
        raise BadRequest(f"the name of the object ({given}) does not match the name on the URL ({name})")


def applied(
    request: Patch, strategy: Strategy, manager: FieldManager, live: Object | None, now: str
) -> tuple[Object, tuple[str, ...]]:
    """What applying a configuration makes of an object, decoded and with its managed fields, and warnings.

    Args:
        request: The configuration, and whether to take over fields of others.
        strategy: That of the resource.
        manager: That of the endpoint.
        live: What is stored, or the subresource of it; None if there is nothing.
        now: The present time.

    Raises:
        APIError: It cannot be applied, or meets fields of others.
    """
    made = manager.apply(live, request.patch, request.field_manager, now, force=request.force)
    validation = request.field_validation
    if request.problems and validation == "Strict":
        raise BadRequest(f"error strict decoding YAML: {'; '.join(request.problems)}")
    warnings = request.problems if validation == "Warn" else ()
    kind = (manager.api_version, manager.kind)
    try:
        obj, _ = strategy.decode(made, "Ignore", kind=kind)
    except DecodeError as error:
        what = f"failed to convert new object ({_object_name(request.patch)}) to proper version: {error}"
        raise unexpected(what) from error
    return obj, warnings


def _object_name(obj: Object) -> str:
    metadata = obj.get("metadata") or {}
    group, _, version = str(obj.get("apiVersion")).rpartition("/")
    name, namespace = metadata.get("name") or "", metadata.get("namespace") or ""
    return f"{namespace}/{name}; {group}/{version}, Kind={obj.get('kind')}"


def _apply(request: Patch, strategy: Strategy, current: Object, kind: tuple[str, str] | None) -> Object:
    patch = request.patch
    match request.patch_type:
        case "json":
            if not isinstance(patch, list):
                raise BadRequest(
                    f"error decoding patch: json: cannot unmarshal {json_word(patch)} into Go value of type "
                    "[]handlers.jsonPatchOp"
                )
            if request.field_validation in {"Strict", "Warn"} and (why := operation_misfit(patch)):
                raise BadRequest(f"error decoding patch: {why}")
            try:
                return shallow(json_patch(current, patch))
            except (TooDeepError, RecursionError) as error:
                raise _unfit(orjson.dumps(patch).decode(), TOO_DEEP) from error
            except PatchTooLongError as error:
                raise RequestEntityTooLarge(f"Request entity too large: {error}") from error
            except PatchSyntaxError as error:
                raise BadRequest(str(error)) from error
            except PatchError as error:
                raise _rejected() from error
        case "merge":
            if not isinstance(patch, Mapping):
                raise BadRequest(
                    f"error decoding patch: json: cannot unmarshal {json_word(patch)} into Go value of type "
                    "map[string]interface {}"
                )
            merged: Object = merge_patch(current, patch)
            return merged
        case "strategic":
            schema = strategy.patch_schema if kind is None else facts.type_of(*kind)
            if schema is None:
                raise UnsupportedMediaType(
                    "the body of the request was in an unknown format - accepted media types include: "
                    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
                )
            if not isinstance(patch, Mapping):
                raise BadRequest(
                    f"json: cannot unmarshal {json_word(patch)} into Go value of type "
                    "map[string]interface {}"
                )
            try:
                return strategic_merge_patch(current, _whole_numbers(patch), schema)
            except PatchFormatError as error:
                raise BadRequest(str(error)) from error
            except PatchSyntaxError as error:
                raise unexpected(str(error)) from error
        case _:
            raise UnsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json-patch+json, application/merge-patch+json, "
                "application/strategic-merge-patch+json"
            )


def _whole_numbers(value: Any) -> Any:
    """A strategic patch with its whole floats as integers.

    Its result is converted as a tree, which takes 2.0 for an integer; what is read as text does not.
    Source: k8s.io/apimachinery/pkg/runtime/converter.go.
    """
    changes: dict[Any, Any] = {}
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        new = inner
        if isinstance(inner, dict | list):
            new = _whole_numbers(inner)
        elif isinstance(inner, float) and inner.is_integer():
            new = int(inner)
        if new is not inner:
            changes[key] = new
    if not changes:
        return value
    if isinstance(value, dict):
        return {**value, **changes}
    return [changes.get(at, inner) for at, inner in enumerate(value)]


def _rejected() -> Invalid:
    """A JSON patch that does not apply; Kubernetes does not say why."""
    error = Invalid("", "", [], message="the server rejected our request due to an error in our request")
    error.details = {}
    return error


def _unfit(shown: str, why: str) -> Invalid:
    error = FieldError.invalid("patch", shown, why)
    invalid = Invalid("", "", [error])
    invalid.details = {"causes": [error.cause()]}
    return invalid


def _shown(request: Patch, changed: Object, current: Object | None) -> str:
    """What an error shows: a strategic patch itself, else what the patch made.

    Args:
        request: The patch.
        changed: What it made.
        current: What keeps the order of its fields; None if all are sorted.
    """
    if request.patch_type == "strategic":
        return go_value(request.patch)
    if current is None:
        return orjson.dumps(changed, option=orjson.OPT_SORT_KEYS).decode()
    return orjson.dumps(_sorted(changed, current)).decode()


def _sorted(changed: Any, current: Any) -> Any:
    """As Go writes what a patch touched: maps in the order of their keys; the rest keeps its own order."""
    if not isinstance(changed, dict):
        return changed
    before = current if isinstance(current, dict) else {}
    return {
        key: changed[key] if changed[key] == before.get(key) else _sorted(changed[key], before.get(key))
        for key in sorted(changed)
    }
