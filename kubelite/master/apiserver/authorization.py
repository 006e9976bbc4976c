"""Who may do what: the group of masters and the cluster's own components everything, everybody a few paths.

Rules by roles (RBAC) are not there yet; what is not allowed here is refused, in the words that RBAC has.
Source: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go; the default public-info-viewer
role.
"""

from __future__ import annotations

from typing import Final

from kubelite.apimachinery.scheme import Resource
from kubelite.client.requests import SYSTEM_AUTHENTICATED, SYSTEM_MASTERS, UserInfo

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
PUBLIC_PATHS: Final = frozenset({"/version", "/version/", "/healthz", "/livez", "/readyz"})
PUBLIC_PREFIXES: Final = ("/healthz/", "/livez/", "/readyz/")
DISCOVERY_PATHS: Final = frozenset({"/api", "/apis", "/openapi", "/openapi/v2", "/openapi/v3"})
DISCOVERY_PREFIXES: Final = ("/api/", "/apis/", "/openapi/")


def is_superuser(user: UserInfo) -> bool:
    """Whether everything is allowed to this user."""
    return SYSTEM_MASTERS in user.groups or user.name in COMPONENTS or NODES_GROUP in user.groups


def may_use_path(user: UserInfo, verb: str, path: str) -> bool:
    """Whether a path that is no resource is open to the user."""
    if is_superuser(user):
        return True
    if verb not in {"get", "head"}:
        return False
    if path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES):
        return True
    discovers = path in DISCOVERY_PATHS or path.startswith(DISCOVERY_PREFIXES)
    return discovers and SYSTEM_AUTHENTICATED in user.groups


def refusal(user: UserInfo, verb: str, resource: Resource, subresource: str, namespace: str) -> str:
    """The words of a refusal."""
    what = f"{resource.plural}/{subresource}" if subresource else resource.plural
    scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    return f'User "{user.name}" cannot {verb} resource "{what}" in API group "{resource.group}" {scope}'


def path_refusal(user: UserInfo, verb: str, path: str) -> str:
    """The words of a refusal for a path that is no resource."""
    return f'forbidden: User "{user.name}" cannot {verb} path "{path}"'
