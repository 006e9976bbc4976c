"""What FlowSchemas and PriorityLevelConfigurations must be.

Source: k8s.io/kubernetes/pkg/apis/flowcontrol/validation, k8s.io/apiserver/pkg/util/shufflesharding.
"""

from __future__ import annotations

import math
from typing import Final

from kubelite.api import fresh
from kubelite.api import resources as r
from kubelite.api.internalform import internal_form
from kubelite.api.validation import names
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.scheme import Object

EXEMPT: Final = "exempt"
PRECEDENCE_MAX: Final = 10000
QUEUES_MAX: Final = 10_000_000
HASH_BITS_MAX: Final = 60
_SUBJECTS: Final = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}
_DISTINGUISHERS: Final = ("ByNamespace", "ByUser")
_VERBS: Final = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "proxy",
    "update",
    "watch",
)
_LEVEL_TYPES: Final = ("Exempt", "Limited")
_RESPONSES: Final = ("Queue", "Reject")
_NAMESPACE_INTRO: Final = "each member of this list must be '*' or a DNS-1123 label; "


def validate_flow_schema(schema: Object) -> Errors:
    """Whose requests of which sort go to which level; the mandatory ones are as they are."""
    spec, name = schema.get("spec") or {}, schema["metadata"].get("name") or ""
    errors = _validate_precedence(spec.get("matchingPrecedence") or 0, name)
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in _DISTINGUISHERS:
        shown = {"Type": method.get("type") or ""}
        errors.append(not_supported("spec.distinguisherMethod.type", shown, _DISTINGUISHERS))
    path = "spec.priorityLevelConfiguration.name"
    level = (spec.get("priorityLevelConfiguration") or {}).get("name")
    if level:
        errors += invalid_each(path, level, names.dns_subdomain(level))
    else:
        errors.append(required(path, "must reference a priority level"))
    for index, rule in enumerate(spec.get("rules") or ()):
        errors += _validate_rule(rule, f"spec.rules[{index}]")
    mandatory = fresh.MANDATORY_FLOW_SCHEMAS.get(name)
    if mandatory is not None and spec != mandatory:
        shown = internal_form("api.flowcontrol.v1.FlowSchemaSpec", spec)
        errors.append(invalid("spec", shown, f"spec of '{name}' must equal the fixed value"))
    return errors + _validate_conditions(schema)


def _validate_precedence(precedence: int, name: str) -> Errors:
    path = "spec.matchingPrecedence"
    errors: Errors = []
    if precedence <= 0:
        errors.append(invalid(path, precedence, "must be a positive value"))
    if precedence > PRECEDENCE_MAX:
        errors.append(invalid(path, precedence, f"must not be greater than {PRECEDENCE_MAX}"))
    if precedence == 1 and name != EXEMPT:
        detail = "only the schema named 'exempt' may have matchingPrecedence 1"
        errors.append(invalid(path, precedence, detail))
    return errors


def _validate_rule(rule: Object, path: str) -> Errors:
    errors: Errors = []
    subjects = rule.get("subjects") or []
    for index, subject in enumerate(subjects):
        errors += _validate_subject(subject, f"{path}.subjects[{index}]")
    if not subjects:
        errors.append(required(f"{path}.subjects", "subjects must contain at least one value"))
    resource_rules, other_rules = rule.get("resourceRules") or [], rule.get("nonResourceRules") or []
    if not resource_rules and not other_rules:
        detail = "at least one of resourceRules and nonResourceRules has to be non-empty"
        errors.append(required(path, detail))
    for index, entry in enumerate(resource_rules):
        errors += _validate_resource_rule(entry, f"{path}.resourceRules[{index}]")
    for index, entry in enumerate(other_rules):
        errors += _validate_non_resource_rule(entry, f"{path}.nonResourceRules[{index}]")
    return errors


def _validate_subject(subject: Object, path: str) -> Errors:
    kind = subject.get("kind") or ""
    own = _SUBJECTS.get(kind)
    if own is None:
        return [not_supported(f"{path}.kind", kind, sorted(_SUBJECTS))]
    errors: Errors = []
    value = subject.get(own)
    if value is None:
        errors.append(required(f"{path}.{own}", f"{own} is required when subject kind is '{kind}'"))
    elif own == "serviceAccount":
        errors += _validate_service_account(value, f"{path}.{own}")
    elif not value.get("name"):
        errors.append(required(f"{path}.{own}.name", ""))
    for other in ("serviceAccount", "user", "group"):
        if other != own and subject.get(other) is not None:
            wanted = next(kind for kind, field in _SUBJECTS.items() if field == other)
            detail = f"{other} is forbidden when subject kind is not '{wanted}'"
            errors.append(forbidden(f"{path}.{other}", detail))
    return errors


