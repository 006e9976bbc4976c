"""An Ingress that names no class gets the default one.

Source: k8s.io/kubernetes/plugin/pkg/admission/network/defaultingressclass.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.resources import INGRESSCLASSES, INGRESSES
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import Attributes, Plugin
from kubelite.master.apiserver.admission.defaultclass import default_class
from kubelite.master.apiserver.environment import Environment

CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
DEFAULT_ANNOTATION: Final = "ingressclass.kubernetes.io/is-default-class"


def _admit(env: Environment, _attributes: Attributes, obj: Object) -> Object:
    spec = obj.get("spec") or {}
    named = CLASS_ANNOTATION in (obj["metadata"].get("annotations") or {})
    if named or spec.get("ingressClassName") is not None:
        return obj
    found = default_class(env.store, INGRESSCLASSES, (DEFAULT_ANNOTATION,))
    if found is None:
        return obj
    return {**obj, "spec": {**spec, "ingressClassName": found["metadata"]["name"]}}


PLUGIN: Final = Plugin(
    name="DefaultIngressClass", resources=frozenset({INGRESSES.group_resource}), admit=_admit
)
