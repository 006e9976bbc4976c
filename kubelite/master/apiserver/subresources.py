"""POST to what stores nothing of its own: reviews, and the actions on an object.

Each is answered by a function of the request and its decoded body.

Source: k8s.io/apiserver/pkg/endpoints/handlers/create.go (NamedCreater).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from kubelite.api import resources as r
from kubelite.apimachinery.apierrors import MethodNotAllowed, NotFound
from kubelite.apimachinery.managedfields import with_entries
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.requests import Answer, Create, Item
from kubelite.master.apiserver import binding, eviction, tokenrequest
from kubelite.master.apiserver.admission import namespaces
from kubelite.master.apiserver.environment import Environment
from kubelite.master.apiserver.errors import success
from kubelite.master.apiserver.reviews import REVIEWS
from kubelite.master.apiserver.writes import check_namespace

Act = Callable[[Environment, Create, Object], Answer]


class Action(NamedTuple):
    """What is done by a POST.

    Attributes:
        kind: apiVersion and kind of the body.
        act: Does it.
        is_admitted: Whether it counts as creating something in its namespace.
    """

    kind: tuple[str, str]
    act: Act
    is_admitted: bool = True


def _bind(env: Environment, request: Create, obj: Object) -> Answer:
    binding.bind(env, request, obj)
    return Answer(Item(success(code=201)), 201)


def _evict(env: Environment, request: Create, obj: Object) -> Answer:
    eviction.evict(env, request, obj)
    return Answer(Item(success(code=201)), 201)


def _token(env: Environment, request: Create, obj: Object) -> Answer:
    made = tokenrequest.create_token(env, request, obj)
    kind = (tokenrequest.API_VERSION, tokenrequest.KIND)
    spec = obj.get("spec") or {}
    asked = {**made["spec"], **{key: spec.get(key) for key in ("audiences", "boundObjectRef")}}
    return Answer(Item(_accounted(env, request, made, {**obj, "spec": asked}, kind)), 201)


def _review(env: Environment, request: Create, obj: Object) -> Answer:
    resource = request.resource
    made = REVIEWS[resource](obj, request.user, request.namespace, env.now_text(), env.authenticator)
    return Answer(Item(_accounted(env, request, made, obj, (resource.api_version, resource.kind))), 201)


def _accounted(
    env: Environment, request: Create, made: Object, given: Object, kind: tuple[str, str]
) -> Object:
    """The answer with managed fields: those of what was asked."""
    manager = env.field_managers.of_body(*kind, request.subresource)
    owned = manager.update(
        None, {**given, "metadata": given.get("metadata") or {}}, request.field_manager, env.now_text()
    )
    return with_entries(made, owned["metadata"].get("managedFields") or ())


BINDING: Final = Action(("v1", "Binding"), _bind)
_ACTIONS: Final[Mapping[tuple[Resource, str], Action]] = {
    (r.PODS, "binding"): BINDING,
    (r.BINDINGS, ""): BINDING,
    (r.PODS, "eviction"): Action(("policy/v1", "Eviction"), _evict),
    (r.SERVICEACCOUNTS, "token"): Action((tokenrequest.API_VERSION, tokenrequest.KIND), _token),
    **{(each, ""): Action((each.api_version, each.kind), _review, is_admitted=False) for each in REVIEWS},
}


def action_of(resource: Resource, subresource: str) -> Action | None:
    """What a POST does, if it does not make an object.

    Raises:
        NotFound: There is no such subresource.
        MethodNotAllowed: It takes no POST.
    """
    found = _ACTIONS.get((resource, subresource))
    if found is None and subresource:
        if subresource not in resource.subresources:
            raise NotFound.path()
        raise MethodNotAllowed
    return found


def act(env: Environment, action: Action, request: Create, obj: Object) -> Answer:
    """Do what a POST asks for.

    Raises:
        APIError: A refusal, as Kubernetes words it.
    """
    if not request.resource.namespaced and obj.get("metadata"):
        obj = check_namespace(request.resource, obj, "")
    elif action.is_admitted and request.resource.namespaced:
        obj = check_namespace(request.resource, obj, request.namespace)
        name = request.name or (obj.get("metadata") or {}).get("name") or ""
        namespaces.admit_create(env.store, request.resource, request.namespace, name)
    return action.act(env, request, obj)
