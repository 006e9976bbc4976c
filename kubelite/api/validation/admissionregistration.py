"""What webhook configurations must be.

Source: k8s.io/kubernetes/pkg/apis/admissionregistration/validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from kubelite.api import resources as r
from kubelite.api.validation import admissionpolicies
from kubelite.api.validation.admissionrules import (
    FAILURE_POLICIES,
    MATCH_POLICIES,
    REINVOCATION_POLICIES,
    each,
    validate_choice,
    validate_match_conditions,
    validate_rule,
)
from kubelite.api.validation.dnsnames import (
    dns_1035_label,
    validate_fully_qualified_name,
    validate_webhook_service,
    validate_webhook_url,
)
from kubelite.api.validation.metadata import validate_label_selector
from kubelite.api.validation.problems import Errors, duplicate, invalid, invalid_each, required
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.scheme import Object

TIMEOUT_MAX_S: Final = 30
REVIEW_VERSIONS: Final = ("v1", "v1beta1")
_SIDE_EFFECTS: Final = ("None", "NoneOnDryRun", "Some", "Unknown")
_NO_SIDE_EFFECTS: Final = ("None", "NoneOnDryRun")


@attrs.frozen
class _Strictness:
    """What is asked of a new configuration, but of an old one only if it kept to it so far."""

    no_side_effects: bool = True
    known_review_version: bool = True
    unique_names: bool = True
    conditions: bool = True


def _strictness(new: Object, old: Object) -> _Strictness:
    hooks, before = new.get("webhooks") or [], old.get("webhooks") or []
    hook_names = [hook.get("name") for hook in before]
    same = [hook.get("matchConditions") for hook in hooks] == [hook.get("matchConditions") for hook in before]
    return _Strictness(
        no_side_effects=all(hook.get("sideEffects") in _NO_SIDE_EFFECTS for hook in before),
        known_review_version=all(_is_reviewable(hook.get("admissionReviewVersions")) for hook in before),
        unique_names=len(set(hook_names)) == len(hook_names),
        conditions=not same,
    )


def _is_reviewable(versions: list[str] | None) -> bool:
    return not versions or any(version in REVIEW_VERSIONS for version in versions)


def validate_webhooks(configuration: Object) -> Errors:
    """A new configuration of webhooks."""
    return _validate(configuration, _Strictness())


def _validate_update(new: Object, old: Object) -> Errors:
    return _validate(new, _strictness(new, old))


def _validate(configuration: Object, strictness: _Strictness) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, hook in enumerate(configuration.get("webhooks") or ()):
        here = f"webhooks[{index}]"
        errors += _validate_hook(hook, strictness, here)
        versions = hook.get("admissionReviewVersions") or []
        errors += _validate_review_versions(versions, strictness, f"{here}.admissionReviewVersions")
        name = hook.get("name") or ""
        if strictness.unique_names and name:
            if name in seen:
                errors.append(duplicate(f"{here}.name", name))
            seen.add(name)
    return errors


def _validate_hook(hook: Object, strictness: _Strictness, path: str) -> Errors:
    errors = validate_fully_qualified_name(f"{path}.name", hook.get("name") or "")
    errors += each(hook.get("rules"), f"{path}.rules", validate_rule)
    errors += validate_choice(hook.get("failurePolicy"), FAILURE_POLICIES, f"{path}.failurePolicy")
    errors += validate_choice(hook.get("matchPolicy"), MATCH_POLICIES, f"{path}.matchPolicy")
    effects = _NO_SIDE_EFFECTS if strictness.no_side_effects else _SIDE_EFFECTS
    if hook.get("sideEffects") is None:
        errors.append(required(f"{path}.sideEffects", f"must specify one of {', '.join(effects)}"))
    errors += validate_choice(hook.get("sideEffects"), effects, f"{path}.sideEffects")
    timeout_s = hook.get("timeoutSeconds")
    if timeout_s is not None and not 1 <= timeout_s <= TIMEOUT_MAX_S:
        detail = "the timeout value must be between 1 and 30 seconds"
        errors.append(invalid(f"{path}.timeoutSeconds", timeout_s, detail))
    for field in ("namespaceSelector", "objectSelector"):
        errors += validate_label_selector(hook.get(field), f"{path}.{field}")
    policy = hook.get("reinvocationPolicy")
    errors += validate_choice(policy, REINVOCATION_POLICIES, f"{path}.reinvocationPolicy")
    errors += validate_client_config(hook.get("clientConfig") or {}, f"{path}.clientConfig")
    if strictness.conditions:
        errors += validate_match_conditions(hook.get("matchConditions"), f"{path}.matchConditions")
    return errors


def validate_client_config(config: Object, path: str) -> Errors:
    """How a webhook is reached: by a URL, or as a Service."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    if service is None:
        return validate_webhook_url(f"{path}.url", url or "")
    name, namespace = service.get("name") or "", service.get("namespace") or ""
    port = service.get("port") or 0
    return validate_webhook_service(f"{path}.service", name, namespace, service.get("path"), port)


def _validate_review_versions(versions: list[str], strictness: _Strictness, path: str) -> Errors:
    listed = ", ".join(REVIEW_VERSIONS)
    if not versions:
        return [required(path, f"must specify one of {listed}")]
    errors: Errors = []
    for index, version in enumerate(versions):
        if version in versions[:index]:
            errors.append(invalid(f"{path}[{index}]", version, "duplicate version"))
        else:
            errors += invalid_each(f"{path}[{index}]", version, dns_1035_label(version))
    if strictness.known_review_version and not _is_reviewable(versions):
        errors.append(invalid(path, versions, f"must include at least one of {listed}"))
    return errors


def _rules(create: Callable[[Object], Errors], update: Any = None, status: Any = None) -> KindRules:
    return KindRules(create, update, status, update_metadata="create")


RULES: Final = {
    r.MUTATINGWEBHOOKCONFIGURATIONS: _rules(validate_webhooks, _validate_update),
    r.VALIDATINGWEBHOOKCONFIGURATIONS: _rules(validate_webhooks, _validate_update),
    r.VALIDATINGADMISSIONPOLICIES: _rules(
        admissionpolicies.validate_validating_policy,
        admissionpolicies.validate_validating_policy_update,
        admissionpolicies.validate_policy_status,
    ),
    r.VALIDATINGADMISSIONPOLICYBINDINGS: _rules(admissionpolicies.validate_validating_binding),
    r.MUTATINGADMISSIONPOLICIES: _rules(
        admissionpolicies.validate_mutating_policy, admissionpolicies.validate_mutating_policy_update
    ),
    r.MUTATINGADMISSIONPOLICYBINDINGS: _rules(admissionpolicies.validate_mutating_binding),
}
