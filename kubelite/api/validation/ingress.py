"""What Ingresses and IngressClasses must be.

Source: k8s.io/kubernetes/pkg/apis/networking/validation.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.validation import names
from kubelite.api.validation.addresses import parse_address, validate_address
from kubelite.api.validation.dnsnames import validate_domain_prefixed_path, wildcard_subdomain
from kubelite.api.validation.problems import (
    Errors,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
    too_long,
    unchanged,
)
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.scheme import Object

CONTROLLER_LENGTH_MAX: Final = 250
CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_PATH_SEQUENCES: Final = ("//", "/./", "/../", "%2f", "%2F")
_PATH_ENDS: Final = ("/..", "/.")
_SCOPES: Final = ("Cluster", "Namespace")
_NOT_AN_ADDRESS: Final = "must be a DNS name, not an IP address"


def validate_ingress(ingress: Object) -> Errors:
    """A new Ingress: backends, rules, TLS, its class named once."""
    errors = _validate_spec(ingress)
    annotation = (ingress["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    name = (ingress.get("spec") or {}).get("ingressClassName")
    if annotation is not None and name is not None and annotation != name:
        detail = "must match `ingressClassName` when both are specified"
        errors.append(invalid(f"annotations.{CLASS_ANNOTATION}", annotation, detail))
    return errors


def _validate_spec(ingress: Object) -> Errors:
    spec = ingress.get("spec") or {}
    errors: Errors = []
    backend = spec.get("defaultBackend")
    rules = spec.get("rules") or []
    if not rules and backend is None:
        errors.append(invalid("spec", None, "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        errors += _validate_backend(backend, "spec.defaultBackend")
    for index, rule in enumerate(rules):
        errors += _validate_rule(rule, f"spec.rules[{index}]")
    for index, tls in enumerate(spec.get("tls") or ()):
        errors += _validate_tls(tls, f"spec.tls[{index}]")
    name = spec.get("ingressClassName")
    if name is not None:
        errors += invalid_each("spec.ingressClassName", name, names.dns_subdomain(name))
    return errors


def _validate_rule(rule: Object, path: str) -> Errors:
    errors: Errors = []
    host = rule.get("host") or ""
    if host:
        if parse_address(host) is not None:
            errors.append(invalid(f"{path}.host", host, _NOT_AN_ADDRESS))
        errors += _validate_host(host, f"{path}.host")
    http = rule.get("http")
    if http is None:
        return errors
    paths = http.get("paths") or []
    if not paths:
        errors.append(required(f"{path}.http.paths", ""))
    for index, entry in enumerate(paths):
        errors += _validate_path(entry, f"{path}.http.paths[{index}]")
    return errors


def _validate_host(host: str, path: str) -> Errors:
    check = wildcard_subdomain if "*" in host else names.dns_subdomain
    return invalid_each(path, host, check(host))


def _validate_path(entry: Object, path: str) -> Errors:
    type_ = entry.get("pathType")
    if type_ is None:
        return [required(f"{path}.pathType", "pathType must be specified")]
    errors: Errors = []
    text = entry.get("path") or ""
    here = f"{path}.path"
    if type_ in {"Exact", "Prefix"}:
        if not text.startswith("/"):
            errors.append(invalid(here, text, "must be an absolute path"))
        errors += [
            invalid(here, text, f"must not contain '{part}'") for part in _PATH_SEQUENCES if part in text
        ]
        errors += [
            invalid(here, text, f"cannot end with '{end}'") for end in _PATH_ENDS if text.endswith(end)
        ]
    elif type_ == "ImplementationSpecific":
        if text and not text.startswith("/"):
            errors.append(invalid(here, text, "must be an absolute path"))
    else:
        errors.append(not_supported(f"{path}.pathType", type_, _PATH_TYPES))
    return errors + _validate_backend(entry.get("backend") or {}, f"{path}.backend")


def _validate_backend(backend: Object, path: str) -> Errors:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _validate_reference(resource, f"{path}.resource")
    if service is None:
        return [invalid(path, "", "resource or service backend is required")]
    return _validate_service_backend(service, path)


def _validate_service_backend(service: Object, path: str) -> Errors:
    errors: Errors = []
    name = service.get("name")
    if name:
        errors += invalid_each(f"{path}.service.name", name, names.dns_label(name))
    else:
        errors.append(required(f"{path}.service.name", ""))
    port = service.get("port") or {}
    port_name, number = port.get("name"), port.get("number")
    if port_name and number:
        errors.append(invalid(path, "", "cannot set both port name & port number"))
    elif port_name:
        errors += invalid_each(f"{path}.service.port.name", port_name, names.port_name(port_name))
    elif number:
        errors += invalid_each(f"{path}.service.port.number", number, names.port_number(number))
    else:
        errors.append(required(path, "port name or number is required"))
    return errors


def _validate_reference(reference: Object, path: str) -> Errors:
    errors: Errors = []
    group = reference.get("apiGroup")
    if group is not None:
        errors += invalid_each(f"{path}.apiGroup", group, names.dns_subdomain(group))
    for field in ("kind", "name"):
        value = reference.get(field)
        if value:
            errors += invalid_each(f"{path}.{field}", value, names.path_segment(value))
        else:
            errors.append(required(f"{path}.{field}", ""))
    return errors


def _validate_tls(tls: Object, path: str) -> Errors:
    errors: Errors = []
    for index, host in enumerate(tls.get("hosts") or ()):
        errors += _validate_host(host, f"{path}.hosts[{index}]")
    secret = tls.get("secretName")
    if secret:
        errors += invalid_each(f"{path}.secretName", secret, names.dns_subdomain(secret))
    return errors


def validate_ingress_status(new: Object, old: Object) -> Errors:
    """Addresses of the load balancer; those that were there may stay as they are."""
    known = [entry.get("ip") or "" for entry in _load_balancer(old)]
    errors: Errors = []
    for index, entry in enumerate(_load_balancer(new)):
        here = f"status.loadBalancer.ingress[{index}]"
        if entry.get("ip"):
            errors += validate_address(f"{here}.ip", entry["ip"], known)
        host = entry.get("hostname")
        if host:
            errors += invalid_each(f"{here}.hostname", host, names.dns_subdomain(host))
            if parse_address(host) is not None:
                errors.append(invalid(f"{here}.hostname", host, _NOT_AN_ADDRESS))
    return errors


def _load_balancer(ingress: Object) -> list[Object]:
    balancer = (ingress.get("status") or {}).get("loadBalancer") or {}
    return balancer.get("ingress") or []


def validate_ingress_class(ingress_class: Object) -> Errors:
    """A controller, and parameters in the cluster or in a namespace."""
    spec = ingress_class.get("spec") or {}
    controller = spec.get("controller") or ""
    errors: Errors = []
    if len(controller) > CONTROLLER_LENGTH_MAX:
        errors.append(too_long("spec.controller", "", CONTROLLER_LENGTH_MAX))
    errors += validate_domain_prefixed_path("spec.controller", controller)
    parameters = spec.get("parameters")
    return errors if parameters is None else errors + _validate_parameters(parameters, "spec.parameters")


def _validate_parameters(parameters: Object, path: str) -> Errors:
    errors = _validate_reference(parameters, path)
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope is None:
        return [*errors, required(f"{path}.scope", "")]
    if scope not in _SCOPES:
        errors.append(not_supported(f"{path}.scope", scope, _SCOPES))
    elif scope == "Namespace":
        if namespace is None:
            errors.append(required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
        else:
            errors += invalid_each(f"{path}.namespace", namespace, names.dns_label(namespace))
    elif namespace is not None:
        errors.append(forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))
    return errors


def _validate_ingress_class_update(new: Object, old: Object) -> Errors:
    before, after = old.get("spec") or {}, new.get("spec") or {}
    errors = unchanged("spec.controller", after.get("controller") or "", before.get("controller") or "")
    return errors + validate_ingress_class(new)


INGRESS_RULES: Final = KindRules(
    validate_ingress,
    lambda new, _: _validate_spec(new),
    validate_ingress_status,
    update_metadata="both",
)
INGRESS_CLASS_RULES: Final = KindRules(
    validate_ingress_class, _validate_ingress_class_update, update_metadata="both"
)
