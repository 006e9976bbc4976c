"""The strategy of CustomResourceDefinitions.

Every cluster lists and watches definitions, but few have any: what a write needs is loaded with the first.

Source: k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kubelite.api.builtin import BuiltinStrategy
from kubelite.api.goform import metadata_form
from kubelite.apimachinery.decode import FieldValidation
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.strategy import Rules


class DefinitionStrategy(BuiltinStrategy):
    """Definitions of custom resources."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(resource)
        self.rules = Rules(unconditional_update=False)

    def decode(
        self,
        obj: Object,
        validation: FieldValidation,
        duplicates: Sequence[str] = (),
        *,
        kind: tuple[str, str] | None = None,
    ) -> tuple[Object, tuple[str, ...]]:
        """A client's definition without its unknown fields, and warnings about them."""
        made, warnings = super().decode(obj, validation, duplicates, kind=kind)
        return _form(made), warnings

    def default(self, obj: Object, former: Object | None = None) -> Object:
        """The definition as Kubernetes holds it after reading it."""
        return _form({**obj, "metadata": metadata_form(obj.get("metadata") or {})})

    def prepare_for_create(self, obj: Object) -> Object:
        """The definition with a status that says nothing yet but which version is stored."""
        obj = super().prepare_for_create(obj)
        return _with_stored_version(_form({**obj, "status": {}}))

    def prepare_for_update(self, new: Object, old: Object, subresource: str = "") -> Object:
        """The new definition with what this endpoint may not change taken from the old one."""
        made = super().prepare_for_update(new, old, subresource)
        return made if subresource else _with_stored_version(made)

    def validate_create(self, obj: Object) -> list[FieldError]:
        """The errors of a new definition."""
        from kubelite.api.customresources.validation import (  # noqa: PLC0415 - see above
            validate_definition,
        )

        return validate_definition(obj)

    def validate_update(self, new: Object, old: Object, subresource: str = "") -> list[FieldError]:
        """The errors of an update."""
        from kubelite.api.customresources.validation import (  # noqa: PLC0415 - see above
            validate_definition_status,
            validate_definition_update,
        )

        return validate_definition_status(new, old) if subresource else validate_definition_update(new, old)

    def warnings_on_create(self, obj: Object) -> tuple[str, ...]:
        """Formats that nobody checks."""
        return tuple(map(_unknown_format, _formats(obj)))

    def warnings_on_update(self, new: Object, old: Object) -> tuple[str, ...]:
        """Formats that nobody checks and that are new."""
        known = set(_formats(old))
        return tuple(_unknown_format(each) for each in _formats(new) if each not in known)


def _form(obj: Object) -> Object:
    from kubelite.api.customresources.form import definition_form  # noqa: PLC0415 - see above

    return definition_form(obj)


def _with_stored_version(obj: Object) -> Object:
    stored = list(obj["status"].get("storedVersions") or ())
    storage = next((each["name"] for each in obj["spec"]["versions"] or () if each["storage"]), None)
    if storage is None or storage in stored:
        return obj
    return {**obj, "status": {**obj["status"], "storedVersions": [*stored, storage]}}


def _unknown_format(name: str) -> str:
    return f'unrecognized format "{name}"'


def _formats(obj: Object) -> list[str]:
    """The formats of texts that are not known, in the order of the versions; what all have in common once."""
    found: list[list[str]] = []
    schemas: list[Mapping[str, Any]] = []
    for version in obj["spec"]["versions"] or ():
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is not None and schema not in schemas:
            schemas.append(schema)
            found.append(list(_unknown_formats(schema)))
    return [each for names in found for each in names]


def _unknown_formats(schema: Mapping[str, Any]) -> Iterator[str]:
    from kubelite.apimachinery.structural import formats  # noqa: PLC0415 - see above
    from kubelite.apimachinery.structural.schema import every_schema  # noqa: PLC0415 - see above

    for each in every_schema(schema):
        name = each.get("format") or ""
        if name and each.get("type") == "string" and formats.checker(name) is None:
            yield name
