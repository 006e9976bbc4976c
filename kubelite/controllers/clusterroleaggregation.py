"""ClusterRole aggregation: a role with an aggregation rule has the rules of all roles that this selects.

Whatever rules it was given itself are replaced; a rule that stands already is not taken again.

Source: k8s.io/kubernetes/pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kubelite.api.resources import CLUSTERROLES
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Intent, PatchObject, Steps


def aggregated(role: Object, roles: Iterable[Object]) -> list[Object]:
    """The rules of the roles that a role's aggregation rule selects, selector by selector, by name."""
    by_name = sorted(roles, key=lambda each: str(each["metadata"]["name"]))
    rules: list[Object] = []
    for each in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
        selector = from_label_selector(each)
        for other in by_name:
            if other["metadata"]["name"] == role["metadata"]["name"]:
                continue
            if selector.matches(other["metadata"].get("labels")):
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
    return rules


def plan(role: Object, roles: Iterable[Object]) -> tuple[Intent, ...]:
    """Give a role with an aggregation rule the rules that it is to have, if it has others."""
    if role.get("aggregationRule") is None:
        return ()
    rules = aggregated(role, roles)
    if rules == (role.get("rules") or []):
        return ()
    name = role["metadata"]["name"]
    applied = {
        "apiVersion": CLUSTERROLES.api_version,
        "kind": CLUSTERROLES.kind,
        "metadata": {"name": name},
        "rules": rules,
    }
    manager = ClusterRoleAggregationController.name
    return (PatchObject(CLUSTERROLES, None, name, applied, patch_type="apply", field_manager=manager),)


class ClusterRoleAggregationController(Reconciler):
    """Keys are ClusterRoles."""

    name = "clusterrole-aggregation-controller"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._roles = self.informer(CLUSTERROLES)

    def watches(self) -> Sequence[Watch]:
        """ClusterRoles: whatever changes may matter to every one that aggregates."""
        return (Watch(CLUSTERROLES, self._keys),)

    def _keys(self, _old: Object | None, _new: Object | None) -> Iterable[str]:
        return [each["metadata"]["name"] for each in self._roles.list() if each.get("aggregationRule")]

    def sync(self, key: str) -> Steps:
        """One role."""
        role = self._roles.get(None, key)
        if role is not None:
            yield plan(role, self._roles.list())
