"""Which FlowSchema a request belongs to, and so which priority level. Pure.

The schemas are tried in the order of their precedence (then of their names); the first of which a rule
matches decides. A schema whose priority level does not exist takes no requests.

Source: k8s.io/apiserver/pkg/util/flowcontrol (rule.go, apf_controller.go).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.client.requests import UserInfo
from kubelite.master.rest.requestinfo import RequestInfo

ANY: Final = "*"
PRECEDENCE_DEFAULT: Final = 1000
REMEMBERED_MAX: Final = 4096
"""Kinds of requests of which the classification is kept."""
_ACCOUNT_PREFIX: Final = "system:serviceaccount:"

_Test = Callable[[UserInfo, RequestInfo], bool]


@attrs.frozen(eq=False)
class Classification:
    """Where a request belongs.

    Attributes:
        flow_schema: The UID of the FlowSchema.
        priority_level: The UID of the PriorityLevelConfiguration.
        is_exempt: Whether the level has no limits.
    """

    flow_schema: str
    priority_level: str
    is_exempt: bool


class Classifier:
    """Tells the classification of requests by the FlowSchemas and priority levels of a moment.

    Args:
        flow_schemas: All of them, in any order.
        priority_levels: All of them.
    """

    def __init__(self, flow_schemas: Iterable[Object], priority_levels: Iterable[Object]) -> None:
        levels = {each["metadata"]["name"]: each for each in priority_levels}
        self._rules: list[tuple[Sequence[_Test], Classification]] = []
        for schema in sorted(flow_schemas, key=_precedence):
            spec = schema.get("spec") or {}
            level = levels.get((spec.get("priorityLevelConfiguration") or {}).get("name", ""))
            if level is None:
                continue
            found = Classification(
                schema["metadata"].get("uid", ""),
                level["metadata"].get("uid", ""),
                (level.get("spec") or {}).get("type") == "Exempt",
            )
            self._rules.append(([_rule_test(rule) for rule in spec.get("rules") or ()], found))
        self._remembered: dict[tuple[Any, ...], Classification | None] = {}

    def __repr__(self) -> str:
        return f"<Classifier {len(self._rules)} flow schemas, {len(self._remembered)} remembered>"

    def classify(self, user: UserInfo, info: RequestInfo) -> Classification | None:
        """Where a request belongs; None if no schema takes it."""
        key: tuple[Any, ...] = (user.name, user.groups, info.verb, info.path)
        if info.is_resource:  # all objects of a kind in a namespace are alike, but Namespaces
            namespace = info.name if info.plural == "namespaces" else info.namespace
            key = (user.name, user.groups, info.verb, info.group, info.plural, info.subresource, namespace)
        remembered = self._remembered
        try:
            return remembered[key]
        except KeyError:
            pass
        if len(remembered) >= REMEMBERED_MAX:
            remembered.clear()
        found = next((found for tests, found in self._rules if any(test(user, info) for test in tests)), None)
        remembered[key] = found
        return found


def namespace_of(info: RequestInfo) -> str:
    """The namespace that a request concerns; that of a Namespace is itself."""
    return info.name if info.plural == "namespaces" else info.namespace


def _precedence(schema: Object) -> tuple[int, str]:
    precedence = (schema.get("spec") or {}).get("matchingPrecedence", PRECEDENCE_DEFAULT)
    return precedence, schema["metadata"]["name"]


def _rule_test(rule: Mapping[str, Any]) -> _Test:
    """Whether a request matches a rule: one of its subjects, and one of its resource or path rules."""
    subjects = rule.get("subjects") or ()
    resource_rules = rule.get("resourceRules") or ()
    path_rules = rule.get("nonResourceRules") or ()

    def test(user: UserInfo, info: RequestInfo) -> bool:
        if not any(_is_subject(subject, user) for subject in subjects):
            return False
        if info.is_resource:
            return any(_is_resource(each, info) for each in resource_rules)
        return any(_is_path(each, info) for each in path_rules)

    return test


def _is_subject(subject: Mapping[str, Any], user: UserInfo) -> bool:
    match subject.get("kind"):
        case "User":
            return (subject.get("user") or {}).get("name") in {ANY, user.name}
        case "Group":
            name = (subject.get("group") or {}).get("name")
            return name == ANY or name in user.groups
        case "ServiceAccount":
            account = subject.get("serviceAccount") or {}
            prefix = f"{_ACCOUNT_PREFIX}{account.get('namespace')}:"
            if account.get("name") == ANY:
                return user.name.startswith(prefix)
            return user.name == f"{prefix}{account.get('name')}"
    return False


def _is_resource(rule: Mapping[str, Any], info: RequestInfo) -> bool:
    if not (
        _holds(rule.get("verbs"), info.verb)
        and _holds(rule.get("resources"), info.full_resource)
        and _holds(rule.get("apiGroups"), info.group)
    ):
        return False
    namespace = namespace_of(info)
    return _holds(rule.get("namespaces"), namespace) if namespace else bool(rule.get("clusterScope"))


def _is_path(rule: Mapping[str, Any], info: RequestInfo) -> bool:
    return _holds(rule.get("verbs"), info.verb) and any(
        _is_below(pattern, info.path) for pattern in rule.get("nonResourceURLs") or ()
    )


def _is_below(pattern: str, path: str) -> bool:
    """Whether a path is the one of a rule, or below it."""
    if pattern in {ANY, path}:
        return True
    prefix = pattern.removesuffix(ANY)
    return path.startswith(prefix if prefix.endswith("/") else f"{prefix}/")


def _holds(given: Sequence[str] | None, text: str) -> bool:
    """Whether a list names `text`, or everything."""
    return given is not None and (text in given or list(given) == [ANY])
