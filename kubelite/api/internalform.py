"""How Kubernetes shows a struct in the text of an error: as JSON of its internal type.

Internal types have Go's names for their fields and leave nothing out. Types of the metadata are the same
inside and outside.

Source: k8s.io/kubernetes/pkg/apis/*/types.go, k8s.io/apimachinery/pkg/util/validation/field (ErrorBody).
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.api import facts
from kubelite.api.gotypes import ALWAYS, POINTERS, POINTERS_OF, REQUIRED_POINTERS, VALUES_OF
from kubelite.api.internaltypes import NAMES, OF_THE_HOST, ORDER

_ZEROS: Final = {"s": "", "i": 0, "l": 0, "d": 0, "b": False}
_SHARED_TYPES: Final = "apimachinery.pkg.apis.meta"
_TEMPLATES: Final = frozenset({"api.core.v1.PodTemplateSpec", "api.resource.v1.ResourceClaimTemplateSpec"})
_POD_SPEC: Final = "api.core.v1.PodSpec"
_POD_CONTEXT: Final = "api.core.v1.PodSecurityContext"


def internal_form(type_name: str, value: Any) -> Any:
    """A value in the form of its internal type.

    Args:
        type_name: The definition's name, such as "api.apps.v1.DeploymentStrategy".
        value: In the form of that version; None is null.
    """
    return _struct(facts.index_of_type(type_name), value)


def _struct(index: int, value: Any) -> Any:
    name, text = facts.type_name(index), facts.type_text(index)
    if value is None or text.startswith("=") or name.startswith(_SHARED_TYPES):
        return value
    if name == _POD_SPEC:
        return _pod_spec(index, value)
    if name in _TEMPLATES:
        # The metadata is embedded and has no name of its own.
        return {**(value.get("metadata") or {}), **_fields(index, value, ("spec",))}
    return _fields(index, value, ORDER.get(name))


def _pod_spec(index: int, spec: Any) -> Any:
    """A spec, in whose security context what it shares with its host comes first."""
    shown = _fields(index, spec, ORDER[_POD_SPEC])
    shared = _fields(index, spec, OF_THE_HOST)
    context = _struct(facts.index_of_type(_POD_CONTEXT), spec.get("securityContext") or {})
    return {**shown, "SecurityContext": {**shared, **context}}


def _fields(index: int, value: Any, order: tuple[str, ...] | None) -> dict[str, Any]:
    """The fields of a struct, in an order or in that of the version."""
    name = facts.type_name(index)
    always = ALWAYS.get(name, {})
    pointers = (POINTERS | POINTERS_OF.get(name, frozenset())) - VALUES_OF.get(name, frozenset())
    known = {
        field: (required, shape) for field, required, shape, _ in facts.split_fields(facts.type_text(index))
    }
    shown = {}
    for field in known if order is None else order:
        required, shape = known[field]
        given = value.get(field)
        if given is None:
            held = field in always or (required and field not in REQUIRED_POINTERS)
            shown[_go_name(field)] = _zero(shape, held=held, pointer=field in pointers)
        else:
            shown[_go_name(field)] = _shown(shape, given)
    return shown


def _go_name(field: str) -> str:
    return NAMES.get(field) or field[0].upper() + field[1:]


def _shown(shape: str, value: Any) -> Any:
    if shape.startswith("["):
        return [_shown(shape[1:], each) for each in value]
    if shape.startswith("{"):
        return {key: _shown(shape[1:], each) for key, each in value.items()}
    return _struct(int(shape), value) if shape.isdigit() else value


def _zero(shape: str, *, held: bool, pointer: bool) -> Any:
    """What a field holds that was not given.

    Args:
        shape: Of the field.
        held: Whether a struct is no pointer.
        pointer: Whether a scalar is one.
    """
    if shape.isdigit():
        return _struct(int(shape), {}) if held and not facts.type_text(int(shape)).startswith("=") else None
    return None if pointer else _ZEROS.get(shape)
