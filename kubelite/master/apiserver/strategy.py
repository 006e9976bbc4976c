"""How the registry treats each kind: what a delete answers, who may be made by PUT, grace periods.

What a kind does with its own fields is `kubelite.api.strategy`.
Source: k8s.io/kubernetes/pkg/registry/*/*/{strategy,storage/storage}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

import attrs

from kubelite.api import podutil
from kubelite.api import resources as r
from kubelite.apimachinery.scheme import Object, Resource

DeletionDefault = Literal["background", "orphan", "unsupported"]


@attrs.frozen(kw_only=True)
class Strategy:
    """The registry's rules for one kind.

    Attributes:
        returns_deleted: Whether a delete answers with the object instead of a `Status`.
        deletion: What becomes of dependents when the client does not say.
        creates_on_update: Whether a PUT of an absent object creates it.
        unconditional_update: Whether a PUT without resourceVersion is allowed.
        grace_period_s: For kinds with graceful deletion: the seconds for an object, given those asked for.
    """

    returns_deleted: bool = False
    deletion: DeletionDefault = "background"
    creates_on_update: bool = False
    unconditional_update: bool = True
    grace_period_s: Callable[[Object, int | None], int] | None = None


def _pod_grace_period_s(pod: Object, asked_s: int | None) -> int:
    """Seconds that a deleted pod has: none without a node or after its end, else those asked or its own."""
    period = asked_s if asked_s is not None else pod["spec"].get("terminationGracePeriodSeconds", 0)
    if not podutil.is_scheduled(pod) or podutil.is_terminal(pod):
        return 0
    return 1 if period < 0 else int(period)


STRATEGIES: Final[Mapping[str, Strategy]] = {
    r.PODS.group_resource: Strategy(returns_deleted=True, grace_period_s=_pod_grace_period_s),
    r.SERVICES.group_resource: Strategy(returns_deleted=True, creates_on_update=True),
    r.REPLICATIONCONTROLLERS.group_resource: Strategy(deletion="orphan"),
    r.PODDISRUPTIONBUDGETS.group_resource: Strategy(unconditional_update=False),
    r.ENDPOINTS.group_resource: Strategy(creates_on_update=True),
    r.EVENTS.group_resource: Strategy(deletion="unsupported", creates_on_update=True),
    r.LEASES.group_resource: Strategy(creates_on_update=True, unconditional_update=False),
    r.SERVICEACCOUNTS.group_resource: Strategy(returns_deleted=True),
}
"""By resource and group; kinds that are not here follow the common rules."""

COMMON: Final = Strategy()


def strategy_of(resource: Resource) -> Strategy:
    """The rules for a kind."""
    return STRATEGIES.get(resource.group_resource, COMMON)
