"""PodDisruptionBudgets: how many pods are healthy, how many have to be, how many may be evicted now.

The eviction subresource lowers `disruptionsAllowed` and notes the pod in `disruptedPods`; here the note is
dropped when the pod is going, or after `DISRUPTED_TIMEOUT_S` if it is not.

Source: k8s.io/kubernetes/pkg/controller/disruption/disruption.go.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from kubelite.api import podutil
from kubelite.api.disruptions import with_allowed, with_failure
from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS, PODDISRUPTIONBUDGETS, PODS
from kubelite.apimachinery import labels
from kubelite.apimachinery.intorstring import scaled
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time
from kubelite.controllers.replicas import matters
from kubelite.controllers.scales import WATCHED, ScaleError, Scales
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Intent, Outcomes, RecordEvent, RequeueAfter, Steps, UpdateStatus
from kubelite.reconcile.ownership import controller_of, key_of, split_key
from kubelite.reconcile.resting import rest_s

DISRUPTED_TIMEOUT_S: Final = 120.0
"""Seconds after which an evicted pod that is still there counts as healthy again."""
REST_S: Final = 0.02

UNMANAGED: Final = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the "
    "status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account "
    'for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
)

ScaleOf = Callable[[Object], tuple[str, int] | None]


@attrs.frozen
class Budget:
    """How many pods are expected and how many of them have to be healthy."""

    expected: int
    desired: int


def expected_scale(pods: Sequence[Object], scale_of: ScaleOf) -> int:
    """The sum of the scales of the pods' controllers; pods without one do not count.

    Args:
        pods: The pods concerned.
        scale_of: The uid and the scale of the controller that a reference means; None if there is none.

    Raises:
        LookupError: The controller of a pod has no scale.
    """
    scales: dict[str, int] = {}
    for pod in pods:
        reference = controller_of(pod)
        if reference is None:
            continue
        scale = scale_of(reference)
        if scale is None:
            raise LookupError(f'found no controllers for pod "{pod["metadata"]["name"]}"')
        uid, replicas = scale
        scales[uid] = replicas
    return sum(scales.values())


def needs_scale(spec: Object) -> bool:
    """Whether a budget is a share of the pods that there should be."""
    return spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable", 0), str)


def _no_scale(_: Object) -> tuple[str, int] | None:
    return None


def budget_of(pdb: Object, pods: Sequence[Object], scale_of: ScaleOf) -> Budget:
    """What the spec asks for.

    Raises:
        LookupError: As `expected_scale`.
    """
    spec = pdb["spec"]
    if spec.get("maxUnavailable") is not None:
        expected = expected_scale(pods, scale_of)
        return Budget(expected, max(0, expected - scaled(spec["maxUnavailable"], expected, up=True)))
    minimum = spec.get("minAvailable")
    if minimum is None:
        return Budget(0, 0)
    if isinstance(minimum, int):
        return Budget(len(pods), minimum)
    expected = expected_scale(pods, scale_of)
    return Budget(expected, scaled(minimum, expected, up=True))


def disrupted(
    pdb: Object, pods: Sequence[Object], now: float
) -> tuple[dict[str, str], float | None, list[Object]]:
    """The evicted pods that are still to go.

    Returns:
        Name -> time of eviction; when to look again; pods that should have gone long ago.
    """
    noted: Mapping[str, str] = pdb.get("status", {}).get("disruptedPods") or {}
    kept: dict[str, str] = {}
    late: list[Object] = []
    again: float | None = None
    for pod in pods if noted else ():
        time = noted.get(pod["metadata"]["name"])
        if time is None or podutil.is_terminating(pod):
            continue
        expires = parse_time(time) + DISRUPTED_TIMEOUT_S
        if expires < now:
            late.append(pod)
            continue
        kept[pod["metadata"]["name"]] = time
        again = expires if again is None else min(again, expires)
    return kept, again, late


def make_status(pdb: Object, budget: Budget, healthy: int, noted: Mapping[str, str], now: float) -> Object:
    """The status of a budget."""
    allowed = max(0, healthy - budget.desired) if budget.expected > 0 else 0
    generation = pdb["metadata"].get("generation", 0)
    status: dict[str, Any] = {"observedGeneration": generation} if generation else {}
    if noted:
        status["disruptedPods"] = dict(noted)
    status |= {
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": budget.desired,
        "expectedPods": budget.expected,
        "conditions": with_allowed(pdb.get("status") or {}, allowed, generation, now),
    }
    return status


def make_failed_status(pdb: Object, message: str, now: float) -> Object:
    """The status of a budget that cannot be worked out: nothing may be disrupted."""
    status = pdb.get("status") or {}
    return {
        **status,
        "disruptionsAllowed": 0,
        "conditions": with_failure(status, message, status.get("observedGeneration", 0), now),
    }


def is_selected(pdb: Object, pod: Object) -> bool:
    """True if the budget covers the pod; a missing selector covers none, an empty one all."""
    selector = pdb["spec"].get("selector")
    if selector is None:
        return False
    return labels.from_label_selector(selector).matches(pod["metadata"].get("labels"))


def tell_of_several(pod: Object, chosen: str) -> Intent:
    """An Event about a pod that several budgets cover; `chosen` is one of them."""
    which = f'"{pod["metadata"]["namespace"]}"/"{pod["metadata"]["name"]}"'
    text = f'Pod {which} matches multiple PodDisruptionBudgets.  Chose "{chosen}" arbitrarily.'
    return RecordEvent(pod, "Warning", "MultiplePodDisruptionBudgets", text)


class DisruptionController(Reconciler):
    """Keeps the status of each budget."""

    name = "disruption-controller"
    component = "controllermanager"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._budgets = self.informer(PODDISRUPTIONBUDGETS)
        self._pods = self.informer(PODS)
        self._scales = Scales(self.informer)
        self._several: dict[str, dict[str, Object]] = {}
        self._sizes: dict[str, int] = {}

    def watches(self) -> Sequence[Watch]:
        """Budgets, the pods they cover, and the controllers whose scale counts."""
        return (
            Watch(PODDISRUPTIONBUDGETS, lambda old, new: (key_of(new or old or {}),)),
            Watch(PODS, self._pod_keys),
            *(Watch(resource, self._controller_keys) for resource in WATCHED),
            Watch(CUSTOMRESOURCEDEFINITIONS),
        )

    def interval_s(self, key: str) -> float:
        """Pod events come in bursts."""
        return max(REST_S, rest_s(self._sizes.get(key, 0)))

    def _pod_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        pod = new or old
        assert pod is not None
        if old is not None and new is not None and not matters(old, new):
            return ()
        budgets = self._budgets.list(pod["metadata"]["namespace"])
        covering = [key_of(budget) for budget in budgets if is_selected(budget, pod)]
        if len(covering) > 1:
            self._several.setdefault(covering[0], {})[pod["metadata"]["name"]] = pod
        if old is None or new is None:
            return covering
        return dict.fromkeys([*covering, *(key_of(budget) for budget in budgets if is_selected(budget, old))])

    def _controller_keys(self, old: Object | None, new: Object | None) -> Iterable[str]:
        before, after = (None if each is None else each["spec"].get("replicas") for each in (old, new))
        if before == after:
            return ()
        return [key_of(each) for each in self._budgets.list((new or old or {})["metadata"]["namespace"])]

    def _scale_of(
        self, pods: Sequence[Object], namespace: str
    ) -> Generator[Sequence[Intent], Outcomes, ScaleOf]:
        """The scales of the pods' controllers.

        Raises:
            ScaleError: One of them can have none.
        """
        known: dict[str, tuple[str, int] | None] = {}
        for pod in pods:
            reference = controller_of(pod)
            if reference is not None and reference["uid"] not in known:
                known[reference["uid"]] = yield from self._scales.of(reference, namespace)
        return lambda reference: known[reference["uid"]]

    def sync(self, key: str) -> Steps:
        """Work out one budget's status."""
        namespace, name = split_key(key)
        assert namespace is not None
        several = self._several.pop(key, {})
        pdb = self._budgets.get(namespace, name)
        if pdb is None:
            self._sizes.pop(key, None)
            return
        now = self.clock.now()
        selector = pdb["spec"].get("selector")
        pods = [] if selector is None else self._pods.list(namespace, labels.from_label_selector(selector))
        self._sizes[key] = len(pods)
        intents: list[Intent] = [tell_of_several(pod, name) for pod in several.values()]
        if not pods:
            intents.append(RecordEvent(pdb, "Normal", "NoPods", "No matching pods found"))
        again: float | None = None
        try:
            counts = needs_scale(pdb["spec"])
            scale_of = (yield from self._scale_of(pods, namespace)) if counts else _no_scale
            budget = budget_of(pdb, pods, scale_of)
        except (LookupError, ScaleError) as error:
            problem = str(error.args[0])
            text = f"Failed to calculate the number of expected pods: {problem}"
            intents.append(RecordEvent(pdb, "Warning", "CalculateExpectedPodCountFailed", text))
            status = make_failed_status(pdb, problem, now)
        else:
            if counts and any(controller_of(pod) is None for pod in pods):
                text = UNMANAGED.format(labels.go_text(pdb["spec"].get("selector")))
                intents.append(RecordEvent(pdb, "Warning", "UnmanagedPods", text))
            noted, again, late = disrupted(pdb, pods, now)
            # Kubernetes gives the namespace where the name should stand.
            text = f"Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't"
            intents += [RecordEvent(pod, "Warning", "NotDeleted", text) for pod in late]
            healthy = sum(
                podutil.is_ready(pod)
                and not podutil.is_terminating(pod)
                and pod["metadata"]["name"] not in noted
                for pod in pods
            )
            status = make_status(pdb, budget, healthy, noted, now)
        if status != pdb.get("status"):
            intents.append(UpdateStatus(PODDISRUPTIONBUDGETS, {**pdb, "status": status}))
        if again is not None:
            intents.append(RequeueAfter(max(0.0, again - now) + 1.0))
        yield intents
