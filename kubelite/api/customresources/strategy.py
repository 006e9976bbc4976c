"""The strategy of custom resources: one for each version in which a definition serves them.

Objects are kept in the definition's storage version. They are read by the newest schema, whatever they were
written by: defaults of the version in which they are stored, then pruned by the version which is asked for.

CEL rules are not evaluated yet; `_rules` is their place.

Source: k8s.io/apiextensions-apiserver/pkg/registry/customresource (strategy.go, status_strategy.go,
    validator.go, etcd.go), pkg/apiserver/customresource_handler.go (schemaCoercer, unstructuredDefaulter).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from kubelite.api import facts
from kubelite.api.columns import columns_for
from kubelite.api.customresources import embedded
from kubelite.api.customresources.kind import Kind, Version
from kubelite.api.identity import ByIdentity
from kubelite.api.strategy import with_server_metadata
from kubelite.api.validation import names
from kubelite.api.validation.metadata import (
    STANDARD_FINALIZERS,
    validate_metadata_update,
    validate_object_meta,
)
from kubelite.apimachinery import field, meta
from kubelite.apimachinery.apierrors import BadRequest, InternalError, Invalid, MethodNotAllowed
from kubelite.apimachinery.atoms import Atom
from kubelite.apimachinery.decode import DecodeError, FieldValidation, decode, judged
from kubelite.apimachinery.depth import DEPTH_MAX, TOO_DEEP
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.fieldmanager import Filter, leaving_only, leaving_out
from kubelite.apimachinery.fieldset import Path, field_path
from kubelite.apimachinery.govalues import go_type, go_value
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.strategy import Rules, Strategy
from kubelite.apimachinery.structural import defaulting
from kubelite.apimachinery.structural.listtypes import validate_lists
from kubelite.apimachinery.structural.pruning import prune
from kubelite.apimachinery.structural.values import NO_PATH, NOTHING
from kubelite.apimachinery.table import Column

"""Levels of objects and lists within each other; what is deeper can be decoded but not written again."""

CONVERTED_MAX: Final = 1024
"""Objects of which a version remembers how they read."""

REPLICAS_MAX: Final = 2**31 - 1

TERMINATING_VERBS: Final = frozenset({"delete", "deletecollection", "get", "list", "watch"})

_ONLY_STATUS: Final = leaving_only(field_path("status"))
_ALL_BUT_STATUS: Final = leaving_out(field_path("status"))

_BLOCKING: Final = frozenset(
    {field.NOT_SUPPORTED, field.REQUIRED, field.TOO_LONG, field.TOO_MANY, field.TYPE_INVALID}
)
"""Errors behind which CEL rules are not asked."""


class CustomResourceStrategy(Strategy):
    """The rules of one version of a custom resource.

    Args:
        kind: The compiled definition.
        version: The name of the version.
        converts: Whether stored objects may be of another version, or from before the schema was changed.
    """

    rules = Rules(unconditional_update=False)
    unstructured = True

    def __init__(self, kind: Kind, version: str, *, converts: bool) -> None:
        super().__init__(kind.resource(version), kind.resource(kind.storage))
        self.kind = kind
        self.version: Version = kind.versions[version]
        self.converts = converts
        self._read: ByIdentity[Object] = ByIdentity(self._converted, CONVERTED_MAX)

    # --- versions ---------------------------------------------------------------------------------------

    def to_storage(self, obj: Object) -> Object:
        """An object of this version in the form in which it is kept."""
        storage = self.kind.versions[self.kind.storage]
        if storage is self.version:
            return obj
        made: Object
        made, _ = prune({**obj, "apiVersion": storage.api_version}, storage.structural, is_resource=True)
        return made

    def from_storage(self, obj: Object) -> Object:
        """A stored object in this version, read by the newest schema."""
        if not self.converts:
            return obj
        made: Object = self._read(obj)
        return made

    def _converted(self, obj: Object) -> Object:
        stored = self.kind.version_of(obj)
        made: Object = obj
        if stored is not None:
            made = defaulting.apply(defaulting.prune_nulls(obj, stored.structural), stored.structural)
        if made["apiVersion"] != self.version.api_version:
            made = {**made, "apiVersion": self.version.api_version}
        made, _ = prune(made, self.version.structural, is_resource=True)
        return made

    # --- reading ----------------------------------------------------------------------------------------

    def decode(
        self,
        obj: Object,
        validation: FieldValidation,
        duplicates: Sequence[str] = (),
        *,
        kind: tuple[str, str] | None = None,
    ) -> tuple[Object, tuple[str, ...]]:
        """A client's object without what its schema does not specify, and warnings about that."""
        if kind is not None and kind != (self.resource.api_version, self.resource.kind):
            schema = facts.type_of(*kind)
            assert schema is not None
            made, unknown = decode(obj, schema)
            return made, judged(unknown, duplicates, validation)
        metadata, unknown_metadata = embedded.read_metadata(obj.get("metadata") or {})
        made = {key: value if key == "metadata" else _plain(value, 1) for key, value in obj.items()}
        made["metadata"] = metadata
        if made.get("kind") != self.resource.kind:
            return made, judged((), duplicates, validation)
        made = self.default(made)
        made, unknown = prune(made, self.version.structural, is_resource=True)
        try:
            made, unknown_inside = embedded.coerce(made, self.version.structural)
        except embedded.CoercionError as error:
            raise DecodeError(str(error)) from error
        paths = [*(f"metadata.{path}" for path in unknown_metadata), *unknown, *unknown_inside]
        return made, judged(paths, duplicates, validation)

    def default(self, obj: Object, former: Object | None = None) -> Object:
        """The object with the schema's defaults."""
        if obj.get("kind") != self.resource.kind:
            return obj
        made: Object = defaulting.apply(
            defaulting.prune_nulls(obj, self.version.structural), self.version.structural
        )
        return made

    # --- who owns which fields --------------------------------------------------------------------------

    def atom(self) -> Atom:
        """The type of the schema, as an apply merges it."""
        return self.version.atom

    def reset_filter(self, subresource: str = "") -> Filter | None:
        """Leaves of a set of fields what this endpoint may change."""
        if subresource == "status":
            return _ONLY_STATUS
        return _ALL_BUT_STATUS if self.version.has_status else None

    @property
    def replicas_path(self) -> Path | None:
        """Where an object says how many replicas are wanted; None for a kind without a scale."""
        scale = self.version.scale
        return None if scale is None else field_path(*_steps(scale["specReplicasPath"]))

    # --- writing ----------------------------------------------------------------------------------------

    def updates(self, subresource: str) -> bool:
        """Whether the subresource takes PUT and PATCH."""
        return not subresource or subresource in self.resource.subresources

    def prepare_for_create(self, obj: Object) -> Object:
        """The object in its first generation, without a status that is set elsewhere.

        Raises:
            MethodNotAllowed: The definition is being deleted.
        """
        if self.kind.terminating:
            raise MethodNotAllowed(
                "create not allowed while custom resource definition is terminating",
                details={"group": self.resource.group, "kind": self.resource.plural},
            )
        if self.version.has_status:
            obj = meta.without(obj, ("status",))
        return {**obj, "metadata": {**obj["metadata"], "generation": 1}}

    def prepare_for_update(self, new: Object, old: Object, subresource: str = "") -> Object:
        """The new object with what this endpoint may not change taken from the old one."""
        if subresource == "status":
            return _with_status_of(new, old)
        new = with_server_metadata(new, old)
        if self.version.has_status:
            new = {**new, "status": old["status"]} if "status" in old else meta.without(new, ("status",))
        if meta.without(new, ("metadata",)) != meta.without(old, ("metadata",)):
            generation = (old["metadata"].get("generation") or 0) + 1
            new = {**new, "metadata": {**new["metadata"], "generation": generation}}
        return new

    def validate_create(self, obj: Object) -> list[FieldError]:
        """The errors of a new object."""
        errors = self._type_errors(obj)
        if not errors:
            namespaced = self.resource.namespaced
            errors += validate_object_meta(obj["metadata"], rule=names.dns_subdomain, namespaced=namespaced)
            errors += self.version.validator.validate(obj)
            errors += [*self._scale_spec(obj), *self._scale_status(obj)]
        errors += embedded.validate(obj, self.version.structural)
        errors += validate_lists(obj, self.version.structural)
        return self._judged(obj, errors + self._rules(errors))

    def validate_update(self, new: Object, old: Object, subresource: str = "") -> list[FieldError]:
        """The errors of an update; what was wrong before and is left as it was is let pass."""
        errors = self._type_errors(new)
        if not errors:
            errors += validate_metadata_update(new["metadata"], old["metadata"])
            errors += errors
            errors += (
                self._status_errors(new, old) if subresource == "status" else self._value_errors(new, old)
            )
            errors += self._scale_status(new)
        if subresource != "status":
            errors += embedded.validate(new, self.version.structural)
        if not validate_lists(old, self.version.structural):
            errors += validate_lists(new, self.version.structural)
        return self._judged(new, errors + self._rules(errors))

    def _value_errors(self, new: Object, old: Object) -> list[FieldError]:
        return [*self.version.validator.validate(new, old), *self._scale_spec(new)]

    def _status_errors(self, new: Object, old: Object) -> list[FieldError]:
        if "status" not in new:
            return []
        before = old.get("status", NOTHING)
        return self.version.status_validator.validate(new["status"], before, path="status")

    def _rules(self, errors: Sequence[FieldError]) -> list[FieldError]:
        """The errors of CEL rules, or that they were not asked."""
        if not self.version.has_rules or not any(error.type in _BLOCKING for error in errors):
            return []
        detail = (
            "some validation rules were not checked because the object was invalid; correct the existing "
            "errors to complete validation"
        )
        return [FieldError.invalid(NO_PATH, None, detail)]

    def _type_errors(self, obj: Object) -> list[FieldError]:
        wanted = (("kind", self.resource.kind), ("apiVersion", self.resource.api_version))
        return [
            FieldError.invalid(name, obj.get(name) or "", f"must be {value}")
            for name, value in wanted
            if obj.get(name) != value
        ]

    def _judged(self, obj: Object, errors: list[FieldError]) -> list[FieldError]:
        """The errors, which are those of an object of the kind that it says it is.

        Raises:
            Invalid: That is another one.
        """
        kind = obj.get("kind")
        if errors and kind != self.resource.kind:
            raise Invalid(f"{kind}.{self.resource.group}", obj["metadata"].get("name", ""), errors)
        return errors

    @property
    def deprecation(self) -> str:
        """What everybody is told who asks for this version; "" of one that may be used."""
        return self.kind.deprecation(self.version)

    def warnings_on_create(self, obj: Object) -> tuple[str, ...]:
        """What is odd about the finalizers."""
        return _finalizer_warnings(obj["metadata"].get("finalizers") or ())

    def warnings_on_update(self, new: Object, old: Object) -> tuple[str, ...]:
        """What is odd about new finalizers."""
        before = old["metadata"].get("finalizers") or ()
        return _finalizer_warnings(
            [each for each in new["metadata"].get("finalizers") or () if each not in before]
        )

    # --- the scale subresource --------------------------------------------------------------------------

    def _scale_spec(self, obj: Object) -> list[FieldError]:
        scale = self.version.scale
        return [] if scale is None else _replicas_errors(obj, scale["specReplicasPath"])

    def _scale_status(self, obj: Object) -> list[FieldError]:
        scale = self.version.scale
        if scale is None:
            return []
        errors = _replicas_errors(obj, scale["statusReplicasPath"])
        path = scale.get("labelSelectorPath")
        if path:
            try:
                _nested(obj, path, str, "string")
            except TypeError as error:
                errors.append(FieldError.invalid(path, "", str(error)))
        return errors

    def read_scale(self, obj: Object) -> Object:
        """What a client gets who reads the scale of an object.

        Raises:
            InternalError: The object does not say how many replicas are wanted.
        """
        paths = self.version.scale
        assert paths is not None
        path, scale = paths["specReplicasPath"], self.scale_of(obj)
        if _nested(obj, path, int, "int64") is None:
            raise InternalError(f'the spec replicas field "{path}" does not exist')
        return scale

    def scale_of(self, obj: Object) -> Object:
        """The scale of an object; one that is not set is 0.

        Raises:
            BadRequest: It says so in something else than numbers.
        """
        paths = self.version.scale
        assert paths is not None
        path = paths["specReplicasPath"]
        selector = paths.get("labelSelectorPath")
        try:
            wanted = _nested(obj, path, int, "int64")
            actual = _nested(obj, paths["statusReplicasPath"], int, "int64") or 0
            labels = _nested(obj, selector, str, "string") if selector else None
        except TypeError as error:
            raise BadRequest(str(error)) from error
        metadata = obj["metadata"]
        kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {name: metadata[name] for name in kept if name in metadata},
            "spec": {"replicas": wanted} if wanted else {},
            "status": {"replicas": actual, **({"selector": labels} if labels else {})},
        }

    def scaled(self, obj: Object, scale: Object) -> Object:
        """The object with the replicas that a scale asks for, in the version which it names."""
        paths = self.version.scale
        assert paths is not None
        replicas = (scale.get("spec") or {}).get("replicas") or 0
        made = meta.updated(obj, _steps(paths["specReplicasPath"]), replicas)
        version = (scale.get("metadata") or {}).get("resourceVersion")
        return meta.with_metadata(made, resourceVersion=version) if version else made

    @property
    def discovered_verbs(self) -> Sequence[str]:
        """The verbs of which discovery tells: while the definition is going, those that help with it."""
        verbs = self.resource.verbs
        return [each for each in verbs if each in TERMINATING_VERBS] if self.kind.terminating else verbs

    # --- presenting -------------------------------------------------------------------------------------

    def columns(self, subresource: str = "") -> Sequence[Column]:
        """The columns of a Table."""
        if subresource == "scale":
            return columns_for(self.resource, subresource)
        return self.version.columns

    def field_labels(self) -> Mapping[str, Callable[[Object], str]]:
        """What field selectors may name."""
        return MappingProxyType({**_names_of(self.resource), **self.version.field_labels})

    def describe(self) -> Object | None:
        """The OpenAPI schema, with the selectable fields."""
        return self.version.description


