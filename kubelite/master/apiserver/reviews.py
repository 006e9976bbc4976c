"""Reviews: questions about users and rights that are answered at once, and of which nothing is stored.

Source: k8s.io/kubernetes/pkg/registry/authentication (tokenreview, selfsubjectreview),
pkg/registry/authorization, pkg/apis/authorization/validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.validation.names import qualified_name
from kubelite.apimachinery.apierrors import BadRequest, Invalid
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.govalues import json_word
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.requests import UserInfo
from kubelite.master.apiserver.authorization import Attributes, allows, rules_of
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.auth.serviceaccounts import API_AUDIENCES, InvalidTokenError

_RESOURCE_ATTRIBUTES: Final = "resourceAttributes"
_PATH_ATTRIBUTES: Final = "nonResourceAttributes"


def user_info(user: UserInfo) -> Object:
    """A user as reviews show one."""
    shown: Object = {"username": user.name}
    if user.uid:
        shown["uid"] = user.uid
    if user.groups:
        shown["groups"] = list(user.groups)
    if user.extra:
        shown["extra"] = {key: list(user.extra[key]) for key in sorted(user.extra)}
    return {key: value for key, value in shown.items() if value}


def review_token(review: Object, authenticator: Authenticator) -> Object:
    """Whose a token is.

    Raises:
        BadRequest: None is given.
    """
    spec = review.get("spec") or {}
    token = spec.get("token") or ""
    if not token:
        raise BadRequest("token is required for TokenReview in authentication")
    try:
        found = authenticator.review(token, spec.get("audiences") or API_AUDIENCES)
    except InvalidTokenError as error:
        return {**review, "status": {"user": {}, "error": str(error)}}
    status = {"authenticated": True, "user": user_info(found.user), "audiences": list(found.audiences)}
    return {**review, "status": status}


def review_self(review: Object, user: UserInfo, now: str) -> Object:
    """Who the asker is."""
    metadata = {**(review.get("metadata") or {}), "creationTimestamp": now}
    return {**review, "metadata": metadata, "status": {"userInfo": user_info(user)}}


# --- rights -------------------------------------------------------------------------------------------------


def review_own_access(review: Object, user: UserInfo) -> Object:
    """Whether the asker may do something.

    Raises:
        Invalid: It is not said what.
    """
    spec = review.get("spec") or {}
    _check(r.SELFSUBJECTACCESSREVIEWS, review, _validate_attributes(spec) + _validate_selectors(spec))
    return _decided(review, user)


def review_access(review: Object) -> Object:
    """Whether somebody may do something.

    Raises:
        Invalid: It is not said who, or what.
    """
    spec = review.get("spec") or {}
    _check(r.SUBJECTACCESSREVIEWS, review, _validate_subject(spec))
    return _decided(review, _subject(spec, review["kind"]))


def review_local_access(review: Object, namespace: str) -> Object:
    """Whether somebody may do something in this namespace.

    Raises:
        BadRequest: The review names another namespace.
        Invalid: It is not said who, or what.
    """
    spec = review.get("spec") or {}
    errors = _validate_subject(spec)
    asked = spec.get(_RESOURCE_ATTRIBUTES) or {}
    metadata = {**(review.get("metadata") or {})}
    if metadata.setdefault("namespace", namespace) != namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if spec.get(_RESOURCE_ATTRIBUTES) is not None and asked.get("namespace") != namespace:
        detail = "must match metadata.namespace"
        errors.append(
            FieldError.invalid("spec.resourceAttributes.namespace", asked.get("namespace") or "", detail)
        )
    if spec.get(_PATH_ATTRIBUTES) is not None:
        detail = "disallowed on this kind of request"
        errors.append(FieldError.invalid("spec.nonResourceAttributes", spec[_PATH_ATTRIBUTES], detail))
    review = {**review, "metadata": metadata}
    _check(r.LOCALSUBJECTACCESSREVIEWS, review, errors)
    return _decided(review, _subject(spec, review["kind"]))


def review_rules(review: Object, user: UserInfo) -> Object:
    """What the asker may do in a namespace.

    Raises:
        BadRequest: None is named.
    """
    if not (review.get("spec") or {}).get("namespace"):
        raise BadRequest("no namespace on request")
    resources, paths = rules_of(user)
    status = {"resourceRules": list(resources), "nonResourceRules": list(paths), "incomplete": False}
    return {**review, "status": status}


def _check(resource: Resource, review: Object, errors: list[FieldError]) -> None:
    ignored = {"managedFields", *(("namespace",) if resource.namespaced else ())}
    metadata = {key: value for key, value in (review.get("metadata") or {}).items() if key not in ignored}
    if any(metadata.values()):
        detail = "must be empty except for namespace" if resource.namespaced else "must be empty"
        errors = [*errors, FieldError.invalid("metadata", metadata, detail)]
    if errors:
        raise Invalid(resource, "", errors)


def _validate_attributes(spec: Object) -> list[FieldError]:
    asked, path = spec.get(_RESOURCE_ATTRIBUTES), spec.get(_PATH_ATTRIBUTES)
    if asked is not None and path is not None:
        detail = "cannot be specified in combination with resourceAttributes"
        shown = {"Path": path.get("path") or "", "Verb": path.get("verb") or ""}
        return [FieldError.invalid("spec.nonResourceAttributes", shown, detail)]
    if asked is None and path is None:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [FieldError.invalid("spec.resourceAttributes", None, detail)]
    return []


def _validate_selectors(spec: Object) -> list[FieldError]:
    """What is wrong with selectors that a request for several objects would have."""
    asked = spec.get(_RESOURCE_ATTRIBUTES) or {}
    errors: list[FieldError] = []
    for field in ("fieldSelector", "labelSelector"):
        selector = asked.get(field)
        if selector is None:
            continue
        here = f"spec.resourceAttributes.{field}"
        raw, requirements = selector.get("rawSelector") or "", selector.get("requirements") or []
        if raw and requirements:
            detail = "may not specified at the same time as requirements"
            errors.append(FieldError.invalid(f"{here}.rawSelector", raw, detail))
        elif not raw and not requirements:
            detail = f"when {here} is specified, requirements or rawSelector is required"
            errors.append(FieldError.required(f"{here}.requirements", detail))
        for index, requirement in enumerate(requirements):
            errors += _validate_requirement(requirement, field, f"{here}.requirements[{index}]")
    return errors


def _validate_requirement(requirement: Object, field: str, here: str) -> list[FieldError]:
    """Operators that are not known are let through: a newer client may know them."""
    errors: list[FieldError] = []
    key, operator = requirement.get("key") or "", requirement.get("operator")
    if field == "fieldSelector" and not key:
        errors.append(FieldError.required(f"{here}.key", "must be specified"))
    values = requirement.get("values") or []
    if operator in {"In", "NotIn"} and not values:
        detail = "must be specified when `operator` is 'In' or 'NotIn'"
        errors.append(FieldError.required(f"{here}.values", detail))
    elif operator in {"Exists", "DoesNotExist"} and values:
        detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.append(FieldError.forbidden(f"{here}.values", detail))
    if field == "labelSelector":
        errors += [FieldError.invalid(f"{here}.key", key, words) for words in qualified_name(key)]
    return errors


def _validate_subject(spec: Object) -> list[FieldError]:
    errors = _validate_attributes(spec)
    if not spec.get("user") and not spec.get("groups"):
        errors.append(FieldError.invalid("spec.user", "", "at least one of user or group must be specified"))
    return errors + _validate_selectors(spec)


def _subject(spec: Object, kind: str) -> UserInfo:
    """Who is asked about.

    Raises:
        BadRequest: `extra` does not hold lists of texts.
    """
    extra = {key: _texts(values, kind) for key, values in (spec.get("extra") or {}).items()}
    return UserInfo(spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "", extra)


def _texts(values: Any, kind: str) -> tuple[str, ...]:
    """A value of `extra`, of whose type the facts say nothing."""
    wrong, type_ = values, "v1.ExtraValue"
    if values is None or isinstance(values, list):
        texts = ["" if each is None else each for each in values or ()]
        if all(isinstance(each, str) for each in texts):
            return tuple(texts)
        wrong, type_ = next(each for each in texts if not isinstance(each, str)), "string"
    raise BadRequest(
        f'{kind} in version "v1" cannot be handled as a {kind}: json: cannot unmarshal '
        f"{json_word(wrong)} into Go struct field SubjectAccessReviewSpec.spec.extra of type {type_}"
    )


def _decided(review: Object, user: UserInfo) -> Object:
    return {**review, "status": {"allowed": allows(user, _attributes(review.get("spec") or {}))}}


def _attributes(spec: Object) -> Attributes:
    path: Mapping[str, Any] | None = spec.get(_PATH_ATTRIBUTES)
    if path is not None:
        return Attributes(verb=path.get("verb") or "", path=path.get("path") or "/")
    asked: Mapping[str, Any] = spec.get(_RESOURCE_ATTRIBUTES) or {}
    return Attributes(
        verb=asked.get("verb") or "",
        group=asked.get("group") or "",
        plural=asked.get("resource") or "",
        subresource=asked.get("subresource") or "",
        namespace=asked.get("namespace") or "",
        name=asked.get("name") or "",
    )


REVIEWS: Final[Mapping[Resource, Callable[[Object, UserInfo, str, str, Authenticator], Object]]] = {
    r.TOKENREVIEWS: lambda review, _user, _namespace, _now, auth: review_token(review, auth),
    r.SELFSUBJECTREVIEWS: lambda review, user, _namespace, now, _auth: review_self(review, user, now),
    r.SELFSUBJECTACCESSREVIEWS: lambda review, user, _namespace, _now, _auth: review_own_access(review, user),
    r.SUBJECTACCESSREVIEWS: lambda review, _user, _namespace, _now, _auth: review_access(review),
    r.LOCALSUBJECTACCESSREVIEWS: lambda review, _user, namespace, _now, _auth: review_local_access(
        review, namespace
    ),
    r.SELFSUBJECTRULESREVIEWS: lambda review, user, _namespace, _now, _auth: review_rules(review, user),
}
"""How each kind is answered: of a review, the asker, the namespace of the request, the time."""
