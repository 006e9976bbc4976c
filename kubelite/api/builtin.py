"""The strategy of a built-in kind: it answers from the tables of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kubelite.api import facts, ownership, scale, strategy, validation, warnings
from kubelite.api.conversion import CONVERSIONS
from kubelite.api.defaults import apply_defaults
from kubelite.api.features import Features, with_enabled_defaults
from kubelite.api.fieldlabels import field_labels
from kubelite.api.registry import rules_of
from kubelite.apimachinery.atoms import Atom
from kubelite.apimachinery.decode import FieldValidation, decode, judged
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.fieldmanager import Filter
from kubelite.apimachinery.schema import SchemaType
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.strategy import Strategy
from kubelite.apimachinery.table import Column


class BuiltinStrategy(Strategy):
    """The rules of a kind of Kubernetes' own."""

    def __init__(self, resource: Resource, features: Features = frozenset()) -> None:
        conversion = CONVERSIONS.get(resource)
        super().__init__(resource, None if conversion is None else conversion.storage)
        self._conversion = conversion
        self._features = features
        self.converts = conversion is not None
        self.rules = rules_of(resource)

    @property
    def patch_schema(self) -> SchemaType | None:
        """The kind's type."""
        return facts.type_of(self.resource.api_version, self.resource.kind)

    def unversioned(self, obj: Object) -> Object:
        """The object without what this version writes as annotations for want of fields."""
        return strategy.unversioned(self.resource, obj)

    def to_storage(self, obj: Object) -> Object:
        """An object of this version in the form in which it is kept."""
        return obj if self._conversion is None else self._conversion.to_storage(obj)

    def from_storage(self, obj: Object) -> Object:
        """A stored object in this version."""
        return obj if self._conversion is None else self._conversion.from_storage(obj)

    def decode(
        self,
        obj: Object,
        validation: FieldValidation,
        duplicates: Sequence[str] = (),
        *,
        kind: tuple[str, str] | None = None,
    ) -> tuple[Object, tuple[str, ...]]:
        """A client's object without its unknown fields, and warnings about them.

        Objects of components (no validation asked for) are trusted: they are built by code that the type
        checker has seen.
        """
        if not validation:
            return obj, ()
        schema = facts.type_of(*(kind or (self.resource.api_version, self.resource.kind)))
        assert schema is not None
        made, unknown = decode(obj, schema)
        return made, judged(unknown, duplicates, validation)

    def default(self, obj: Object, former: Object | None = None) -> Object:
        """The object as Kubernetes holds it after reading it."""
        made = apply_defaults(self.resource, obj, former)
        return with_enabled_defaults(self.resource, made, self._features) if self._features else made

    def atom(self) -> Atom:
        """The kind's type, as an apply merges it."""
        return ownership.atom_of(self.resource.api_version, self.resource.kind)

    def empty_object(self) -> Object:
        """An object of the kind as a Go program makes it."""
        return ownership.empty_object(self.resource.api_version, self.resource.kind)

    def reset_filter(self, subresource: str = "") -> Filter | None:
        """Leaves of a set of fields what this endpoint may change."""
        return ownership.reset_filter(self.resource, subresource)

    def updates(self, subresource: str) -> bool:
        """Whether the subresource takes PUT and PATCH."""
        return strategy.updates(self.resource, subresource)

    def prepare_for_create(self, obj: Object) -> Object:
        """The object as it is to be stored, but for what only the server knows."""
        return strategy.prepare_for_create(self.resource, obj, self._features)

    def prepare_for_update(self, new: Object, old: Object, subresource: str = "") -> Object:
        """The new object with what this endpoint may not change taken from the old one."""
        if subresource:
            return strategy.prepare_for_subresource_update(self.resource, subresource, new, old)
        return strategy.prepare_for_update(self.resource, new, old, self._features)

    def validate_create(self, obj: Object) -> list[FieldError]:
        """The errors of a new object."""
        return validation.validate_create(self.resource, obj)

    def validate_update(self, new: Object, old: Object, subresource: str = "") -> list[FieldError]:
        """The errors of an update through this endpoint."""
        if subresource:
            return validation.validate_subresource_update(self.resource, subresource, new, old)
        return validation.validate_update(self.resource, new, old)

    @property
    def deprecation(self) -> str:
        """What everybody is told who asks for this version; "" of one that may be used."""
        return warnings.deprecation_warning(self.resource)

    def warnings_on_create(self, obj: Object) -> tuple[str, ...]:
        """What to tell the client of a new object."""
        return warnings.warnings_on_create(self.resource, obj)

    def warnings_on_update(self, new: Object, old: Object) -> tuple[str, ...]:
        """What to tell the client of an update through the main endpoint."""
        return warnings.warnings_on_update(self.resource, new, old)

    def scale_of(self, obj: Object) -> Object:
        """The scale of an object."""
        return scale.scale_of(obj)

    def scaled(self, obj: Object, scale_: Object) -> Object:
        """The object with the replicas that a scale asks for."""
        return scale.scaled(self.resource, obj, scale_)

    def columns(self, subresource: str = "") -> Sequence[Column]:
        """The columns of a Table."""
        from kubelite.api.columns import columns_for  # noqa: PLC0415 - many clusters are never asked for a Table

        return columns_for(self.resource, subresource)

    def row_conditions(self, obj: Object) -> Sequence[Object]:
        """The conditions of an object's row."""
        from kubelite.api.columns import row_conditions  # noqa: PLC0415 - as above

        return row_conditions(self.resource, obj)

    def field_labels(self) -> Mapping[str, Callable[[Object], str]]:
        """What field selectors may name."""
        return field_labels(self.resource)
