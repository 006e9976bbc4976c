"""The form that an object has once a Go program has read and written it.

Kubernetes decodes JSON into Go structs and encodes those again. What comes out may differ from what went in:
null and empty values are gone, unless the field is a pointer; required fields, and structs that are no
pointers, are always there; quantities and times are in their canonical form. Clients compare objects, so this
has to be the same here.

Whether a field is a pointer is not in Kubernetes' published facts: the exceptions are tables in `gotypes`.
Source: k8s.io/api (struct tags), encoding/json.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from kubelite.api import facts
from kubelite.api.gotypes import ALWAYS, OMITTED_OF, POINTERS, POINTERS_OF, REQUIRED_POINTERS, VALUES_OF
from kubelite.api.identity import ByIdentity
from kubelite.apimachinery import quantity, timestamps
from kubelite.apimachinery.scheme import Object, Resource

_Fix = Callable[..., Any]
_NOTHING: Final[Object] = {}

_DROP: Final = object()
"""What a fix returns for a value that Go would leave out."""

_SHARED: Final = frozenset({"api.core.v1.PodSpec"})
"""Types whose objects many others hold: their form is found once for each tree."""

_SHAPES_MAX: Final = 64
"""Compositions of fields that one type remembers."""

_SCALAR_ZEROS: Final[Mapping[str, Any]] = {"s": "", "i": 0, "l": 0, "d": 0, "b": False}
_SPECIAL_ZEROS: Final[Mapping[str, Any]] = {"=Q": "0", "=I": 0}
_CANONICAL_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CANONICAL_MICRO_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def go_form(resource: Resource, obj: Object, former: Object | None = None) -> Object:
    """The object in the form in which Kubernetes keeps it.

    Args:
        resource: the kind; a kind without facts (a custom resource) comes back as it is.
        obj: of types that fit the schema; fields that the schema does not know stay.
        former: an object that is in this form: trees which `obj` has from there are not looked at.

    Returns:
        The same object if it was in that form already.
    """
    fix = _fix_of(resource)
    return obj if fix is None else fix(obj, former or _NOTHING)


@cache
def _fix_of(resource: Resource) -> _Fix | None:
    """The fix of a kind; None without facts."""
    index = facts.index_of(resource.api_version, resource.kind)
    return None if index is None else _struct_fix(index)


def metadata_form(metadata: Object) -> Object:
    """The metadata of any object, custom or built in, in the form in which Kubernetes keeps it."""
    fixed = _metadata_fix()(metadata)
    return {} if fixed is _DROP else fixed


@cache
def _metadata_fix() -> _Fix:
    index = facts.index_of("v1", "ConfigMap")
    assert index is not None
    field = facts.type_at(index).fields["metadata"]
    return _struct_fix(field.target)


@lru_cache(maxsize=4096)
def canonical_quantity(text: str | float) -> str:
    """The one text that stands for an amount: "1000m" is "1", "0.5" is "500m"."""
    return str(quantity.parse(text))


def _time(value: Any) -> Any:
    if not isinstance(value, str) or _CANONICAL_TIME.fullmatch(value):
        return _DROP if value is None else value
    return timestamps.format_time(timestamps.parse_time(value))


def _micro_time(value: Any) -> Any:
    if not isinstance(value, str) or _CANONICAL_MICRO_TIME.fullmatch(value):
        return _DROP if value is None else value
    return timestamps.format_micro_time(timestamps.parse_time(value))


def _quantity(value: Any) -> Any:
    return _DROP if value is None else canonical_quantity(value)


def _keep(value: Any) -> Any:
    return _DROP if value is None else value


def _drop_empty(value: Any) -> Any:
    return value or _DROP


def _items_fix(fix: _Fix, *, kept: bool) -> _Fix:
    empty = None if kept else _DROP
    if fix is _keep:  # what is no struct stays as it is, null included
        return lambda value: value or empty

    def items(value: Any) -> Any:
        if not value:
            return empty
        if not isinstance(value, list):
            return value
        new = []
        same = True
        for item in value:
            fixed = fix(item)
            if fixed is _DROP:
                fixed = None
            if fixed is not item:
                same = False
            new.append(fixed)
        return value if same else new

    return items


def _values_fix(fix: _Fix, *, kept: bool, zero: Any) -> _Fix:
    empty = None if kept else _DROP

    def values(value: Any) -> Any:
        if not value:
            return empty
        if not isinstance(value, dict) or (fix is _keep and None not in value.values()):
            return value
        new = {key: zero if (fixed := fix(item)) is _DROP else fixed for key, item in value.items()}
        return value if all(new[key] is item for key, item in value.items()) else new

    return values


@cache
def _struct_fix(index: int) -> _Fix:
    """The fix of one type, compiled once: a table of what to do with each field."""
    name = facts.type_name(index)
    text = facts.type_text(index)
    if text.startswith("="):
        return _special_fix(name, text)
    always = ALWAYS.get(name, {})
    pointers = (POINTERS | POINTERS_OF.get(name, frozenset())) - VALUES_OF.get(name, frozenset())
    omitted = OMITTED_OF.get(name, ())
    fixes: dict[str, _Fix | _Late] = {}
    zeros: dict[str, Any] = {}
    for field, must_be, shape, _ in facts.split_fields(text):
        required = must_be and field not in omitted
        if shape.isdigit() and index == int(shape):
            continue
        kept = required or field in pointers or field in always
        fixes[field] = _Late(int(shape)) if shape.isdigit() else _field_fix(shape, kept=kept)
        if field in always:
            zero = always[field]
        elif required and field not in REQUIRED_POINTERS:
            zero = _zero(shape)
        else:
            continue
        zeros[field] = fixes[field](zero) if isinstance(zero, dict) else zero
    fix = _compiled(fixes, zeros)
    return ByIdentity(fix) if name in _SHARED else fix


def _zero(shape: str) -> Any:
    """What Go writes for a required field that was not given."""
    if not shape.isdigit():
        return _SCALAR_ZEROS.get(shape)
    text = facts.type_text(int(shape))
    return _SPECIAL_ZEROS.get(text) if text.startswith("=") else {}


def _compiled(fixes: Mapping[str, _Fix | _Late], zeros: Mapping[str, Any]) -> _Fix:
    plain = {field: fix for field, fix in fixes.items() if fix in _OF_SCALARS}
    """What changes only empty values."""
    shapes: dict[tuple[str, ...], tuple[list[tuple[str, Callable[..., Any], bool]], bool]] = {}
    """For objects with these fields: what is done with them whatever they hold; whether some are missing."""

    def shape_of(names: tuple[str, ...]) -> tuple[list[tuple[str, Callable[..., Any], bool]], bool]:
        deep = [(name, fixes[name]) for name in names if name in fixes and name not in plain]
        shape = (
            [
                (name, fix.fix, fix.is_struct) if isinstance(fix, _Late) else (name, fix, False)
                for name, fix in deep
            ],
            not zeros.keys() <= set(names),
        )
        if len(shapes) >= _SHAPES_MAX:
            del shapes[next(iter(shapes))]
        shapes[names] = shape
        return shape

    def fix_struct(obj: Any, former: Object = _NOTHING) -> Any:
        if not isinstance(obj, dict):
            return _DROP if obj is None else obj
        names = tuple(obj)
        deep, misses = shapes.get(names) or shape_of(names)
        changes: dict[str, Any] = {}
        for field, fix, is_struct in deep:
            value = obj[field]
            if former and value and (before := former.get(field)):
                if value is before:
                    continue
                new = fix(value, before) if is_struct else fix(value)
            else:
                new = fix(value)
            if new is not value and (new is not _DROP or (new := zeros.get(field, _DROP)) is not value):
                changes[field] = new
        if not all(obj.values()):
            for field, value in obj.items():
                if not value and (fix_empty := plain.get(field)) is not None:
                    new = fix_empty(value)
                    if new is not value:
                        changes[field] = zeros.get(field, _DROP) if new is _DROP else new
        if misses:
            changes |= {field: zero for field, zero in zeros.items() if field not in obj}
        if not changes:
            return obj
        merged = {**obj, **changes}
        return {field: value for field, value in merged.items() if value is not _DROP}

    return fix_struct


def _special_fix(name: str, text: str) -> _Fix:
    if text == "=Q":
        return _quantity
    if text == "=T":
        return _micro_time if name.endswith("MicroTime") else _time
    return _keep


def _field_fix(shape: str, *, kept: bool) -> _Fix:
    if shape.startswith("["):
        return _items_fix(_field_fix(shape[1:], kept=True), kept=kept)
    if shape.startswith("{"):
        zero = "" if shape == "{s" else None
        return _values_fix(_field_fix(shape[1:], kept=True), kept=kept, zero=zero)
    if shape.isdigit():
        return _Late(int(shape))
    return _keep if kept else _drop_empty


class _Late:
    """The fix of a type, compiled when first needed: most objects use few of the types they may hold."""

    __slots__ = ("_index",)

    def __init__(self, index: int) -> None:
        self._index = index

    @property
    def fix(self) -> _Fix:
        """The fix itself."""
        return _struct_fix(self._index)

    @property
    def is_struct(self) -> bool:
        """Whether the fix takes a former value, too."""
        text, name = facts.type_text(self._index), facts.type_name(self._index)
        return not text.startswith("=") and name not in _SHARED

    def __call__(self, value: Any) -> Any:
        """The value fixed."""
        return _struct_fix(self._index)(value)


_OF_SCALARS: Final = (_keep, _drop_empty)
