"""Who may do what: the group of masters and the cluster's own components everything, everybody a few things.

Rules by roles (RBAC) are not there yet; what is not allowed here is refused, in the words that RBAC has.
Source: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go; the default roles
public-info-viewer, discovery, basic-user and service-account-issuer-discovery.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.requests import SYSTEM_AUTHENTICATED, SYSTEM_MASTERS, UserInfo
from kubelite.runtime import Shown

COMPONENTS: Final = frozenset(
    {
        "system:apiserver",
        "system:kube-controller-manager",
        "system:kube-scheduler",
        "system:kube-proxy",
        "system:kube-dns",
    }
)
NODES_GROUP: Final = "system:nodes"
ACCOUNTS_GROUP: Final = "system:serviceaccounts"
PUBLIC_PATHS: Final = frozenset({"/version", "/version/", "/healthz", "/livez", "/readyz"})
PUBLIC_PREFIXES: Final = ("/healthz/", "/livez/", "/readyz/")
DISCOVERY_PATHS: Final = frozenset({"/api", "/apis", "/openapi", "/openapi/v2", "/openapi/v3"})
DISCOVERY_PREFIXES: Final = ("/api/", "/apis/", "/openapi/")
ISSUER_PATHS: Final = frozenset(
    {
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/",
        "/openid/v1/jwks",
        "/openid/v1/jwks/",
    }
)
SELF_REVIEWS: Final = frozenset(
    {
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authentication.k8s.io", "selfsubjectreviews"),
    }
)
"""What everybody who is known may ask about themselves."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Attributes(Shown):
    """What is asked for, in the authorizer's words.

    Attributes:
        verb: Kubernetes' verb; the HTTP method in lower case for a path.
        path: For requests that are about no resource; then the other fields are empty.
    """

    verb: str
    group: str = ""
    plural: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


def is_superuser(user: UserInfo) -> bool:
    """Whether everything is allowed to this user."""
    return SYSTEM_MASTERS in user.groups or user.name in COMPONENTS or NODES_GROUP in user.groups


def allows(user: UserInfo, asked: Attributes) -> bool:
    """Whether a user may do what is asked."""
    if is_superuser(user):
        return True
    if asked.path:
        return _allows_path(user, asked.verb, asked.path)
    is_known = SYSTEM_AUTHENTICATED in user.groups
    return is_known and asked.verb == "create" and (asked.group, asked.plural) in SELF_REVIEWS


def may_use_path(user: UserInfo, verb: str, path: str) -> bool:
    """Whether a path that is no resource is open to the user."""
    return allows(user, Attributes(verb=verb, path=path))


def _allows_path(user: UserInfo, verb: str, path: str) -> bool:
    if verb not in {"get", "head"}:
        return False
    if path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES):
        return True
    if path in ISSUER_PATHS:
        return ACCOUNTS_GROUP in user.groups
    discovers = path in DISCOVERY_PATHS or path.startswith(DISCOVERY_PREFIXES)
    return discovers and SYSTEM_AUTHENTICATED in user.groups


def rules_of(user: UserInfo) -> tuple[Sequence[Object], Sequence[Object]]:
    """What a user may do, as rules about resources and about paths."""
    resources: list[Object] = []
    paths: list[Object] = []
    if is_superuser(user):
        resources.append({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
        paths.append({"verbs": ["*"], "nonResourceURLs": ["*"]})
    if SYSTEM_AUTHENTICATED in user.groups:
        groups = sorted({group for group, _ in SELF_REVIEWS}, reverse=True)
        for group in groups:
            plurals = sorted(plural for each, plural in SELF_REVIEWS if each == group)
            resources.append({"verbs": ["create"], "apiGroups": [group], "resources": plurals})
        discovery = sorted({*DISCOVERY_PATHS, *(f"{prefix}*" for prefix in DISCOVERY_PREFIXES)})
        paths.append({"verbs": ["get"], "nonResourceURLs": discovery})
    paths.append({"verbs": ["get"], "nonResourceURLs": sorted(PUBLIC_PATHS)})
    return resources, paths


def refusal(user: UserInfo, verb: str, resource: Resource, subresource: str, namespace: str) -> str:
    """The words of a refusal."""
    what = f"{resource.plural}/{subresource}" if subresource else resource.plural
    scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    return f'User "{user.name}" cannot {verb} resource "{what}" in API group "{resource.group}" {scope}'


def path_refusal(user: UserInfo, verb: str, path: str) -> str:
    """The words of a refusal for a path that is no resource."""
    return f'forbidden: User "{user.name}" cannot {verb} path "{path}"'
