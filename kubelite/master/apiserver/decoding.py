"""The object of a POST or PUT: of the right kind, types checked, unknown fields dealt with.

Source: k8s.io/apimachinery/pkg/runtime/serializer/json; k8s.io/apiserver/pkg/endpoints/handlers (create.go,
update.go).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kubelite.api import facts
from kubelite.api.oldversions import is_other_version
from kubelite.apimachinery.apierrors import BadRequest
from kubelite.apimachinery.decode import DecodeError, FieldProblems, FieldValidation
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.strategy import Strategy

SCHEME: Final = "pkg/api/legacyscheme/scheme.go:30"
"""The place in Kubernetes' source that its messages name."""


def wrong_kind(given_version: str, given_kind: str, api_version: str, kind: str) -> str:
    """Why an object of one kind cannot stand for another, in the words of Go's converters."""
    if facts.index_of(given_version, given_kind) is None:
        return f'no kind "{given_kind}" is registered for version "{given_version}" in scheme "{SCHEME}"'
    group = api_version.rpartition("/")[0].partition(".")[0] or "core"
    short = given_version.rpartition("/")[2]
    return f"converting ({short}.{given_kind}) to ({group}.{kind}): unknown conversion"


def body(
    strategy: Strategy,
    obj: Object,
    validation: FieldValidation,
    duplicates: Sequence[str] = (),
    *,
    kind: tuple[str, str] | None = None,
) -> tuple[Object, tuple[str, ...]]:
    """The object of a POST or PUT.

    Args:
        strategy: That of the resource which the path names.
        obj: The parsed body.
        validation: What to do about unknown and duplicate fields; empty trusts the object.
        duplicates: What the parser found of the latter.
        kind: apiVersion and kind that are expected; those of the resource if not given.

    Raises:
        BadRequest: It is of another kind, or does not fit its type.
    """
    resource = strategy.resource
    api_version, name = kind or (resource.api_version, resource.kind)
    if strategy.unstructured and kind is None:
        return _unstructured(strategy, obj, validation, duplicates)
    given_version, given_kind = obj.get("apiVersion") or api_version, obj.get("kind") or name
    if (given_version, given_kind) != (api_version, name):
        if given_kind == name and is_other_version(given_version, api_version, name):
            raise BadRequest(
                f"the API version in the data ({given_version}) does not match the expected API version "
                f"({api_version})"
            )
        short = given_version.rpartition("/")[2]
        where = f'{given_kind} in version "{short}" cannot be handled as a {name}: '
        raise BadRequest(where + wrong_kind(given_version, given_kind, api_version, name))
    if "metadata" not in obj or obj["metadata"] is None:
        obj = {**obj, "metadata": {}}
    try:
        made, warnings = strategy.decode(obj, validation, duplicates, kind=kind)
    except (DecodeError, FieldProblems) as error:
        version = api_version.rpartition("/")[2]
        raise BadRequest(f'{name} in version "{version}" cannot be handled as a {name}: {error}') from error
    if made.get("kind") != name or made.get("apiVersion") != api_version:
        made = {**made, "kind": name, "apiVersion": api_version}
    return made, warnings


def _unstructured(
    strategy: Strategy, obj: Object, validation: FieldValidation, duplicates: Sequence[str]
) -> tuple[Object, tuple[str, ...]]:
    """The object of a custom resource, which has to say what it is."""
    resource = strategy.resource
    given = obj.get("kind")
    if not isinstance(given, str) or not given:
        raise BadRequest("Object 'Kind' is missing in 'object has no kind field '")
    given_version = obj.get("apiVersion") or ""
    if given_version != resource.api_version:
        raise BadRequest(
            f"the API version in the data ({given_version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    try:
        return strategy.decode(obj, validation, duplicates)
    except (DecodeError, FieldProblems) as error:
        where = f'{given} in version "{resource.version}" cannot be handled as a {resource.kind}: '
        raise BadRequest(where + str(error)) from error
