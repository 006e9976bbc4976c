"""The columns of API services.

Source: k8s.io/kube-aggregator/pkg/registry/apiservice/etcd.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.columns.text import AGE, NAME, Column
from kubelite.api.conditions import get_condition
from kubelite.apimachinery.scheme import Object


def _service(service: Object, _: float) -> str:
    target = (service.get("spec") or {}).get("service")
    return "Local" if target is None else f"{target.get('namespace', '')}/{target.get('name', '')}"


def _available(service: Object, _: float) -> str:
    condition = get_condition(service, "Available")
    if condition is None:
        return "Unknown"
    status, reason = condition.get("status", ""), condition.get("reason")
    return f"{status} ({reason})" if reason and status != "True" else status


COLUMNS: Final[dict[object, tuple[Column, ...]]] = {
    r.APISERVICES: (
        NAME,
        Column("Service", _service, "Who serves the group."),
        Column("Available", _available, "Whether it answers."),
        AGE,
    )
}
