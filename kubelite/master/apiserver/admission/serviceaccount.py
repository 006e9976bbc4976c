"""Every pod has a service account, which has to exist, and gets its token and pull secrets.

Source: k8s.io/kubernetes/plugin/pkg/admission/serviceaccount.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.podsecrets import environment_secrets, secret_names
from kubelite.api.podutil import is_mirror
from kubelite.api.resources import PODS, SERVICEACCOUNTS
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import CREATE, UPDATE, Attributes, Plugin
from kubelite.master.apiserver.environment import Environment
from kubelite.runtime import Randomness

DEFAULT_ACCOUNT: Final = "default"
TOKEN_VOLUME_PREFIX: Final = "kube-api-access-"  # noqa: S105 - a volume's name
TOKEN_MOUNT_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
TOKEN_EXPIRATION_S: Final = 3607
ENFORCE_MOUNTABLE_SECRETS: Final = "kubernetes.io/enforce-mountable-secrets"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})

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


# --- judging ------------------------------------------------------------------------------------------------


def mirror_problem(pod: Object) -> str:
    """Why a mirror pod may not be as it is: it has no account, and nothing that comes from one."""
    spec = pod["spec"]
    if spec.get("serviceAccountName"):
        return "a mirror pod may not reference service accounts"
    if any(True for _ in secret_names(spec)):
        return "a mirror pod may not reference secrets"
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                return "a mirror pod may not use ServiceAccountToken volume projections"
    return ""


def enforces_mountable_secrets(account: Object) -> bool:
    """Whether pods of the account may use no Secrets but those that it lists."""
    annotations = account["metadata"].get("annotations") or {}
    return annotations.get(ENFORCE_MOUNTABLE_SECRETS) in _TRUE


def secrets_problem(spec: Object, account: Object, lists: tuple[tuple[str, str], ...]) -> str:
    """Which Secret a pod of an account may not use; "" if none.

    Args:
        spec: The pod's.
        account: An account which enforces its list.
        lists: Which containers to look at: the field, and the word for one of them.
    """
    name = account["metadata"]["name"]
    why = f"is not allowed because service account {name} does not reference that secret"
    mountable = {each.get("name") for each in account.get("secrets") or ()}
    for volume in spec.get("volumes") or () if len(lists) > 1 else ():
        secret = (volume.get("secret") or {}).get("secretName")
        if secret is not None and secret not in mountable:
            return f'volume with secret.secretName="{secret}" {why}'
    for field, word in lists:
        for container in spec.get(field) or ():
            for secret, where in environment_secrets(container):
                if secret not in mountable:
                    what = f'{word} {container["name"]} with {where} referencing secret.secretName="{secret}"'
                    return f"{what} {why}"
    if len(lists) == 1:
        return ""
    pullable = {each.get("name") for each in account.get("imagePullSecrets") or ()}
    for index, reference in enumerate(spec.get("imagePullSecrets") or ()):
        if reference.get("name") not in pullable:
            return (
                f'imagePullSecrets[{index}].name="{reference.get("name", "")}" is not allowed because '
                f"service account {name} does not reference that imagePullSecret"
            )
    return ""


_REGULAR: Final = (("initContainers", "init container"), ("containers", "container"))
_EPHEMERAL: Final = (("ephemeralContainers", "ephemeral container"),)


def _account(env: Environment, attributes: Attributes, name: str) -> Object:
    entry = env.store.get(SERVICEACCOUNTS, attributes.namespace, name)
    if entry is None:
        where = f"{attributes.namespace}/{name}"
        why = f'error looking up service account {where}: serviceaccount "{name}" not found'
        raise attributes.forbidden(why)
    return entry.object


def _admit(env: Environment, attributes: Attributes, obj: Object) -> Object:
    if attributes.operation != CREATE or attributes.subresource:
        return obj
    spec = obj["spec"]
    if is_mirror(obj):
        why = mirror_problem(obj)
    else:
        account = _account(env, attributes, spec.get("serviceAccountName") or DEFAULT_ACCOUNT)
        if not enforces_mountable_secrets(account):
            return obj
        complete = spec if spec.get("imagePullSecrets") else {**spec, **_pull_secrets(account)}
        why = secrets_problem(complete, account, _REGULAR)
    if why:
        raise attributes.forbidden(why)
    return obj


def _validate(env: Environment, attributes: Attributes, obj: Object) -> None:
    """Ephemeral containers are bound by the account's list, too."""
    if attributes.subresource != "ephemeralcontainers" or is_mirror(obj):
        return
    name = obj["spec"].get("serviceAccountName")
    if not name:
        pod = f"{attributes.namespace}/{obj['metadata']['name']}"
        raise attributes.forbidden(f"no service account specified for pod {pod}")
    account = _account(env, attributes, name)
    if enforces_mountable_secrets(account):
        why = secrets_problem(obj["spec"], account, _EPHEMERAL)
        if why:
            raise attributes.forbidden(why)


# --- adding -------------------------------------------------------------------------------------------------


def _pull_secrets(account: Object) -> Object:
    secrets = account.get("imagePullSecrets")
    return {"imagePullSecrets": list(secrets)} if secrets else {}


def automounts(spec: Object, account: Object) -> bool:
    """Whether a pod of the account gets its token: as the pod says, else the account, else yes."""
    for obj in (spec, account):
        said: bool | None = obj.get("automountServiceAccountToken")
        if said is not None:
            return said
    return True


def with_account(pod: Object, account: Object, random: Randomness) -> Object:
    """The pod with its account's name, token and pull secrets."""
    name = account["metadata"]["name"]
    spec = {**pod["spec"], "serviceAccountName": name, "serviceAccount": name}
    if not spec.get("imagePullSecrets"):
        spec |= _pull_secrets(account)
    if automounts(spec, account):
        _mount_token(spec, random)
    return {**pod, "spec": spec}


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


def _decorate(env: Environment, attributes: Attributes, obj: Object) -> Object:
    if attributes.operation != CREATE or attributes.subresource or is_mirror(obj):
        return obj
    name = obj["spec"].get("serviceAccountName") or DEFAULT_ACCOUNT
    return with_account(obj, _account(env, attributes, name), env.random)


PLUGIN: Final = Plugin(
    name="ServiceAccount",
    resources=frozenset({PODS.group_resource}),
    operations=frozenset({CREATE, UPDATE}),
    subresources=frozenset({"", "ephemeralcontainers"}),
    admit=_admit,
    decorate=_decorate,
    validate=_validate,
)
