"""Which resource a path names, and whether it may be used in this way. Pure.

Source: k8s.io/apiserver/pkg/endpoints/installer.go (which methods each kind of path has).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kubelite.api.resources import subresource_of
from kubelite.apimachinery.apierrors import BadRequest, MethodNotAllowed, NotFound
from kubelite.apimachinery.scheme import Resource, Scheme
from kubelite.master.rest.requestinfo import RequestInfo

_METHOD_VERBS: Final = {"POST": "create", "GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def route(scheme: Scheme, info: RequestInfo) -> Resource:
    """The resource that a path names, if it may be used in this way.

    Raises:
        NotFound: There is no such resource, or not there.
        MethodNotAllowed: It does not know the method.
    """
    resource = scheme.by_plural(info.group, info.version, info.plural)
    if resource is None:
        raise NotFound.path()
    if scheme.strategy(resource).unstructured:
        _check_custom(resource, info)
    if info.namespace and not resource.namespaced:
        raise NotFound.path()
    if info.name and resource.namespaced and not info.namespace:
        raise NotFound.path()
    if info.subresource:
        if info.subresource not in resource.subresources:
            raise NotFound.path()
        if info.subresource == "proxy":
            return resource
        found = subresource_of(resource, info.subresource)
        verbs: Iterable[str] = found.verbs if found is not None else ("get", "patch", "update")
        if _METHOD_VERBS.get(info.method, "") not in verbs:
            raise MethodNotAllowed
        if info.rest:
            raise NotFound.path()
        return resource
    allowed = info.verb in resource.verbs and info.method != "HEAD"
    if info.name:
        allowed = allowed and info.verb in {"get", "update", "patch", "delete", "watch"}
    else:
        allowed = allowed and info.verb in {"create", "list", "watch", "deletecollection"}
        if info.verb in {"create", "deletecollection"} and resource.namespaced and not info.namespace:
            allowed = False
    if not allowed:
        raise MethodNotAllowed
    return resource


def _check_custom(resource: Resource, info: RequestInfo) -> None:
    """Refuse what is wrong about a path of a custom resource in another way than of built-in ones.

    Source: k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go (ServeHTTP, serveResource).

    Raises:
        NotFound: It is not there, or has no such subresource.
        BadRequest: The path lacks a name.
    """
    if resource.namespaced and not info.namespace and info.verb not in {"list", "watch"}:
        raise NotFound.path()
    if info.subresource and info.subresource not in resource.subresources:
        raise NotFound(resource, info.name)
    if not info.name and info.verb in {"update", "patch"}:
        raise BadRequest("name must be provided")


def is_custom_group(scheme: Scheme, group: str) -> bool:
    """Whether a group is one of custom resources."""
    return any(each.group == group and scheme.strategy(each).unstructured for each in scheme.resources())
