"""Warnings about pods and the templates of pods.

Source: k8s.io/kubernetes/pkg/api/pod/warnings.go, pkg/api/node/util.go (deprecated labels).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kubelite.api.identity import ByIdentity
from kubelite.api.validation import names
from kubelite.api.warnings.addresses import ip_warnings
from kubelite.api.warnings.quantities import fractional
from kubelite.apimachinery.scheme import Object

DEPRECATED_NODE_LABELS: Final = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": (
        'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    ),
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
}
_SYSCTLS: Final = 'non-functional in v1.11+; use the "sysctls" field instead'
DEPRECATED_ANNOTATIONS: Final = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": _SYSCTLS,
    "security.alpha.kubernetes.io/unsafe-sysctls": _SYSCTLS,
}
DEPRECATED_VOLUMES: Final = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_SHOWN_VOLUMES: Final = {"storageos": "storageOS"}
"""Where the path names the field of the struct and not that of the JSON."""

SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
NO_SELECTOR: Final = "a null labelSelector results in matching no pod"
_SECCOMP_TEXT: Final = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_APPARMOR_TEXT: Final = 'deprecated since v1.30; use the "appArmorProfile" field instead'
_FRACTIONS: Final = ("memory", "ephemeral-storage")
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


def pod_warnings(pod: Object) -> list[str]:
    """The warnings about a new pod."""
    messages = names.dns_label(pod["metadata"].get("name") or "")
    warnings = []
    if messages:
        warnings.append(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising "
            "behavior; a DNS "
            f"label is recommended: [{' '.join(messages)}]"
        )
    return warnings + template_warnings(pod, "")


def template_warnings(template: Object, path: str) -> list[str]:
    """The warnings about a template, or with an empty path about a pod."""
    prefix = f"{path}." if path else ""
    spec: Object = template.get("spec") or {}
    annotations: Object = (template.get("metadata") or {}).get("annotations") or {}
    first, second, third = _of_spec(spec)
    here = f"{prefix}metadata.annotations"
    warnings = [prefix + each for each in first]
    if annotations:
        warnings += [
            f"{here}[{key}]: {text}" for key, text in DEPRECATED_ANNOTATIONS.items() if key in annotations
        ]
    warnings += [prefix + each for each in second]
    if annotations:
        warnings += _profile_warnings(spec, annotations, here)
    return warnings + [prefix + each for each in third]


def _find(spec: Object) -> tuple[list[str], list[str], list[str]]:
    third = [*_container_warnings(spec), *_port_warnings(spec), *_other_warnings(spec)]
    return _node_warnings(spec), _volume_and_list_warnings(spec), third


_of_spec: Final = ByIdentity(_find)
"""What is said of a spec, between what is said of annotations; pods of one template share it."""


def _node_warnings(spec: Object) -> list[str]:
    warnings = [
        f"spec.nodeSelector[{key}]: {DEPRECATED_NODE_LABELS[key]}"
        for key in spec.get("nodeSelector") or ()
        if key in DEPRECATED_NODE_LABELS
    ]
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    here = "spec.affinity.nodeAffinity"
    for index, term in enumerate((affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        warnings += node_term_warnings(term, f"{here}.{_REQUIRED}.nodeSelectorTerms[{index}]")
    for index, preferred in enumerate(affinity.get(_PREFERRED) or ()):
        term = preferred.get("preference") or {}
        warnings += node_term_warnings(term, f"{here}.{_PREFERRED}[{index}].preference")
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        key = constraint.get("topologyKey") or ""
        here = f"spec.topologySpreadConstraints[{index}]"
        if key in DEPRECATED_NODE_LABELS:
            warnings.append(f"{here}.topologyKey: {key} is {DEPRECATED_NODE_LABELS[key]}")
        if constraint.get("labelSelector") is None:
            warnings.append(f"{here}.labelSelector: {NO_SELECTOR}")
    return warnings


def node_term_warnings(term: Object, path: str) -> list[str]:
    """The warnings about one term of a node selector."""
    warnings = []
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        key, here = requirement.get("key") or "", f"{path}.matchExpressions[{index}]"
        if key in DEPRECATED_NODE_LABELS:
            warnings.append(f"{here}.key: {key} is {DEPRECATED_NODE_LABELS[key]}")
        warnings += [
            f'{here}.values[{position}]: "{value}" is invalid, {message}'
            for position, value in enumerate(requirement.get("values") or ())
            for message in names.label_value(value)
        ]
    return warnings


def _volume_and_list_warnings(spec: Object) -> list[str]:
    warnings = []
    volumes = spec.get("volumes") or ()
    for index, volume in enumerate(volumes):
        here = f"spec.volumes[{index}]"
        warnings += [
            f"{here}.{_SHOWN_VOLUMES.get(kind, kind)}: {DEPRECATED_VOLUMES[kind]}"
            for kind in DEPRECATED_VOLUMES
            if volume.get(kind) is not None
        ]
        template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        if template is not None:
            claim = template.get("spec") or {}
            warnings += claim_warnings(claim, f"{here}.ephemeral.volumeClaimTemplate.spec")
    warnings += _token_path_warnings(volumes)
    for field, key, word in (("hostAliases", "ip", "ip"), ("imagePullSecrets", "name", "name")):
        seen: set[str] = set()
        for index, item in enumerate(spec.get(field) or ()):
            value = item.get(key) or ""
            if value in seen:
                warnings.append(f'spec.{field}[{index}].{key}: duplicate {word} "{value}"')
            seen.add(value)
            if field == "hostAliases":
                warnings += ip_warnings(f"spec.{field}[{index}].{key}", value)
    warnings += [
        f'spec.imagePullSecrets[{index}].name: invalid empty name ""'
        for index, secret in enumerate(spec.get("imagePullSecrets") or ())
        if not secret.get("name")
    ]
    for name in _FRACTIONS:
        warnings += fractional((spec.get("overhead") or {}).get(name), f"spec.overhead[{name}]")
    for index, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        warnings += ip_warnings(f"spec.dnsConfig.nameservers[{index}]", server)
    return warnings


def claim_warnings(spec: Object, path: str = "spec") -> list[str]:
    """The warnings about the spec of a PersistentVolumeClaim."""
    resources = spec.get("resources") or {}
    return [
        warning
        for field in ("requests", "limits")
        for warning in fractional(
            (resources.get(field) or {}).get("storage"), f"{path}.resources.{field}[storage]"
        )
    ]


def _token_path_warnings(volumes: list[Object] | tuple[()]) -> list[str]:
    """Files of other sources that hide a token."""
    projected = [
        (index, source)
        for index, volume in enumerate(volumes)
        for source in (volume.get("projected") or {}).get("sources") or ()
    ]
    paths = {
        source["serviceAccountToken"].get("path")
        for _, source in projected
        if source.get("serviceAccountToken") is not None
    }
    if not paths:
        return []
    warnings = []
    for index, source in projected:
        here = f"spec.volumes[{index}].projected.sources"
        for kind, word in (("configMap", "configMap"), ("secret", "secrets"), ("downwardAPI", "downwardAPI")):
            for position, item in enumerate((source.get(kind) or {}).get("items") or ()):
                if item.get("path") in paths:
                    text = f'has duplicated path with ServiceAccountToken "{item["path"]}"'
                    warnings.append(f"{here}.{word}[{position}]: {text}")
        path = (source.get("clusterTrustBundle") or {}).get("path")
        if path in paths:
            text = f'has duplicated path with ServiceAccountToken "{path}"'
            warnings.append(f"{here}.ClusterTrustBundle: {text}")
    return warnings


def _profile_warnings(spec: Object, annotations: Object, path: str) -> list[str]:
    context = spec.get("securityContext") or {}
    warnings = []
    if context.get("seccompProfile") is None and SECCOMP_POD in annotations:
        warnings.append(f"{path}[{SECCOMP_POD}]: {_SECCOMP_TEXT}")
    for container, _ in _containers(spec):
        own = container.get("securityContext") or {}
        key = SECCOMP_CONTAINER + container.get("name", "")
        if own.get("seccompProfile") is None and key in annotations:
            warnings.append(f"{path}[{key}]: {_SECCOMP_TEXT}")
        key = APPARMOR + container.get("name", "")
        has_field = context.get("appArmorProfile") is not None or own.get("appArmorProfile") is not None
        if not has_field and key in annotations:
            warnings.append(f"{path}[{key}]: {_APPARMOR_TEXT}")
    return warnings


def _containers(spec: Object) -> Iterator[tuple[Object, str]]:
    """All containers with their paths, in the order in which Kubernetes visits them."""
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield container, f"spec.{field}[{index}]"


def _container_warnings(spec: Object) -> list[str]:
    warnings = []
    for container, path in _containers(spec):
        resources = container.get("resources") or {}
        for name in _FRACTIONS:
            for field in ("limits", "requests"):
                here = f"{path}.resources.{field}[{name}]"
                warnings += fractional((resources.get(field) or {}).get(name), here)
        warnings += _hidden_variables(container.get("env") or (), f"{path}.env")
    return warnings


def _hidden_variables(env: list[Object] | tuple[()], path: str) -> list[str]:
    warnings = []
    seen: set[str] = set()
    for index, variable in enumerate(env):
        name, value = variable.get("name") or "", variable.get("value") or ""
        reference = f"$({name})"
        extends = variable.get("valueFrom") is None and reference in value and value != reference
        if name in seen and not extends:
            text = f'hides previous definition of "{name}", which may be dropped when using apply'
            warnings.append(f"{path}[{index}]: {text}")
        seen.add(name)
    return warnings


def _port_warnings(spec: Object) -> list[str]:
    warnings = []
    taken: dict[tuple[int, str], list[tuple[str, str, int]]] = {}
    for container, path in _containers(spec):
        for index, port in enumerate(container.get("ports") or ()):
            here = f"{path}.ports[{index}]"
            host_ip, host_port = port.get("hostIP") or "", port.get("hostPort") or 0
            number, protocol = port.get("containerPort") or 0, port.get("protocol") or ""
            if host_ip and not host_port:
                shown = (
                    f"{{Name:{port.get('name', '')} HostPort:0 ContainerPort:{number} Protocol:{protocol} "
                    f"HostIP:{host_ip}}}"
                )
                warnings.append(f"{here}: hostIP set without hostPort: {shown}")
            others = taken.setdefault((number, protocol), [])
            for other, other_ip, other_port in others:
                if (host_ip, host_port) == (other_ip, other_port):
                    warnings.append(f"{here}: duplicate port definition with {other}")
                elif not host_port or not other_port:
                    warnings.append(f"{here}: overlapping port definition with {other}")
                elif host_port == other_port and (not host_ip) != (not other_ip):
                    warnings.append(f"{here}: dangerously ambiguous port definition with {other}")
            others.append((here, host_ip, host_port))
    return warnings


def _other_warnings(spec: Object) -> list[str]:
    warnings = []
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        text = "must be >= 0; negative values are invalid and will be treated as 1"
        warnings.append(f"spec.terminationGracePeriodSeconds: {text}")
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        here = f"spec.affinity.{kind}"
        warnings += [
            f"{here}.{_REQUIRED}[{index}].labelSelector: {NO_SELECTOR}"
            for index, term in enumerate(rules.get(_REQUIRED) or ())
            if term.get("labelSelector") is None
        ]
        warnings += [
            f"{here}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector: {NO_SELECTOR}"
            for index, weighted in enumerate(rules.get(_PREFERRED) or ())
            if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None
        ]
    return warnings
