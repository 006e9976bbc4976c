"""Tables that stand in one module per API group: loaded when the group is first met.

Most programs use few groups; what the others need is not even imported.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

MODULES: Final = {
    "admissionregistration.k8s.io": "admissionregistration",
    "apiregistration.k8s.io": "apiregistration",
    "apps": "apps",
    "autoscaling": "autoscaling",
    "batch": "batch",
    "certificates.k8s.io": "certificates",
    "events.k8s.io": "events",
    "flowcontrol.apiserver.k8s.io": "flowcontrol",
    "networking.k8s.io": "networking",
    "node.k8s.io": "node",
    "rbac.authorization.k8s.io": "rbac",
    "resource.k8s.io": "resource",
    "scheduling.k8s.io": "scheduling",
    "storage.k8s.io": "storage",
}
"""Group -> the name of its module in each package; other groups have tables in the packages themselves."""


@cache
def table(package: str, group: str, name: str) -> Any:
    """The table `name` in the group's module of `kubelite.api.PACKAGE`; None if there is none."""
    module = f"kubelite.api.{package}.{MODULES.get(group)}"
    if group not in MODULES or find_spec(module) is None:
        return None
    return getattr(import_module(module), name, None)
