"""What asks a container how it is, or tells it of its beginning and end: probes and hooks.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (validateProbe, validateLifecycle,
validateHandler).
"""

from __future__ import annotations

from typing import Any, Final

from kubelite.api.validation import names
from kubelite.api.validation.problems import (
    Errors,
    forbidden,
    invalid,
    invalid_each,
    not_negative,
    not_supported,
    required,
)
from kubelite.apimachinery.scheme import Object

_SCHEMES: Final = ("HTTP", "HTTPS")
_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_COUNTS: Final = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)


def validate_probes(container: Object, grace_period_s: int | None, path: str) -> Errors:
    """The errors in a container's probes.

    Args:
        container: With defaults.
        grace_period_s: How long the pod may take to end.
        path: Of the container.
    """
    errors: Errors = []
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(field)
        if probe is None:
            continue
        here = f"{path}.{field}"
        errors += _validate_probe(probe, grace_period_s, here)
        own_s = probe.get("terminationGracePeriodSeconds")
        if field == "readinessProbe":
            if own_s is not None:
                detail = "must not be set for readinessProbes"
                errors.append(invalid(f"{here}.terminationGracePeriodSeconds", own_s, detail))
        elif probe.get("successThreshold") not in {None, 0, 1}:
            errors.append(invalid(f"{here}.successThreshold", probe["successThreshold"], "must be 1"))
    return errors


def _validate_probe(probe: Object, grace_period_s: int | None, path: str) -> Errors:
    errors = _validate_handler(probe, grace_period_s, path)
    for field in _COUNTS:
        errors += not_negative(f"{path}.{field}", probe.get(field))
    own_s = probe.get("terminationGracePeriodSeconds")
    if own_s is not None and own_s <= 0:
        errors.append(invalid(f"{path}.terminationGracePeriodSeconds", own_s, "must be greater than 0"))
    return errors


def validate_lifecycle(lifecycle: Object | None, grace_period_s: int | None, path: str) -> Errors:
    """The errors in a container's hooks; a hook that sleeps must be over before the pod is."""
    errors: Errors = []
    for hook in ("postStart", "preStop"):
        handler = (lifecycle or {}).get(hook)
        if handler is not None:
            errors += _validate_handler(handler, grace_period_s, f"{path}.{hook}")
    return errors


def _validate_handler(handler: Object, grace_period_s: int | None, path: str) -> Errors:
    given = [kind for kind in _HANDLERS if handler.get(kind) is not None]
    if not given:
        return [required(path, "must specify a handler type")]
    errors = _validate_action(given[0], handler[given[0]], grace_period_s, f"{path}.{given[0]}")
    for kind in given[1:]:
        errors.append(forbidden(f"{path}.{kind}", "may not specify more than 1 handler type"))
    return errors


def _validate_action(kind: str, action: Object, grace_period_s: int | None, path: str) -> Errors:
    match kind:
        case "exec":
            return [] if action.get("command") else [required(f"{path}.command", "")]
        case "tcpSocket":
            return validate_port_or_name(action.get("port", 0), f"{path}.port")
        case "grpc":
            number = action.get("port", 0)
            return invalid_each(f"{path}.port", number, names.port_number(number))
        case "sleep":
            seconds = action.get("seconds") or 0
            if grace_period_s is None or 0 <= seconds <= grace_period_s:
                return []
            detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_period_s})"
            return [invalid(path, seconds, detail)]
        case _:
            return _validate_http(action, path)


def _validate_http(action: Object, path: str) -> Errors:
    errors = [] if action.get("path") else [required(f"{path}.path", "")]
    errors += validate_port_or_name(action.get("port", 0), f"{path}.port")
    scheme = action.get("scheme") or ""
    if scheme not in _SCHEMES:
        errors.append(not_supported(f"{path}.scheme", scheme, _SCHEMES))
    for header in action.get("httpHeaders") or ():
        name = header.get("name") or ""
        errors += invalid_each(f"{path}.httpHeaders", name, names.http_header_name(name))
    return errors


def validate_port_or_name(port: Any, path: str) -> Errors:
    """A port's number, or the name that a container gives it."""
    check = names.port_number if isinstance(port, int) else names.port_name
    return invalid_each(path, port, check(port))