def _validate_service_account(account: Object, path: str) -> Errors:
    errors: Errors = []
    name, namespace = account.get("name"), account.get("namespace")
    if not name:
        errors.append(required(f"{path}.name", ""))
    elif name != "*":
        errors += invalid_each(f"{path}.name", name, names.dns_subdomain(name))
    if namespace:
        errors += invalid_each(f"{path}.namespace", namespace, names.dns_label(namespace))
    else:
        errors.append(required(f"{path}.namespace", "must specify namespace for service account"))
    return errors


def _validate_verbs(rule: Object, path: str) -> Errors:
    verbs = rule.get("verbs") or []
    if not verbs:
        return [required(f"{path}.verbs", "verbs must contain at least one value")]
    if "*" in verbs:
        return _alone(f"{path}.verbs", verbs, "verbs")
    if not set(verbs) <= set(_VERBS):
        return [not_supported(f"{path}.verbs", verbs, _VERBS)]
    return []


def _alone(path: str, values: list[str], what: str) -> Errors:
    if len(values) == 1 or "*" not in values:
        return []
    return [invalid(path, values, f"if '*' is present, must not specify other {what}")]


def _validate_non_resource_rule(rule: Object, path: str) -> Errors:
    errors = _validate_verbs(rule, path)
    urls, here = rule.get("nonResourceURLs") or [], f"{path}.nonResourceURLs"
    if not urls:
        return [*errors, required(here, "nonResourceURLs must contain at least one value")]
    if "*" in urls:
        return errors + _alone(here, urls, "non-resource URLs")
    for index, url in enumerate(urls):
        message = _url_message(url)
        if message:
            errors.append(invalid(f"{here}[{index}]", url, message))
    return errors


