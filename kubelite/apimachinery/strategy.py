"""What the API server knows of one resource: its rules, and how its objects are read, filled in and judged.

The pipeline is the same for all kinds; whatever differs from kind to kind is asked of the resource's
`Strategy`. Built-in kinds answer from the tables of `kubelite.api`, custom resources from their definition.
All of it is pure.

A resource may be one of several versions in which the same objects are served. They are kept in one, that of
`storage`; the pipeline works in the version of the request, and converts where it meets the store.

Source: k8s.io/apiserver/pkg/registry/rest (create.go, update.go, delete.go), pkg/registry/generic/registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import attrs

from kubelite.apimachinery.apierrors import MethodNotAllowed
from kubelite.apimachinery.atoms import DEDUCED, Atom
from kubelite.apimachinery.decode import FieldValidation, judged
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.fieldmanager import Filter
from kubelite.apimachinery.fieldset import Path
from kubelite.apimachinery.managedfields import REPLICAS
from kubelite.apimachinery.schema import SchemaType
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.table import Column

DeletionDefault = Literal["background", "orphan", "unsupported"]


@attrs.frozen(kw_only=True, eq=False)
class Rules:
    """What the registry does with objects of a kind.

    Attributes:
        returns_deleted: Whether a delete answers with the object instead of a `Status`.
        deletion: What becomes of dependents when the client does not say.
        creates_on_update: Whether a PUT of an absent object creates it.
        unconditional_update: Whether a PUT without resourceVersion is allowed.
        grace_period_s: For kinds with graceful deletion: the seconds for an object, given those asked for.
    """

    returns_deleted: bool = False
    deletion: DeletionDefault = "background"
    creates_on_update: bool = False
    unconditional_update: bool = True
    grace_period_s: Callable[[Object, int | None], int] | None = None


class Strategy:
    """The rules of a resource without any of its own; each kind overrides what differs.

    Args:
        resource: What is served.
        storage: The resource in whose version, and beside whose objects, these are kept; itself if not given.

    Attributes:
        rules: What the registry does with the objects.
        converts: Whether objects may come out of the store in another form than they are served in.
        unstructured: Whether there is no Go type behind the kind, as of custom resources: what a body says
            of its kind is judged with the rest of it.
    """

    rules: Rules = Rules()
    converts: bool = False
    unstructured: bool = False

    def __init__(self, resource: Resource, storage: Resource | None = None) -> None:
        self.resource = resource
        self.storage = storage or resource

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.resource.group_resource} {self.resource.version}>"

    # --- versions ---------------------------------------------------------------------------------------

    def unversioned(self, obj: Object) -> Object:
        """The object without what this version writes as annotations for want of fields.

        Forms that hold only the metadata are made of this.
        """
        return obj

    def to_storage(self, obj: Object) -> Object:
        """An object of this version in the form in which it is kept."""
        return obj

    def from_storage(self, obj: Object) -> Object:
        """A stored object in this version; the very same one if nothing has to change."""
        return obj

    # --- reading ----------------------------------------------------------------------------------------

    def decode(
        self,
        obj: Object,
        validation: FieldValidation,
        duplicates: Sequence[str] = (),
        *,
        kind: tuple[str, str] | None = None,
    ) -> tuple[Object, tuple[str, ...]]:
        """A client's object without its unknown fields, and warnings about them.

        Args:
            obj: What was sent, its kind checked.
            validation: What to do about unknown and duplicate fields; empty trusts the object.
            duplicates: What the parser found of the latter.
            kind: apiVersion and kind of the body where they are not the resource's (`scale`).

        Raises:
            DecodeError: A value has another type than its field.
            FieldProblems: Strict validation finds unknown or duplicate fields.
        """
        return obj, judged((), duplicates, validation)

    def default(self, obj: Object, former: Object | None = None) -> Object:
        """The object with what its kind fills in.

        Args:
            obj: What was sent, decoded.
            former: What is stored: trees that come from there have been looked at before.
        """
        return obj

    @property
    def patch_schema(self) -> SchemaType | None:
        """The type by which a strategic merge patch merges; None if the kind does not take one."""
        return None

    # --- who owns which fields --------------------------------------------------------------------------

    def atom(self) -> Atom:
        """The type by which an apply merges, and in which fields are owned."""
        return DEDUCED

    def empty_object(self) -> Object:
        """An object in which nothing is set: what a new one is compared with."""
        return {"apiVersion": self.resource.api_version, "kind": self.resource.kind, "metadata": {}}

    def reset_filter(self, subresource: str = "") -> Filter | None:
        """Leaves of a set of fields what this endpoint may change; None if it may change all."""
        return None

    # --- writing ----------------------------------------------------------------------------------------

    def updates(self, subresource: str) -> bool:
        """Whether the subresource (empty for the object itself) takes PUT and PATCH."""
        return subresource in {"", "status"}

    def prepare_for_create(self, obj: Object) -> Object:
        """The object as it is to be stored, but for what only the server knows."""
        return obj

    def prepare_for_update(self, new: Object, old: Object, subresource: str = "") -> Object:
        """The new object with what this endpoint may not change taken from the old one."""
        return new

    def validate_create(self, obj: Object) -> list[FieldError]:
        """The errors of a new object."""
        return []

    def validate_update(self, new: Object, old: Object, subresource: str = "") -> list[FieldError]:
        """The errors of an update through this endpoint."""
        return []

    def warnings_on_create(self, obj: Object) -> tuple[str, ...]:
        """What to tell the client of a new object besides that it was made."""
        return ()

    def warnings_on_update(self, new: Object, old: Object) -> tuple[str, ...]:
        """What to tell the client of an update besides that it was done."""
        return ()

    @property
    def deprecation(self) -> str:
        """What everybody is told who asks for this version; "" of one that may be used."""
        return ""

    # --- the scale subresource --------------------------------------------------------------------------

    @property
    def replicas_path(self) -> Path | None:
        """Where an object says how many replicas are wanted; None for a kind without a scale."""
        return REPLICAS if "scale" in self.resource.subresources else None

    def scale_of(self, obj: Object) -> Object:
        """The `autoscaling/v1 Scale` of an object."""
        raise MethodNotAllowed

    def read_scale(self, obj: Object) -> Object:
        """What a client gets who reads the scale of an object."""
        return self.scale_of(obj)

    def scaled(self, obj: Object, scale: Object) -> Object:
        """The object with the replicas that a scale asks for.

        Raises:
            Invalid: The scale is wrong.
        """
        raise MethodNotAllowed

    @property
    def discovered_verbs(self) -> Sequence[str]:
        """The verbs of which discovery tells."""
        return self.resource.verbs

    # --- presenting -------------------------------------------------------------------------------------

    def columns(self, subresource: str = "") -> Sequence[Column]:
        """The columns of a Table."""
        return ()

    def row_conditions(self, obj: Object) -> Sequence[Object]:
        """The conditions of an object's row; empty for nearly all."""
        return ()

    def field_labels(self) -> Mapping[str, Callable[[Object], str]]:
        """What field selectors may name, and how each is read from an object of this version."""
        return {}

    def describe(self) -> Object | None:
        """The OpenAPI schema of a kind that has no published facts; None for those that have."""
        return None
