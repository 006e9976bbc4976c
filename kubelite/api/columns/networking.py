"""The columns of ingresses, network policies and cluster addresses.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.columns.text import AGE, LIST_MAX, NAME, NONE, Column
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object


def _spec(obj: Object) -> Object:
    return obj.get("spec") or {}


def _selector(policy: Object, _: float) -> str:
    return str(from_label_selector(_spec(policy).get("podSelector") or {})) or NONE


def _class(ingress: Object, _: float) -> str:
    name = _spec(ingress).get("ingressClassName")
    return NONE if name is None else str(name)


def _hosts(ingress: Object, _: float) -> str:
    rules = _spec(ingress).get("rules") or []
    hosts = [rule["host"] for rule in rules if rule.get("host")]
    if not hosts:
        return "*"
    text = ",".join(hosts[:LIST_MAX])
    is_cut = len(hosts) > LIST_MAX or (len(hosts) == LIST_MAX and not rules[-1].get("host"))
    return f"{text} + {len(rules) - LIST_MAX} more..." if is_cut else text


def _address(ingress: Object, _: float) -> str:
    balancer = (ingress.get("status") or {}).get("loadBalancer") or {}
    entries = balancer.get("ingress") or ()
    return ",".join(sorted({entry.get("ip") or entry.get("hostname") or "" for entry in entries} - {""}))


def _parameters(ingress_class: Object, _: float) -> str:
    parameters = _spec(ingress_class).get("parameters")
    if parameters is None:
        return NONE
    group = parameters.get("apiGroup")
    kind = parameters.get("kind", "") + ("" if group is None else f".{group}")
    return f"{kind}/{parameters.get('name', '')}"


def _parent(address: Object, _: float) -> str:
    parent = _spec(address).get("parentRef")
    if parent is None:
        return NONE
    group, namespace = parent.get("group"), parent.get("namespace")
    resource = parent.get("resource", "") + (f".{group}" if group else "")
    return "/".join(part for part in (resource, namespace, parent.get("name", "")) if part)


COLUMNS: Final[dict[object, tuple[Column, ...]]] = {
    r.INGRESSES: (
        NAME,
        Column("Class", _class, "The class of controllers that carries it out."),
        Column("Hosts", _hosts, "The hosts that it is about."),
        Column("Address", _address, "Where the load balancer is reached."),
        Column(
            "Ports", lambda obj, _: "80, 443" if _spec(obj).get("tls") else "80", "HTTP, and with TLS HTTPS."
        ),
        AGE,
    ),
    r.INGRESSCLASSES: (
        NAME,
        Column("Controller", lambda obj, _: _spec(obj).get("controller") or "", "Who carries it out."),
        Column("Parameters", _parameters, "More of its configuration."),
        AGE,
    ),
    r.NETWORKPOLICIES: (
        NAME,
        Column("Pod-Selector", _selector, "Whose traffic it is."),
        AGE,
    ),
    r.IPADDRESSES: (NAME, Column("ParentRef", _parent, "What has the address."), AGE),
    r.SERVICECIDRS: (
        NAME,
        Column("CIDRs", lambda obj, _: ",".join(_spec(obj).get("cidrs") or ()), "Where addresses come from."),
        AGE,
    ),
}
