"""What admission adds to a new pod: account and token volume, tolerations, priority.

`check` judges and answers with the additions as a plan; `decorated` applies it. Between the two the pod is
validated as
the user wrote it, so that the thousand pods of one template, which share their spec, are validated once.
Source: k8s.io/kubernetes/plugin/pkg/admission (serviceaccount, defaulttolerationseconds, priority).
"""

from __future__ import annotations

from typing import Final

import attrs

from kubelite.api.podutil import is_mirror
from kubelite.api.resources import PODS, SERVICEACCOUNTS
from kubelite.apimachinery.apierrors import Forbidden
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.errors import no_service_account
from kubelite.master.store.store import Store
from kubelite.runtime import Randomness

DEFAULT_ACCOUNT: Final = "default"
TOKEN_VOLUME_PREFIX: Final = "kube-api-access-"  # noqa: S105 - a volume's name
TOKEN_MOUNT_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
TOKEN_EXPIRATION_S: Final = 3607
TOLERATION_S: Final = 300
NOT_READY: Final = "node.kubernetes.io/not-ready"
UNREACHABLE: Final = "node.kubernetes.io/unreachable"
SYSTEM_PRIORITIES: Final = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
PREEMPT: Final = "PreemptLowerPriority"

_PROJECTED: Final = {
    "sources": [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_EXPIRATION_S, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [
                    {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
                ]
            }
        },
    ],
    "defaultMode": 420,
}


@attrs.frozen
class Additions:
    """What is to be added to a pod.

    Attributes:
        account: Its service account; None for mirror pods, which have none.
        mounts_token: Whether containers get the account's token.
        pull_secrets: The account's pull secrets, for a pod without its own.
    """

    account: str | None
    mounts_token: bool
    priority: int
    pull_secrets: tuple[Object, ...] = ()


def check(store: Store, pod: Object, namespace: str, name: str) -> Additions:
    """Judge a new pod.

    Raises:
        Forbidden: Its account is missing, or its priority is not what its class says.
    """
    spec = pod["spec"]
    priority = _priority(spec, name)
    if is_mirror(pod):
        return Additions(None, mounts_token=False, priority=priority)
    account = spec.get("serviceAccountName") or DEFAULT_ACCOUNT
    entry = store.get(SERVICEACCOUNTS, namespace, account)
    if entry is None:
        raise no_service_account(PODS, name, namespace, account)
    automount = spec.get("automountServiceAccountToken")
    if automount is None:
        automount = entry.object.get("automountServiceAccountToken", True)
    secrets = () if spec.get("imagePullSecrets") else tuple(entry.object.get("imagePullSecrets") or ())
    return Additions(account, mounts_token=automount, priority=priority, pull_secrets=secrets)


def _priority(spec: Object, name: str) -> int:
    class_name = spec.get("priorityClassName")
    asked = spec.get("priority")
    if not class_name:
        value = 0
    elif class_name in SYSTEM_PRIORITIES:
        value = SYSTEM_PRIORITIES[class_name]
    else:
        text = f"no PriorityClass with name {class_name} was found"
        raise Forbidden(text, resource=PODS, name=name)
    if asked is not None and asked != value:
        text = (
            f"the integer value of priority ({asked}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name"
        )
        raise Forbidden(text, resource=PODS, name=name)
    return value


def decorated(pod: Object, additions: Additions, random: Randomness) -> Object:
    """The pod with its additions."""
    spec = {**pod["spec"], "tolerations": _tolerations(pod["spec"].get("tolerations") or [])}
    spec["priority"] = additions.priority
    spec.setdefault("preemptionPolicy", PREEMPT)
    if additions.account is not None:
        spec["serviceAccountName"] = spec["serviceAccount"] = additions.account
        if additions.pull_secrets:
            spec["imagePullSecrets"] = list(additions.pull_secrets)
        if additions.mounts_token:
            _mount_token(spec, random)
    return {**pod, "spec": spec}


def with_tolerations(pod: Object) -> Object:
    """The pod with the default tolerations, which admission sees to in updates too."""
    tolerations = pod["spec"].get("tolerations") or []
    complete = _tolerations(tolerations)
    if len(complete) == len(tolerations):
        return pod
    return {**pod, "spec": {**pod["spec"], "tolerations": complete}}


def _tolerations(tolerations: list[Object]) -> list[Object]:
    missing = [
        key for key in (NOT_READY, UNREACHABLE) if not any(_tolerates(each, key) for each in tolerations)
    ]
    return tolerations + [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATION_S}
        for key in missing
    ]


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key", "") in {key, ""} and toleration.get("effect", "") in {"NoExecute", ""}


def _mount_token(spec: Object, random: Randomness) -> None:
    """Mount the token into each container which has nothing at its place."""
    volumes = spec.get("volumes") or []
    name = next((volume["name"] for volume in volumes if volume["name"].startswith(TOKEN_VOLUME_PREFIX)), "")
    exists = bool(name)
    if not exists:
        name = TOKEN_VOLUME_PREFIX + random.suffix()
    mount = {"name": name, "readOnly": True, "mountPath": TOKEN_MOUNT_PATH}
    needed = False
    for key in ("initContainers", "containers"):
        changed = []
        for container in spec.get(key) or ():
            mounts = container.get("volumeMounts") or []
            if not any(each.get("mountPath") == TOKEN_MOUNT_PATH for each in mounts):
                container = {**container, "volumeMounts": [*mounts, mount]}
                needed = True
            changed.append(container)
        if changed:
            spec[key] = changed
    if needed and not exists:
        spec["volumes"] = [*volumes, {"name": name, "projected": _PROJECTED}]
