"""A Job's policies: what the failure of a pod means, and when enough has succeeded. Pure.

Source: k8s.io/kubernetes/pkg/controller/job/{pod_failure_policy,success_policy}.go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.controllers.job.indexes import parse_ranges

IGNORE: Final = "Ignore"
FAIL_JOB: Final = "FailJob"
FAIL_INDEX: Final = "FailIndex"


@attrs.frozen
class Failure:
    """What the failure of a pod means.

    Attributes:
        action: Of the first rule that fits; empty if none does.
        message: Why the whole Job fails; empty unless the action is FailJob.
    """

    action: str = ""
    message: str = ""

    @property
    def is_counted(self) -> bool:
        """Whether it counts towards a limit of failures."""
        return self.action != IGNORE


NO_RULE: Final = Failure()


def match_failure(policy: Object | None, pod: Object) -> Failure:
    """What the policy says of a pod that has failed."""
    for position, rule in enumerate((policy or {}).get("rules") or ()):
        text = _reason(rule, pod)
        if text:
            action = rule["action"]
            message = f"{text} matching {action} rule at index {position}" if action == FAIL_JOB else ""
            return Failure(action, message)
    return NO_RULE


def _reason(rule: Object, pod: Object) -> str:
    """How a rule fits to a pod; empty if it does not."""
    place = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    status = pod.get("status") or {}
    if rule.get("onExitCodes") is not None:
        for field in ("containerStatuses", "initContainerStatuses"):
            for each in status.get(field) or ():
                code = ((each.get("state") or {}).get("terminated") or {}).get("exitCode")
                if _is_named(rule["onExitCodes"], each["name"], code):
                    return f"Container {each['name']} for pod {place} failed with exit code {code}"
        return ""
    for condition in status.get("conditions") or ():
        if _is_expected(rule.get("onPodConditions") or (), condition):
            return f"Pod {place} has condition {condition['type']}"
    return ""


def _is_named(requirement: Object, container: str, code: int | None) -> bool:
    if not code or requirement.get("containerName") not in (None, container):
        return False
    is_listed = code in (requirement.get("values") or ())
    return is_listed if requirement["operator"] == "In" else not is_listed


def _is_expected(patterns: Iterable[Object], condition: Object) -> bool:
    return any(
        pattern["type"] == condition["type"] and (pattern.get("status") or "True") == condition["status"]
        for pattern in patterns
    )


def match_success(policy: Object | None, completions: int, succeeded: Collection[int]) -> str:
    """Which rule the indexes that have succeeded meet, as a message; empty if none."""
    if not succeeded:
        return ""
    for position, rule in enumerate((policy or {}).get("rules") or ()):
        if _is_met(rule, completions, succeeded):
            return f"Matched rules at index {position}"
    return ""


def _is_met(rule: Object, completions: int, succeeded: Collection[int]) -> bool:
    least: int | None = rule.get("succeededCount")
    if rule.get("succeededIndexes") is None:
        return least is not None and len(succeeded) >= least
    required = parse_ranges(rule["succeededIndexes"], completions)
    total = sum(map(len, required))
    count = sum(any(index in each for each in required) for index in succeeded)
    return total > 0 and (count == total or (least is not None and count >= least))
