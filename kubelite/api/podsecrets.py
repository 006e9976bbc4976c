"""The Secrets that a pod names, wherever it may name one.

Source: k8s.io/kubernetes/pkg/api/v1/pod/util.go (VisitPodSecretNames).
"""

from __future__ import annotations

from collections.abc import Iterator

from kubelite.api.podutil import containers
from kubelite.apimachinery.scheme import Object


def secret_names(pod_spec: Object) -> Iterator[str]:
    """The names of all Secrets, some perhaps more than once."""
    for reference in pod_spec.get("imagePullSecrets") or ():
        yield reference.get("name") or ""
    for container in containers(pod_spec):
        for name, _ in environment_secrets(container):
            yield name
    for volume in pod_spec.get("volumes") or ():
        for source in volume.values():
            if isinstance(source, dict):
                yield from _of_source(source)


def environment_secrets(container: Object) -> Iterator[tuple[str, str]]:
    """The Secrets that a container's environment comes from, each with the words for where it stands."""
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if reference is not None:
            yield reference.get("name") or "", f"envVar {variable.get('name', '')}"
    for source in container.get("envFrom") or ():
        if source.get("secretRef") is not None:
            yield source["secretRef"].get("name") or "", "envFrom"


def _of_source(source: Object) -> Iterator[str]:
    """The Secrets of one volume."""
    if "secretName" in source:
        yield source["secretName"] or ""
    for key in ("secretRef", "nodePublishSecretRef"):
        if source.get(key) is not None:
            yield source[key].get("name") or ""
    for inner in source.get("sources") or ():
        if inner.get("secret") is not None:
            yield inner["secret"].get("name") or ""