# --- helpers ------------------------------------------------------------------------------------------------


def _names_of(resource: Resource) -> Mapping[str, Callable[[Object], str]]:
    labels: dict[str, Callable[[Object], str]] = {"metadata.name": lambda obj: str(obj["metadata"]["name"])}
    if resource.namespaced:
        labels["metadata.namespace"] = lambda obj: str(obj["metadata"].get("namespace", ""))
    return labels


def _plain(value: Any, depth: int) -> Any:
    """The tree with whole numbers as such, which is how Go writes them.

    Args:
        value: The tree.
        depth: How many objects and lists it stands in.

    Raises:
        DecodeError: It is nested too deeply.
    """
    if depth > DEPTH_MAX:
        raise DecodeError(TOO_DEEP)
    if isinstance(value, dict):
        made = {key: _plain(each, depth + 1) for key, each in value.items()}
        return value if all(made[key] is each for key, each in value.items()) else made
    if isinstance(value, list):
        items = [_plain(each, depth + 1) for each in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    return value


def _with_status_of(new: Object, old: Object) -> Object:
    """The old object with the new one's status, and its word on who manages what."""
    metadata = dict(old["metadata"])
    metadata.pop("managedFields", None)
    if new["metadata"].get("managedFields"):
        metadata["managedFields"] = new["metadata"]["managedFields"]
    made = {**old, "metadata": metadata}
    return {**made, "status": new["status"]} if "status" in new else meta.without(made, ("status",))


def _finalizer_warnings(finalizers: Sequence[str]) -> tuple[str, ...]:
    warnings = []
    for each in sorted(finalizers):
        warnings += [f'metadata.finalizers: "{each}": {message}' for message in names.qualified_name(each)]
        if "/" not in each and each not in STANDARD_FINALIZERS:
            warnings.append(
                f'metadata.finalizers: "{each}": prefer a domain-qualified finalizer name including '
                "a path (/) to avoid accidental conflicts with other finalizer writers"
            )
    return tuple(warnings)


def _steps(path: str) -> list[str]:
    return path.removeprefix(".").split(".")


def _nested(obj: Any, path: str, type_: type, go_type: str) -> Any:
    """What stands at a path; None if nothing does.

    Raises:
        TypeError: It is of another type.
    """
    for step in _steps(path):
        if not isinstance(obj, dict):
            raise TypeError(_accessor_error(path, obj, "map[string]interface{}"))
        if step not in obj:
            return None
        obj = obj[step]
    if not isinstance(obj, type_) or isinstance(obj, bool):
        raise TypeError(_accessor_error(path, obj, go_type))
    return obj


def _accessor_error(path: str, value: Any, expected: str) -> str:
    return f"{path} accessor error: {go_value(value)} is of the type {go_type(value)}, expected {expected}"


def _replicas_errors(obj: Object, path: str) -> list[FieldError]:
    try:
        replicas = _nested(obj, path, int, "int64") or 0
    except TypeError as error:
        return [FieldError.invalid(path, 0, str(error))]
    if replicas < 0:
        return [FieldError.invalid(path, replicas, "should be a non-negative integer")]
    if replicas > REPLICAS_MAX:
        return [FieldError.invalid(path, replicas, f"should be less than or equal to {REPLICAS_MAX}")]
    return []
