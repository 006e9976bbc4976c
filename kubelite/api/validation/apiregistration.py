"""What APIServices must be.

Source: k8s.io/kube-aggregator/pkg/apis/apiregistration/validation.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.validation import names
from kubelite.api.validation.dnsnames import dns_1035_label
from kubelite.api.validation.problems import Errors, invalid, invalid_each, not_supported, required
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.scheme import Object

GROUP_PRIORITY_MAX: Final = 20000
VERSION_PRIORITY_MAX: Final = 1000
_CONDITION_STATUSES: Final = ("True", "False", "Unknown")


def validate_api_service(service: Object) -> Errors:
    """A group and version, its place among the others, and who serves it."""
    spec, name = service.get("spec") or {}, service["metadata"].get("name") or ""
    group, version = spec.get("group") or "", spec.get("version") or ""
    errors: Errors = []
    expected = f"{version}.{group}"
    if name and name != expected and not names.path_segment(name):
        detail = f'must be `spec.version+"."+spec.group`: "{expected}"'
        errors.append(invalid("metadata.name", name, detail))
    if not group and version != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        errors.append(required("spec.group", detail))
    if group:
        errors += invalid_each("spec.group", group, names.dns_subdomain(group))
    errors += invalid_each("spec.version", version, dns_1035_label(version))
    errors += _validate_priorities(spec)
    target = spec.get("service")
    if target is None:
        if spec.get("caBundle"):
            detail = "local APIServices may not have a caBundle"
            errors.append(invalid("spec.caBundle", f"{len(spec['caBundle'])} bytes", detail))
        if spec.get("insecureSkipTLSVerify"):
            detail = "local APIServices may not have insecureSkipTLSVerify"
            errors.append(invalid("spec.insecureSkipTLSVerify", True, detail))
        return errors
    return errors + _validate_target(spec, target)


def _validate_priorities(spec: Object) -> Errors:
    errors: Errors = []
    for field, highest in (
        ("groupPriorityMinimum", GROUP_PRIORITY_MAX),
        ("versionPriority", VERSION_PRIORITY_MAX),
    ):
        value = spec.get(field) or 0
        if value <= 0 or value > highest:
            detail = f"must be positive and less than {highest}"
            errors.append(invalid(f"spec.{field}", value, detail))
    return errors


def _validate_target(spec: Object, target: Object) -> Errors:
    errors: Errors = []
    for field in ("namespace", "name"):
        if not target.get(field):
            errors.append(required(f"spec.service.{field}", ""))
    port = target.get("port")
    if port is not None:
        messages = names.port_number(port)
        if messages:
            detail = f"port is not valid: {','.join(messages)}"
            errors.append(invalid("spec.service.port", port, detail))
    if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
        detail = "may not be true if caBundle is present"
        errors.append(invalid("spec.insecureSkipTLSVerify", True, detail))
    return errors


def validate_api_service_status(new: Object, _: Object) -> Errors:
    """Conditions with a known status."""
    errors: Errors = []
    for index, condition in enumerate((new.get("status") or {}).get("conditions") or ()):
        status = condition.get("status") or ""
        if status not in _CONDITION_STATUSES:
            path = f"status.conditions[{index}].status"
            errors.append(not_supported(path, status, _CONDITION_STATUSES))
    return errors


RULES: Final = {
    r.APISERVICES: KindRules(validate_api_service, None, validate_api_service_status, update_metadata="both")
}
