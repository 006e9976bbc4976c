"""`serviceaccounts/token`: a token of an account, for an audience, bound to a pod, a Secret or a node.

Source: k8s.io/kubernetes/pkg/registry/core/serviceaccount/storage/token.go,
pkg/apis/authentication/validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from kubelite.api.resources import NODES, PODS, SECRETS, SERVICEACCOUNTS
from kubelite.apimachinery.apierrors import BadRequest, Conflict, Invalid
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time
from kubelite.client.requests import Create
from kubelite.master.apiserver.environment import Environment
from kubelite.master.auth.serviceaccounts import API_AUDIENCES, Bound

API_VERSION: Final = "authentication.k8s.io/v1"
KIND: Final = "TokenRequest"
_GROUP_KIND: Final = "TokenRequest.authentication.k8s.io"
EXPIRATION_DEFAULT_S: Final = 3600
EXPIRATION_MIN_S: Final = 600
EXPIRATION_MAX_S: Final = 1 << 32
POD_EXPIRATION_S: Final = 3607
"""What admission asks for in a pod's token volume, and what marks tokens whose life is extended."""

EXTENDED_EXPIRATION_S: Final = 365 * 24 * 3600
"""How long such a token is really valid: clients that do not read it again go on working."""


def create_token(env: Environment, request: Create, obj: Object) -> Object:
    """Issue a token.

    Args:
        env: The API server's surroundings.
        request: Whose account is asked for.
        obj: The decoded TokenRequest.

    Raises:
        APIError: A refusal, as Kubernetes words it.
    """
    metadata, name, namespace = obj.get("metadata") or {}, request.name, request.namespace
    for field, given, expected in (
        ("name", metadata.get("name"), name),
        ("namespace", metadata.get("namespace"), namespace),
    ):
        if given and given != expected:
            detail = f"must match the service account {field} if specified"
            raise Invalid(_GROUP_KIND, name, [FieldError.invalid(f"metadata.{field}", given, detail)])
    account = env.must_get(SERVICEACCOUNTS, namespace, name).object
    uid = account["metadata"]["uid"]
    if metadata.get("uid") and metadata["uid"] != uid:
        why = (
            f"the UID in the token request ({metadata['uid']}) does not match the UID of the service account "
            f"({uid})"
        )
        raise Conflict(_GROUP_KIND, name, why)
    spec = with_defaults(obj.get("spec") or {})
    errors = validate(spec)
    if errors:
        raise Invalid(_GROUP_KIND, "", errors)
    bound, is_pod = _bound(env, namespace, name, spec.get("boundObjectRef"))
    seconds: int = spec["expirationSeconds"]
    extended = is_pod and seconds == POD_EXPIRATION_S and set(spec["audiences"]) <= set(API_AUDIENCES)
    token = env.tokens.issue(
        account,
        audiences=spec["audiences"],
        expiration_s=EXTENDED_EXPIRATION_S if extended else seconds,
        token_id=env.random.uuid4(),
        bound=bound,
        warn_after_s=seconds if extended else 0,
    )
    now = env.clock.now()
    return {
        "kind": KIND,
        "apiVersion": API_VERSION,
        "metadata": {
            **metadata,
            "name": name,
            "namespace": namespace,
            "uid": uid,
            "creationTimestamp": format_time(now),
        },
        "spec": spec,
        "status": {"token": token, "expirationTimestamp": format_time(int(now) + seconds)},
    }


def with_defaults(spec: Object) -> Object:
    """What a request leaves out."""
    expiration_s = spec.get("expirationSeconds")
    return {
        "audiences": spec.get("audiences") or list(API_AUDIENCES),
        "expirationSeconds": EXPIRATION_DEFAULT_S if expiration_s is None else expiration_s,
        "boundObjectRef": spec.get("boundObjectRef"),
    }


def validate(spec: Object) -> Sequence[FieldError]:
    """The errors in a request."""
    seconds, path = spec["expirationSeconds"], "spec.expirationSeconds"
    if seconds < EXPIRATION_MIN_S:
        return [FieldError.invalid(path, seconds, "may not specify a duration less than 10 minutes")]
    if seconds > EXPIRATION_MAX_S:
        return [FieldError.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")]
    return []


def _bound(env: Environment, namespace: str, account: str, reference: Object | None) -> tuple[Bound, bool]:
    """What the token is to be bound to, and whether that is a pod.

    Raises:
        NotFound: It does not exist.
        BadRequest: It is of another kind, or a pod of another account.
        Conflict: It has another uid.
    """
    if reference is None:
        return Bound(), False
    kind, name = reference.get("kind") or "", reference.get("name") or ""
    api_version = reference.get("apiVersion") or ""
    resource = {"Pod": PODS, "Secret": SECRETS, "Node": NODES}.get(kind) if "/" not in api_version else None
    if resource is None:
        group, slash, version = api_version.rpartition("/")
        shown = f"{group}{slash}{version}, Kind={kind}" if slash else f"/{version}, Kind={kind}"
        raise BadRequest(f"cannot bind token to object of type {shown}")
    obj = env.must_get(resource, namespace if resource.namespaced else "", name).object
    if resource == PODS and obj["spec"].get("serviceAccountName") != account:
        raise BadRequest(
            f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount '
            "name."
        )
    metadata = obj["metadata"]
    if reference.get("uid") and reference["uid"] != metadata["uid"]:
        why = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise Conflict(kind, name, why)
    bound = Bound(**{kind.lower(): {"name": metadata["name"], "uid": metadata["uid"]}})
    node = obj["spec"].get("nodeName") if resource == PODS else ""
    if node:
        found = env.store.get(NODES, "", node)
        named: Object = {"name": node}
        if found is not None:
            named["uid"] = found.object["metadata"]["uid"]
        bound = attrs.evolve(bound, node=named)
    return bound, resource == PODS
