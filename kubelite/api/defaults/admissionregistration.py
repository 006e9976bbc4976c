"""Defaults of webhooks and admission policies.

Source: k8s.io/kubernetes/pkg/apis/admissionregistration/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.defaults.podspec import changed, each, with_defaults
from kubelite.apimachinery.scheme import Object

WEBHOOK_PORT: Final = 443
_MATCH: Final[Mapping[str, Any]] = {
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
}
_VALIDATING: Final[Mapping[str, Any]] = {"failurePolicy": "Fail", "timeoutSeconds": 10, **_MATCH}
_MUTATING: Final[Mapping[str, Any]] = {**_VALIDATING, "reinvocationPolicy": "Never"}


def _rule(rule: Object) -> Object:
    return with_defaults(rule, {"scope": "*"})


def _service(service: Object) -> Object:
    return with_defaults(service, {"port": WEBHOOK_PORT})


def _webhooks(defaults: Mapping[str, Any]) -> Callable[[Object], Object]:
    def webhook(hook: Object) -> Object:
        hook = changed(with_defaults(hook, defaults), "rules", each(_rule))
        return changed(hook, "clientConfig", lambda config: changed(config, "service", _service))

    return lambda configuration: changed(configuration, "webhooks", each(webhook))


def _match_resources(match: Object) -> Object:
    match = with_defaults(match, _MATCH)
    for rules in ("resourceRules", "excludeResourceRules"):
        match = changed(match, rules, each(_rule))
    return match


def default_policy(policy: Object) -> Object:
    """A policy that cannot be judged refuses; it matches equivalent requests, everywhere."""
    spec = with_defaults(policy.get("spec") or {}, {"failurePolicy": "Fail"})
    return {**policy, "spec": changed(spec, "matchConstraints", _match_resources)}


def default_binding(binding: Object) -> Object:
    """As above for what a binding narrows."""
    return changed(binding, "spec", lambda spec: changed(spec, "matchResources", _match_resources))


DEFAULTS: Final = {
    r.MUTATINGWEBHOOKCONFIGURATIONS: _webhooks(_MUTATING),
    r.VALIDATINGWEBHOOKCONFIGURATIONS: _webhooks(_VALIDATING),
    r.VALIDATINGADMISSIONPOLICIES: default_policy,
    r.MUTATINGADMISSIONPOLICIES: default_policy,
    r.VALIDATINGADMISSIONPOLICYBINDINGS: default_binding,
    r.MUTATINGADMISSIONPOLICYBINDINGS: default_binding,
}