def _url_message(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    stars = url.count("*")
    if stars > 1 or (stars == 1 and not url.endswith("/*")):
        return "wildcard can only do suffix matching"
    return ""


def _validate_resource_rule(rule: Object, path: str) -> Errors:
    errors = _validate_verbs(rule, path)
    groups, resources = rule.get("apiGroups") or [], rule.get("resources") or []
    if groups:
        errors += _alone(f"{path}.apiGroups", groups, "api groups")
    else:
        errors.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if resources:
        errors += _alone(f"{path}.resources", resources, "resources")
    else:
        errors.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    namespaces, here = rule.get("namespaces") or [], f"{path}.namespaces"
    if not namespaces and not rule.get("clusterScope"):
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        errors.append(required(here, detail))
    elif "*" in namespaces:
        errors += _alone(here, namespaces, "namespaces")
    else:
        for index, namespace in enumerate(namespaces):
            messages = [_NAMESPACE_INTRO + message for message in names.dns_label(namespace)]
            errors += invalid_each(f"{here}[{index}]", namespace, messages)
    return errors


def _validate_conditions(obj: Object) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        here = f"status.conditions[{index}].type"
        type_ = condition.get("type") or ""
        if type_ in seen:
            errors.append(duplicate(here, type_))
        seen.add(type_)
        if not type_:
            errors.append(required(here, "must not be empty"))
    return errors


def validate_priority_level(level: Object) -> Errors:
    """How many requests at once, and what becomes of the others; the mandatory ones are as they are."""
    spec, name = level.get("spec") or {}, level["metadata"].get("name") or ""
    errors = _validate_level_spec(spec, name)
    mandatory = fresh.MANDATORY_PRIORITY_LEVELS.get(name)
    if mandatory is not None:
        errors += _validate_mandatory_level(spec, mandatory, name)
    return errors + _validate_conditions(level)


def _validate_mandatory_level(spec: Object, mandatory: Object, name: str) -> Errors:
    shown = internal_form("api.flowcontrol.v1.PriorityLevelConfigurationSpec", spec)
    if name != EXEMPT:
        if spec == mandatory:
            return []
        return [invalid("spec", shown, f"spec of '{name}' must equal the fixed value")]
    fixed = {key: value for key, value in spec.items() if key != "exempt"}
    if fixed == {key: value for key, value in mandatory.items() if key != "exempt"}:
        return []
    detail = f"spec of '{name}' except the 'spec.exempt' field must equal the fixed value"
    return [invalid("spec", shown, detail)]


def _validate_level_spec(spec: Object, name: str) -> Errors:
    type_ = spec.get("type") or ""
    errors: Errors = []
    if (name == EXEMPT) != (type_ == "Exempt"):
        detail = "type must be 'Exempt' if and only if name is 'exempt'"
        errors.append(invalid("spec.type", type_, detail))
    limited, exempt = spec.get("limited"), spec.get("exempt")
    if type_ == "Exempt":
        if limited is not None:
            errors.append(forbidden("spec.limited", "must be nil if the type is not Limited"))
        if exempt is None:
            errors.append(required("spec.exempt", "must not be empty when type is Exempt"))
        else:
            errors += _validate_shares(exempt, "spec.exempt")
    elif type_ == "Limited":
        if exempt is not None:
            errors.append(forbidden("spec.exempt", "must be nil if the type is Limited"))
        if limited is None:
            errors.append(required("spec.limited", "must not be empty when type is Limited"))
        else:
            errors += _validate_limited(limited, "spec.limited")
    else:
        errors.append(not_supported("spec.type", type_, _LEVEL_TYPES))
    return errors


def _validate_shares(level: Object, path: str) -> Errors:
    errors: Errors = []
    shares, percent = level.get("nominalConcurrencyShares"), level.get("lendablePercent")
    if shares is not None and shares < 0:
        errors.append(invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer"))
    if percent is not None and not 0 <= percent <= 100:
        errors.append(invalid(f"{path}.lendablePercent", percent, "must be between 0 and 100, inclusive"))
    return errors


def _validate_limited(limited: Object, path: str) -> Errors:
    errors: Errors = []
    shares = limited.get("nominalConcurrencyShares") or 0
    if shares < 0:
        errors.append(invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer"))
    response = limited.get("limitResponse") or {}
    type_, queuing, here = response.get("type") or "", response.get("queuing"), f"{path}.limitResponse"
    if type_ == "Reject":
        if queuing is not None:
            detail = "must be nil if limited.limitResponse.type is not Limited"
            errors.append(forbidden(f"{here}.queuing", detail))
    elif type_ == "Queue":
        if queuing is None:
            detail = "must not be empty if limited.limitResponse.type is Limited"
            errors.append(required(f"{here}.queuing", detail))
        else:
            errors += _validate_queuing(queuing, f"{here}.queuing")
    else:
        errors.append(not_supported(f"{here}.type", type_, _RESPONSES))
    percent = limited.get("lendablePercent")
    if percent is not None and not 0 <= percent <= 100:
        errors.append(invalid(f"{path}.lendablePercent", percent, "must be between 0 and 100, inclusive"))
    borrowing = limited.get("borrowingLimitPercent")
    if borrowing is not None and borrowing < 0:
        detail = "if specified, must be a non-negative integer"
        errors.append(invalid(f"{path}.borrowingLimitPercent", borrowing, detail))
    return errors


def _validate_queuing(queuing: Object, path: str) -> Errors:
    errors: Errors = []
    length, queues, hand = (queuing.get(field) or 0 for field in ("queueLengthLimit", "queues", "handSize"))
    if length <= 0:
        errors.append(invalid(f"{path}.queueLengthLimit", length, "must be positive"))
    if queues <= 0:
        errors.append(invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > QUEUES_MAX:
        errors.append(invalid(f"{path}.queues", queues, f"must not be greater than {QUEUES_MAX}"))
    here = f"{path}.handSize"
    if hand <= 0:
        errors.append(invalid(here, hand, "must be positive"))
    elif hand > queues:
        errors.append(invalid(here, hand, f"should not be greater than queues ({queues})"))
    elif required_entropy_bits(queues, hand) > HASH_BITS_MAX:
        detail = (
            f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than "
            f"{HASH_BITS_MAX}"
        )
        errors.append(invalid(here, hand, detail))
    return errors


def required_entropy_bits(deck_size: int, hand_size: int) -> int:
    """Bits of a hash that deals hands of a deck, somewhat too many."""
    return math.ceil(math.log2(deck_size) * hand_size)


def _validate_status(new: Object, _: Object) -> Errors:
    return _validate_conditions(new)


RULES: Final = {
    r.FLOWSCHEMAS: KindRules(validate_flow_schema, None, _validate_status, update_metadata="create"),
    r.PRIORITYLEVELCONFIGURATIONS: KindRules(
        validate_priority_level, None, _validate_status, update_metadata="create"
    ),
}
