"""DefaultPreemption: which pods of lower priority have to go so that a pod fits. Pure: it deletes nothing.

For a number of nodes (beginning with a random one) all pods of lower priority are thought away; if the pod
fits then, as many as possible are put back, first those that a PodDisruptionBudget protects, then the more
important. What is left are the victims; of all nodes that one is chosen whose victims matter least.

Source: pkg/scheduler/framework/preemption/preemption.go, plugins/defaultpreemption/default_preemption.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from kubelite.api.conditions import get_condition
from kubelite.apimachinery.labels import from_label_selector
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import parse_time
from kubelite.scheduler.cycle import Framework, Verdict, first_refusal, fit_error
from kubelite.scheduler.framework import Filtering, Status
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

NAME: Final = "DefaultPreemption"
NO_VICTIMS: Final = Status(NAME, ("No preemption victims found for incoming pod",))
NOT_HELPFUL: Final = Status(NAME, ("Preemption is not helpful for scheduling",))
NO_CLAIMS: Final = "no new claims to deallocate"
"""What DynamicResources says, which is asked first, of pods without resource claims."""
CANDIDATES_PERCENTAGE, CANDIDATES_MIN = 10, 100
_OFFSET: Final = 2**31
"""Makes all priorities positive before they are added up."""


@attrs.frozen(eq=False)
class Candidate:
    """A node, and who would have to go there: the most important first."""

    node: str
    victims: tuple[PodInfo, ...]
    violations: int


@attrs.frozen(eq=False)
class Preemption:
    """What came of it.

    Attributes:
        chosen: Where, and who has to go; None if it does not help.
        candidates: All that were found.
        message: Why it does not help; "" if it does.
        keeps_nomination: The pod goes on waiting for the room that was made for it.
    """

    chosen: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()
    message: str = ""
    keeps_nomination: bool = False


def preempt(
    framework: Framework, info: PodInfo, verdict: Verdict, budgets: Sequence[Object], now: float
) -> Preemption:
    """Who has to go so that a pod fits.

    Args:
        framework: The pod's profile.
        info: The pod.
        verdict: Why it fits nowhere.
        budgets: All PodDisruptionBudgets.
        now: Unix seconds, for pods that have not started.
    """
    first = f"{NO_CLAIMS}, " if framework.profile.has("postFilter", "DynamicResources") else ""
    reason = ineligible(framework, info, verdict)
    if reason:
        return Preemption(message=f"{first}preemption: {reason}", keeps_nomination=True)
    nodes = framework.handle.cache.listed()
    possible = [node for node in nodes if (status := verdict.status_of(node.name)) and status.resolvable]
    candidates, statuses = _candidates(framework, info, verdict.filterings, possible, budgets, now)
    if not candidates:
        text = fit_error(len(nodes), statuses, NOT_HELPFUL)
        return Preemption(message=f"{first}preemption: {text}")
    return Preemption(select(candidates, now), tuple(candidates))


def choose_among(
    candidates: Sequence[Candidate], now: float, problem: str = "no candidate node for preemption"
) -> Preemption:
    """What comes of it when others have had their say about the candidates.

    Args:
        candidates: Those that are left.
        now: Unix seconds.
        problem: Why there is none.
    """
    if not candidates:
        return Preemption(message=f"preemption: {problem}")
    return Preemption(select(candidates, now), tuple(candidates))


def ineligible(framework: Framework, info: PodInfo, verdict: Verdict) -> str:
    """Why a pod may not preempt others; "" if it may."""
    if info.spec.get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    cache = framework.handle.cache
    name = cache.nomination(info.uid) or info.nominated
    node = cache.existing(name) if name else None
    if node is None:
        return ""
    status = verdict.status_of(name)
    if status is not None and not status.resolvable:
        return ""
    if any(other.priority < info.priority and _is_leaving(other.pod) for other in node.pods.values()):
        return "not eligible due to a terminating pod on the nominated node."
    return ""


def _is_leaving(pod: Object) -> bool:
    """Whether a pod was preempted and is not gone yet."""
    condition = get_condition(pod, "DisruptionTarget")
    return (
        "deletionTimestamp" in pod["metadata"]
        and condition is not None
        and (condition["status"], condition.get("reason")) == ("True", "PreemptionByScheduler")
    )


def _candidates(
    framework: Framework,
    info: PodInfo,
    filterings: Sequence[Filtering],
    nodes: Sequence[NodeInfo],
    budgets: Sequence[Object],
    now: float,
) -> tuple[list[Candidate], dict[str, Status]]:
    """Nodes on which it helps, and why it does not on the others that were tried."""
    found: list[Candidate] = []
    statuses: dict[str, Status] = {}
    if not nodes:
        return found, statuses
    args = framework.profile.args.get(NAME) or {}
    share = args.get("minCandidateNodesPercentage", CANDIDATES_PERCENTAGE)
    wanted = max(len(nodes) * share // 100, args.get("minCandidateNodesAbsolute", CANDIDATES_MIN))
    offset = framework.handle.random(len(nodes))
    for index in range(len(nodes)):
        node = nodes[(offset + index) % len(nodes)]
        answer = select_victims(framework, info, node, filterings, budgets, now)
        if isinstance(answer, Status):
            statuses[node.name] = answer
            continue
        found.append(answer)
        if len(found) >= wanted and any(not each.violations for each in found):
            break
    return found, statuses


def select_victims(
    framework: Framework,
    info: PodInfo,
    node: NodeInfo,
    filterings: Sequence[Filtering],
    budgets: Sequence[Object],
    now: float,
) -> Candidate | Status:
    """The fewest and least important pods that have to go from a node; or why that does not help."""
    possible = [other for other in node.pods.values() if other.priority < info.priority]
    if not possible:
        return NO_VICTIMS
    emptied, copies = node.copy(), [each.copy() for each in filterings]

    def take_away(other: PodInfo) -> None:
        emptied.remove(other.uid)
        for each in copies:
            each.remove_pod(other, emptied)

    def put_back(other: PodInfo) -> None:
        emptied.add(other)
        for each in copies:
            each.add_pod(other, emptied)

    def refusal() -> Status | None:
        if framework.handle.cache.nominated.get(node.name):
            return framework.run_filters(info, emptied, copies)
        return first_refusal(emptied, [each.test for each in copies])

    for other in possible:
        take_away(other)
    status = refusal()
    if status is not None:
        return status
    possible.sort(key=lambda other: importance(other, now))
    violating, others = split_by_budget(possible, budgets)
    victims: list[PodInfo] = []
    violations = 0
    for other in (*violating, *others):
        put_back(other)
        if refusal() is not None:
            take_away(other)
            victims.append(other)
            violations += other in violating
    victims.sort(key=lambda other: importance(other, now))
    return Candidate(node.name, tuple(victims), violations) if victims else NO_VICTIMS


def started(info: PodInfo, now: float) -> float:
    """When a pod started; one that has not has just."""
    time = (info.pod.get("status") or {}).get("startTime")
    return parse_time(time) if time else now


def importance(info: PodInfo, now: float) -> tuple[int, float]:
    """Sorts the more important first: of higher priority, or running for longer."""
    return -info.priority, started(info, now)


def split_by_budget(
    pods: Sequence[PodInfo], budgets: Sequence[Object]
) -> tuple[list[PodInfo], list[PodInfo]]:
    """Those whose eviction a PodDisruptionBudget does not allow, and the others."""
    left = [(each.get("status") or {}).get("disruptionsAllowed") or 0 for each in budgets]
    selectors = [from_label_selector(each["spec"].get("selector")) for each in budgets]
    violating: list[PodInfo] = []
    others: list[PodInfo] = []
    for info in pods:
        violated = False
        for index, budget in enumerate(budgets if info.labels else ()):
            if budget["metadata"]["namespace"] != info.namespace or selectors[index].empty:
                continue
            noted: Mapping[str, Any] = (budget.get("status") or {}).get("disruptedPods") or {}
            if info.pod["metadata"]["name"] in noted or not selectors[index].matches(info.labels):
                continue
            left[index] -= 1
            violated = violated or left[index] < 0
        (violating if violated else others).append(info)
    return violating, others


def select(candidates: Sequence[Candidate], now: float) -> Candidate:
    """The candidate whose victims matter least.

    In this order: fewest violated budgets, lowest highest priority, lowest sum of priorities, fewest victims,
    the latest start of those of the highest priority.
    """

    def rank(candidate: Candidate) -> tuple[float, ...]:
        victims = candidate.victims
        highest = victims[0].priority
        return (
            candidate.violations,
            highest,
            sum(each.priority + _OFFSET for each in victims),
            len(victims),
            -min(started(each, now) for each in victims if each.priority == highest),
        )

    return min(candidates, key=rank)
