"""Who a container runs as: users and groups of security contexts, and of the image. Pure.

What a container says beats what its pod says; a user without a group has that of the image's /etc/passwd, or
group 0.

Source: pkg/securitycontext/util.go (DetermineEffectiveSecurityContext),
pkg/kubelet/kuberuntime/security_context.go (verifyRunAsNonRoot), pkg/volume/util/fs_user.go.
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.apimachinery.scheme import Object
from kubelite.images.permissions import ROOT, User
from kubelite.images.registry import Image
from kubelite.node.environment import ConfigError

_FIELDS: Final = ("containers", "initContainers", "ephemeralContainers")


def effective(pod: Object, container: Object, field: str) -> Any:
    """The container's word, or else the pod's; None if neither says anything."""
    own = (container.get("securityContext") or {}).get(field)
    return (pod["spec"].get("securityContext") or {}).get(field) if own is None else own


def user_of(pod: Object, container: Object, image: Image) -> User:
    """The user, the group and the supplementary groups of a container's processes."""
    of_pod = pod["spec"].get("securityContext") or {}
    uid, gid = effective(pod, container, "runAsUser"), effective(pod, container, "runAsGroup")
    more = [*(of_pod.get("supplementalGroups") or ())]
    if of_pod.get("fsGroup") is not None:
        more.append(of_pod["fsGroup"])
    if uid is None and gid is None and not more and not image.user:
        return ROOT
    uid = image.user if uid is None else uid
    account = image.accounts.get(uid)
    if gid is None:
        gid = account.gid if account else 0
    merged = of_pod.get("supplementalGroupsPolicy") != "Strict"
    groups = (gid, *(account.groups if account and merged else ()), *more)
    return User(uid, gid, tuple(dict.fromkeys(groups)))


def check_non_root(pod: Object, container: Object, image: Image) -> None:
    """See that a container that is not to run as root does not.

    Raises:
        ConfigError: It would.
    """
    if not effective(pod, container, "runAsNonRoot"):
        return
    uid = effective(pod, container, "runAsUser")
    metadata = pod["metadata"]
    name = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
    where = f'(pod: "{name}", container: {container["name"]})'
    if uid is None and not image.user and not image.foreign:
        raise ConfigError(f"container has runAsNonRoot and image will run as root {where}")
    if uid == 0:
        raise ConfigError(f"container's runAsUser breaks non-root policy {where}")


def owner_of_files(pod: Object) -> int | None:
    """Who owns the tokens of a pod: the user of its containers if they have the same one."""
    users = {
        effective(pod, container, "runAsUser")
        for field in _FIELDS
        for container in pod["spec"].get(field) or ()
    }
    return users.pop() if len(users) == 1 else None


def group_of_files(pod: Object) -> int | None:
    """The `fsGroup` of a pod, to which its volumes belong."""
    group: int | None = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return group
