"""The hash of a pod template, by which ReplicaSets and pods of one Deployment are told apart.

Kubernetes hashes what a printer of Go values makes of the template. So that names are those of a real
cluster, this writes the same text: the fields of Go's structs in their order, each with its type.

Source: k8s.io/kubernetes/pkg/controller/controller_utils.go (ComputeHash), pkg/util/hash,
k8s.io/apimachinery/pkg/util/dump (ForHash); k8s.io/api/core/v1/types.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from kubelite.api import facts
from kubelite.api.gotypes import ALWAYS, POINTERS, POINTERS_OF, REQUIRED_POINTERS, VALUES_OF
from kubelite.api.internaltypes import NAMES, ORDER
from kubelite.apimachinery.scheme import Object

_SAFE_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_FNV_OFFSET, _FNV_PRIME, _MASK = 2166136261, 16777619, 0xFFFFFFFF
_TEMPLATE: Final = "api.core.v1.PodTemplateSpec"
_SCALARS: Final = {"s": "string", "i": "int32", "l": "int64", "b": "bool", "d": "float64", "y": "[]uint8"}
_ZEROS: Final = {"s": "", "i": 0, "l": 0, "b": False, "d": 0}

_NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "AppArmorProfile": {"type": "AppArmorProfileType"},
    "AzureDiskVolumeSource": {"cachingMode": "AzureDataDiskCachingMode", "kind": "AzureDataDiskKind"},
    "Capabilities": {"add": "Capability", "drop": "Capability"},
    "Container": {
        "restartPolicy": "ContainerRestartPolicy",
        "terminationMessagePolicy": "TerminationMessagePolicy",
        "imagePullPolicy": "PullPolicy",
    },
    "ContainerPort": {"protocol": "Protocol"},
    "ContainerResizePolicy": {
        "resourceName": "ResourceName",
        "restartPolicy": "ResourceResizeRestartPolicy",
    },
    "ContainerRestartRule": {"action": "ContainerRestartRuleAction"},
    "ContainerRestartRuleOnExitCodes": {"operator": "ContainerRestartRuleOnExitCodesOperator"},
    "EmptyDirVolumeSource": {"medium": "StorageMedium"},
    "HTTPGetAction": {"scheme": "URIScheme"},
    "HostPathVolumeSource": {"type": "HostPathType"},
    "ImageVolumeSource": {"pullPolicy": "PullPolicy"},
    "LabelSelectorRequirement": {"operator": "LabelSelectorOperator"},
    "Lifecycle": {"stopSignal": "Signal"},
    "NodeSelectorRequirement": {"operator": "NodeSelectorOperator"},
    "PersistentVolumeClaimSpec": {
        "accessModes": "PersistentVolumeAccessMode",
        "volumeMode": "PersistentVolumeMode",
    },
    "PodOS": {"name": "OSName"},
    "PodReadinessGate": {"conditionType": "PodConditionType"},
    "PodSecurityContext": {
        "fsGroupChangePolicy": "PodFSGroupChangePolicy",
        "seLinuxChangePolicy": "PodSELinuxChangePolicy",
        "supplementalGroupsPolicy": "SupplementalGroupsPolicy",
    },
    "PodSpec": {
        "restartPolicy": "RestartPolicy",
        "dnsPolicy": "DNSPolicy",
        "preemptionPolicy": "PreemptionPolicy",
        "overhead": "ResourceList",
    },
    "ResourceRequirements": {"limits": "ResourceList", "requests": "ResourceList"},
    "SeccompProfile": {"type": "SeccompProfileType"},
    "SecurityContext": {"procMount": "ProcMountType"},
    "Toleration": {"operator": "TolerationOperator", "effect": "TaintEffect"},
    "TopologySpreadConstraint": {
        "whenUnsatisfiable": "UnsatisfiableConstraintAction",
        "nodeAffinityPolicy": "NodeInclusionPolicy",
        "nodeTaintsPolicy": "NodeInclusionPolicy",
    },
    "VolumeMount": {
        "recursiveReadOnly": "RecursiveReadOnlyMode",
        "mountPropagation": "MountPropagationMode",
    },
    "VolumeResourceRequirements": {"limits": "ResourceList", "requests": "ResourceList"},
}
"""Fields whose types have names of their own, in package v1; of a list, those of its items."""

_REFERENCE: Final = ("LocalObjectReference", ("name",))
_EMBEDDED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "ConfigMapEnvSource": _REFERENCE,
    "ConfigMapKeySelector": _REFERENCE,
    "ConfigMapProjection": _REFERENCE,
    "ConfigMapVolumeSource": _REFERENCE,
    "Probe": ("ProbeHandler", ("exec", "httpGet", "tcpSocket", "grpc")),
    "SecretEnvSource": _REFERENCE,
    "SecretKeySelector": _REFERENCE,
    "SecretProjection": _REFERENCE,
}
"""Structs within structs, whose fields JSON writes as those of the outer one: (type, fields)."""

_SPEC_ORDER: Final = (
    "volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds "
    "activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount "
    "automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext "
    "imagePullSecrets hostname subdomain affinity schedulerName tolerations hostAliases priorityClassName "
    "priority dnsConfig readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead "
    "topologySpreadConstraints setHostnameAsFQDN os hostUsers schedulingGates resourceClaims resources "
    "hostnameOverride schedulingGroup"
)
_CONTEXT_ORDER: Final = (
    "seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot supplementalGroups "
    "supplementalGroupsPolicy fsGroup sysctls fsGroupChangePolicy seccompProfile appArmorProfile "
    "seLinuxChangePolicy"
)
_VOLUME_ORDER: Final = (
    "name hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs "
    "persistentVolumeClaim rbd flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap "
    "vsphereVolume quobyte azureDisk photonPersistentDisk projected portworxVolume scaleIO storageos csi "
    "ephemeral image"
)
_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    **ORDER,
    "api.core.v1.PodSpec": tuple(_SPEC_ORDER.split()),
    "api.core.v1.PodSecurityContext": tuple(_CONTEXT_ORDER.split()),
    "api.core.v1.Volume": tuple(_VOLUME_ORDER.split()),
}
_GO_NAMES: Final = {**NAMES, "metadata": "ObjectMeta", "serviceAccount": "DeprecatedServiceAccount"}

_METADATA: Final = (
    "{{Name:(string){name} GenerateName:(string){generateName} Namespace:(string){namespace} "
    "SelfLink:(string) UID:(types.UID){uid} ResourceVersion:(string) Generation:(int64)0 "
    "CreationTimestamp:(v1.Time){{Time:(time.Time){{wall:(uint64)0 ext:(int64)0 "
    "loc:(*time.Location)<nil>}}}} DeletionTimestamp:(*v1.Time)<nil> "
    "DeletionGracePeriodSeconds:(*int64)<nil> Labels:(map[string]string){labels} "
    "Annotations:(map[string]string){annotations} OwnerReferences:([]v1.OwnerReference)<nil> "
    "Finalizers:([]string){finalizers} ManagedFields:([]v1.ManagedFieldsEntry)<nil>}}"
)
_QUANTITY: Final = re.compile(r"([+-]?)(\d+)([A-Za-z]*)(-?\d*)")
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def template_hash(template: Object, collisions: int | None = None) -> str:
    """The hash, in letters that spell no words.

    Args:
        template: With defaults, without a hash among its labels.
        collisions: How often the name that the hash made was taken; None if never.
    """
    count = b"" if collisions is None else collisions.to_bytes(8, "little")
    value = _FNV_OFFSET
    for byte in go_text(template).encode() + count:
        value = ((value ^ byte) * _FNV_PRIME) & _MASK
    return safe_text(value)


def safe_text(value: int) -> str:
    """A hash in letters that spell no words."""
    return "".join(_SAFE_LETTERS[ord(digit) % len(_SAFE_LETTERS)] for digit in str(value))


def go_text(template: Object) -> str:
    """What Go prints of a template."""
    return f"(v1.PodTemplateSpec){_struct(facts.index_of_type(_TEMPLATE), template)}"


@lru_cache(256)
def _fields(index: int) -> tuple[tuple[str, str, str, str, bool], ...]:
    """(field, name and type as Go writes them, shape, type without pointer, whether it is a pointer)."""
    name = facts.type_name(index)
    always = ALWAYS.get(name, {})
    pointers = (POINTERS | POINTERS_OF.get(name, frozenset())) - VALUES_OF.get(name, frozenset())
    named = _NAMED.get(name.rpartition(".")[2], {})
    known = {
        field: (required, shape) for field, required, shape, _ in facts.split_fields(facts.type_text(index))
    }
    found = []
    for field in _ORDER.get(facts.type_name(index), tuple(known)):
        required, shape = known[field]
        type_ = _go_type(shape, named.get(field, ""))
        if shape.isdigit():
            is_value = field in always or (required and field not in REQUIRED_POINTERS)
            is_pointer = not is_value
        else:
            is_pointer = shape in _SCALARS and field in pointers
        go_name = _GO_NAMES.get(field) or field[0].upper() + field[1:]
        found.append((field, go_name, shape, type_, is_pointer))
    return tuple(found)


def _go_type(shape: str, named: str) -> str:
    if shape.startswith("["):
        return f"[]{_go_type(shape[1:], named)}"
    if named:
        return f"v1.{named}"
    if shape.startswith("{"):
        return f"map[string]{_go_type(shape[1:], '')}"
    if not shape.isdigit():
        return _SCALARS[shape]
    last = facts.type_name(int(shape)).rpartition(".")[2]
    return {"Quantity": "resource.Quantity", "IntOrString": "intstr.IntOrString"}.get(last, f"v1.{last}")


def _struct(index: int, value: Any) -> str:
    last = facts.type_name(index).rpartition(".")[2]
    match last:
        case "Quantity":
            return _quantity(str(value) if value else "0")
        case "IntOrString":
            type_, number, text = (1, 0, value) if isinstance(value, str) else (0, value or 0, "")
            return f"{{Type:(intstr.Type){type_} IntVal:(int32){number} StrVal:(string){text}}}"
        case "ObjectMeta":
            return _metadata(value)
    parts = {field: _field(spec, value.get(field)) for field, *spec in _fields(index)}
    if last == "Volume":
        name = parts.pop("name")
        return f"{{{name} VolumeSource:(v1.VolumeSource){{{' '.join(parts.values())}}}}}"
    if last in _EMBEDDED:
        inner, fields = _EMBEDDED[last]
        embedded = " ".join(parts.pop(field) for field in fields)
        return "{" + " ".join([f"{inner}:(v1.{inner}){{{embedded}}}", *parts.values()]) + "}"
    return "{" + " ".join(parts.values()) + "}"


def _field(spec: list[Any], value: Any) -> str:
    name, shape, type_, is_pointer = spec
    if value is None and is_pointer:
        return f"{name}:(*{type_})<nil>"
    if value is None:
        value = _ZEROS.get(shape, {} if shape.isdigit() else None)
    return f"{name}:({'*' if is_pointer else ''}{type_}){_value(shape, value)}"


def _value(shape: str, value: Any) -> str:
    if shape.startswith("["):
        return f"[{' '.join(_value(shape[1:], each) for each in value)}]" if value else "<nil>"
    if shape.startswith("{"):
        if not value:
            return "<nil>"
        return f"map[{' '.join(f'{key}:{_value(shape[1:], value[key])}' for key in sorted(value))}]"
    if shape.isdigit():
        return _struct(int(shape), value)
    if shape == "b":
        return "true" if value else "false"
    return str(value)


def _metadata(value: Any) -> str:
    texts = {key: value.get(key) or "" for key in ("name", "generateName", "namespace", "uid")}
    maps = {key: _value("{s", value.get(key)) for key in ("labels", "annotations")}
    return _METADATA.format(**texts, **maps, finalizers=_value("[s", value.get("finalizers")))


def _quantity(text: str) -> str:
    number, scale, form = 0, 0, ""
    found = _QUANTITY.fullmatch(text)
    if found is not None and text != "0":
        sign, digits, suffix, exponent = found.groups()
        number = int(sign + digits)
        if suffix in _BINARY:
            number, form = number << _BINARY[suffix], "BinarySI"
        elif exponent:
            scale, form = int(exponent), "DecimalExponent"
        else:
            scale, form = _DECIMAL.get(suffix, 0), "DecimalSI"
    return (
        f"{{i:(resource.int64Amount){{value:(int64){number} scale:(resource.Scale){scale}}} "
        f"d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){text} Format:(resource.Format){form}}}"
    )
