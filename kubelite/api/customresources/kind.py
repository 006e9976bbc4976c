"""A definition compiled: its versions with their schemas, subresources and columns.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go (getOrCreateServingInfoFor).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import attrs

from kubelite.api.columns.text import Column
from kubelite.api.customresources.printercolumns import columns_of
from kubelite.api.customresources.served import resource_of, version_priority
from kubelite.api.ownership import object_metadata
from kubelite.apimachinery import jsonpath
from kubelite.apimachinery.atoms import Atom, of_schema
from kubelite.apimachinery.openapi_schemas import SELECTABLE
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.structural import Structural, parse
from kubelite.apimachinery.structural.schema import ANYTHING, every_schema
from kubelite.apimachinery.structural.values import Validator


@attrs.frozen(slots=False, eq=False)
class Version:
    """One version of a custom resource.

    Attributes:
        spec: As the definition says it.
        structural: Its schema.
        api_version: `group/version`.
    """

    spec: Object = attrs.field(repr=False)
    api_version: str
    structural: Structural = attrs.field(repr=False)

    @property
    def name(self) -> str:
        """`v1`."""
        name: str = self.spec["name"]
        return name

    @property
    def schema(self) -> Object | None:
        """The `openAPIV3Schema`."""
        found: Object | None = (self.spec.get("schema") or {}).get("openAPIV3Schema")
        return found

    @property
    def has_status(self) -> bool:
        """Whether there is a status subresource."""
        return (self.spec.get("subresources") or {}).get("status") is not None

    @property
    def scale(self) -> Mapping[str, str] | None:
        """The paths of the scale subresource; None if there is none."""
        found: Mapping[str, str] | None = (self.spec.get("subresources") or {}).get("scale")
        return found

    @property
    def subresources(self) -> tuple[str, ...]:
        """In the order of discovery."""
        return (*(("status",) if self.has_status else ()), *(("scale",) if self.scale is not None else ()))

    @cached_property
    def atom(self) -> Atom:
        """Its type, as an apply merges it and in which fields are owned."""
        schema = self.schema or {}
        preserve = self.schema is None or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
        return of_schema({"type": "object", **schema}, object_metadata(), preserve=preserve)

    @cached_property
    def validator(self) -> Validator:
        """What judges whole objects."""
        return Validator(self.schema or {})

    @cached_property
    def status_validator(self) -> Validator:
        """What judges a status by itself."""
        return Validator((self.schema or {}).get("properties", {}).get("status", {}))

    @cached_property
    def has_rules(self) -> bool:
        """Whether there are CEL rules."""
        return any(each.get("x-kubernetes-validations") for each in every_schema(self.schema or {}))

    @cached_property
    def description(self) -> Object:
        """The schema with the selectable fields, as OpenAPI describes the version."""
        paths = [each["jsonPath"] for each in self.spec.get("selectableFields") or ()]
        if not paths:
            return self.schema or {}
        return {**(self.schema or {}), SELECTABLE: [{"fieldPath": path.removeprefix(".")} for path in paths]}

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What a Table shows."""
        return columns_of(self.spec.get("additionalPrinterColumns"))

    @cached_property
    def field_labels(self) -> Mapping[str, Callable[[Object], str]]:
        """The fields that selectors may name besides those of every object."""
        paths = [each["jsonPath"] for each in self.spec.get("selectableFields") or ()]
        return MappingProxyType({path.removeprefix("."): _reader(path) for path in paths})


def _reader(path: str) -> Callable[[Object], str]:
    parsed = jsonpath.parse(path)

    def read(obj: Object) -> str:
        found = parsed.find(obj)
        if not found or found[0] is None:
            return ""
        return str(found[0]).lower() if isinstance(found[0], bool) else str(found[0])

    return read


@attrs.frozen(eq=False)
class Kind:
    """The kind that a definition defines.

    Attributes:
        definition: As stored.
        versions: By name, in the order of the definition.
        storage: The version in which objects are kept.
    """

    definition: Object = attrs.field(repr=False)
    versions: Mapping[str, Version]
    storage: str

    @property
    def names(self) -> Object:
        """The accepted ones."""
        names: Object = self.definition["status"]["acceptedNames"]
        return names

    @property
    def terminating(self) -> bool:
        """Whether the definition is being deleted."""
        return "deletionTimestamp" in self.definition["metadata"]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.definition['metadata']['name']} {', '.join(self.versions)}>"

    def resource(self, version: str) -> Resource:
        """What is served of a version."""
        return resource_of(self.definition, self.versions[version].spec)

    def deprecation(self, version: Version) -> str:
        """What users of a version are warned of; "" if it is not deprecated."""
        if not version.spec.get("deprecated"):
            return ""
        given = version.spec.get("deprecationWarning")
        if given is not None:
            return str(given)
        kind, priority = self.names["kind"], version_priority(version.name)
        message = f"{version.api_version} {kind} is deprecated"
        better = min(
            (
                each
                for each in self.versions.values()
                if each.spec["served"]
                and not each.spec.get("deprecated")
                and version_priority(each.name) < priority
            ),
            key=lambda each: version_priority(each.name),
            default=None,
        )
        return message if better is None else f"{message}; use {better.api_version} {kind}"

    def version_of(self, obj: Object) -> Version | None:
        """The version in which an object is written; None if it is not there any more."""
        return self.versions.get(str(obj.get("apiVersion")).rpartition("/")[2])


def compile_kind(definition: Object, former: Kind | None = None) -> Kind:
    """What an established definition defines.

    Args:
        definition: In Go's form, valid.
        former: What it defined before: versions that are the same are taken over.
    """
    spec = definition["spec"]
    versions: dict[str, Version] = {}
    for each in spec["versions"]:
        known = None if former is None else former.versions.get(each["name"])
        if known is not None and known.spec == each:
            versions[each["name"]] = known
            continue
        schema: Mapping[str, Any] | None = (each.get("schema") or {}).get("openAPIV3Schema")
        structural = ANYTHING if schema is None else parse(schema)
        versions[each["name"]] = Version(each, f"{spec['group']}/{each['name']}", structural)
    storage = next(each["name"] for each in spec["versions"] if each["storage"])
    return Kind(definition, versions, storage)
