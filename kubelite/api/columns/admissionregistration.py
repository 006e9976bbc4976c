"""The columns of webhook configurations and admission policies.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kubelite.api import resources as r
from kubelite.api.columns.text import AGE, NAME, UNSET, Column
from kubelite.apimachinery.scheme import Object


def _spec(obj: Object) -> Object:
    return obj.get("spec") or {}


def _param_kind(policy: Object, _: float) -> str:
    kind = _spec(policy).get("paramKind")
    return UNSET if kind is None else f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}"


def _param_ref(binding: Object, _: float) -> str:
    reference = _spec(binding).get("paramRef")
    if reference is None:
        return UNSET
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    selector = reference.get("selector")
    return UNSET if selector is None else _go_selector(selector)


def _go_selector(selector: Object) -> str:
    """A label selector as Go's generated code prints it."""
    labels: Mapping[str, str] = selector.get("matchLabels") or {}
    pairs = "".join(f"{key}: {value}," for key, value in sorted(labels.items()))
    requirements = "".join(
        "LabelSelectorRequirement{"
        f"Key:{entry.get('key', '')},Operator:{entry.get('operator', '')},"
        f"Values:[{' '.join(entry.get('values') or ())}],}},"
        for entry in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{pairs}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{requirements}}},}}"
    )


_WEBHOOKS: Final = (
    NAME,
    Column("Webhooks", lambda obj, _: len(obj.get("webhooks") or ()), "How many there are.", type="integer"),
    AGE,
)
_PARAM_KIND: Final = Column("ParamKind", _param_kind, "The kind of its parameters.")
_BINDING: Final = (
    NAME,
    Column("PolicyName", lambda obj, _: _spec(obj).get("policyName") or "", "The policy that is bound."),
    Column("ParamRef", _param_ref, "The parameters that it gets."),
    AGE,
)
COLUMNS: Final[dict[object, tuple[Column, ...]]] = {
    r.MUTATINGWEBHOOKCONFIGURATIONS: _WEBHOOKS,
    r.VALIDATINGWEBHOOKCONFIGURATIONS: _WEBHOOKS,
    r.VALIDATINGADMISSIONPOLICIES: (
        NAME,
        Column(
            "Validations",
            lambda obj, _: len(_spec(obj).get("validations") or ()),
            "How many rules it has.",
            type="integer",
        ),
        _PARAM_KIND,
        AGE,
    ),
    r.MUTATINGADMISSIONPOLICIES: (
        NAME,
        Column(
            "Mutations",
            lambda obj, _: len(_spec(obj).get("mutations") or ()),
            "How many changes it makes.",
            type="integer",
        ),
        _PARAM_KIND,
        AGE,
    ),
    r.VALIDATINGADMISSIONPOLICYBINDINGS: _BINDING,
    r.MUTATINGADMISSIONPOLICYBINDINGS: _BINDING,
}
