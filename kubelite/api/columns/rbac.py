"""The columns of role bindings.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kubelite.api import resources as r
from kubelite.api.columns.text import AGE, NAME, Column
from kubelite.apimachinery.scheme import Object


def _role(binding: Object, _: float) -> str:
    reference = binding.get("roleRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _subjects(kind: str) -> Callable[[Object, float], str]:
    def cell(binding: Object, _: float) -> str:
        chosen = [subject for subject in binding.get("subjects") or () if subject.get("kind") == kind]
        if kind == "ServiceAccount":
            return ", ".join(
                f"{subject.get('namespace', '')}/{subject.get('name', '')}" for subject in chosen
            )
        return ", ".join(subject.get("name", "") for subject in chosen)

    return cell


_BINDING: Final = (
    NAME,
    Column("Role", _role, "The role that is given."),
    AGE,
    Column("Users", _subjects("User"), "The users who get it.", priority=1),
    Column("Groups", _subjects("Group"), "The groups that get it.", priority=1),
    Column("ServiceAccounts", _subjects("ServiceAccount"), "The accounts that get it.", priority=1),
)
COLUMNS: Final[dict[object, tuple[Column, ...]]] = {
    r.ROLEBINDINGS: _BINDING,
    r.CLUSTERROLEBINDINGS: _BINDING,
}
