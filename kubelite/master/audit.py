"""The audit log: who asked what when, and what the answer was; kept in memory so that tests can read it.

Each request leaves one record in a bounded ring; the `Event` objects of audit.k8s.io/v1 are made from it
only when somebody reads. What is recorded is Kubernetes' level `Metadata`: no bodies.

Source: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/; k8s.io/apiserver/pkg/audit (request.go).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from kubelite.apimachinery import timestamps
from kubelite.apimachinery.scheme import Object
from kubelite.client.requests import UserInfo
from kubelite.runtime import Shown

API_VERSION: Final = "audit.k8s.io/v1"
METADATA: Final = "Metadata"
NONE: Final = "None"
LEVELS: Final = (NONE, METADATA)
RECORDS_MAX: Final = 4096

RECEIVED: Final = "RequestReceived"
STARTED: Final = "ResponseStarted"
COMPLETE: Final = "ResponseComplete"
_DECISION: Final = "authorization.k8s.io/decision"
_REASON: Final = "authorization.k8s.io/reason"


@attrs.define(eq=False, repr=False)
class Record(Shown):
    """One request.

    Attributes:
        received: Unix seconds.
        started: When a long-running answer began; 0 if it is none, or has not.
        ended: When the answer was complete; 0 while it is not.
        impersonated: On whose behalf; None for nobody's.
        decision: `allow`, `forbid`, or empty while that is not decided.
        reason: Why.
        status: The `Status` that was answered; None for other answers.
    """

    audit_id: str
    received: float
    uri: str
    verb: str
    source: str
    user_agent: str
    group: str = ""
    version: str = ""
    plural: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    user: UserInfo | None = None
    impersonated: UserInfo | None = None
    decision: str = ""
    reason: str = ""
    started: float = 0.0
    ended: float = 0.0
    code: int = 0
    status: Mapping[str, Any] | None = None


class AuditLog(Sequence[Object]):
    """The events of the newest requests, oldest first: `for event in cluster.audit`.

    Args:
        level: `Metadata`, or `None` to record nothing.
        records_max: Requests that are kept.
        rules: Rules as in an audit `Policy`: the first that matches a request gives its level. What matches
            none has `level`.

    Raises:
        ValueError: There is no such level.
    """

    def __init__(
        self, level: str = METADATA, records_max: int = RECORDS_MAX, rules: Sequence[Object] = ()
    ) -> None:
        for each in (level, *(rule.get("level") for rule in rules)):
            if each not in LEVELS:
                raise ValueError(f"an audit level is one of {', '.join(LEVELS)}, not {each!r}")
        self._records: deque[Record] = deque(maxlen=records_max)
        self._rules = tuple(rules)
        self._level = level
        self.is_on = level != NONE or any(rule["level"] != NONE for rule in rules)
        self.recorded = 0

    def __repr__(self) -> str:
        return f"<AuditLog {self._level}, {len(self._records)} of {self.recorded} requests kept>"

    def add(self, record: Record) -> None:
        """A request has come in and its user is known."""
        if self._rules and self._level_of(record) == NONE:
            return
        if not self._rules and self._level == NONE:
            return
        self.recorded += 1
        self._records.append(record)

    def clear(self) -> None:
        """Forget what was recorded."""
        self._records.clear()

    @property
    def events(self) -> list[Object]:
        """All events, in the order of their stages' times."""
        made = [event for record in tuple(self._records) for event in events_of(record)]
        return sorted(made, key=lambda event: str(event["stageTimestamp"]))

    def __iter__(self) -> Iterator[Object]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, index: Any) -> Any:
        return self.events[index]

    def _level_of(self, record: Record) -> str:
        return next((str(rule["level"]) for rule in self._rules if rule_matches(rule, record)), self._level)


def rule_matches(rule: Mapping[str, Any], record: Record) -> bool:
    """Whether a rule of an audit policy concerns a request.

    Source: k8s.io/apiserver/pkg/audit/policy/checker.go.
    """
    user = record.impersonated or record.user
    if (users := rule.get("users")) and (user is None or user.name not in users):
        return False
    if (groups := rule.get("userGroups")) and (user is None or not set(groups) & set(user.groups)):
        return False
    if (verbs := rule.get("verbs")) and record.verb not in verbs:
        return False
    resources, paths = rule.get("resources"), rule.get("nonResourceURLs")
    if (namespaces := rule.get("namespaces")) and (not record.plural or record.namespace not in namespaces):
        return False
    if resources or paths:
        if record.plural:
            return any(_names_resource(each, record) for each in resources or ())
        path = record.uri.partition("?")[0]
        return any(path.startswith(each[:-1]) if each.endswith("*") else path == each for each in paths or ())
    return True


def _names_resource(rule: Mapping[str, Any], record: Record) -> bool:
    if rule.get("group", "") != record.group:
        return False
    names = rule.get("resourceNames")
    if names and record.name not in names:
        return False
    wanted = rule.get("resources")
    if not wanted:
        return True
    if record.subresource:
        accepted = {f"{record.plural}/{record.subresource}", f"{record.plural}/*", f"*/{record.subresource}"}
    else:
        accepted = {record.plural}
    return bool(accepted & set(wanted)) or "*" in wanted


def events_of(record: Record) -> list[Object]:
    """The events of a request: one for each stage that it has reached."""
    common: Object = {
        "kind": "Event",
        "apiVersion": API_VERSION,
        "level": METADATA,
        "auditID": record.audit_id,
        "stage": RECEIVED,
        "requestURI": record.uri,
        "verb": record.verb,
    }
    if record.user is not None:
        common["user"] = _user(record.user)
    if record.impersonated is not None:
        common["impersonatedUser"] = _user(record.impersonated)
    common["sourceIPs"] = [record.source]
    if record.user_agent:
        common["userAgent"] = record.user_agent
    reference = _reference(record)
    if reference:
        common["objectRef"] = reference
    received = timestamps.format_micro_time(record.received)
    common["requestReceivedTimestamp"] = received
    made = [{**common, "stageTimestamp": received}]
    annotations = {_DECISION: record.decision, _REASON: record.reason} if record.decision else {}
    for stage, at, code in (
        (STARTED, record.started, record.code or 200),
        (COMPLETE, record.ended, record.code),
    ):
        if at:
            event: Object = {**common, "stage": stage, "responseStatus": _response(record, code)}
            event["stageTimestamp"] = timestamps.format_micro_time(at)
            if annotations:
                event["annotations"] = annotations
            made.append(event)
    return made


def _user(user: UserInfo) -> Object:
    made: Object = {"username": user.name}
    if user.uid:
        made["uid"] = user.uid
    if user.groups:
        made["groups"] = list(user.groups)
    if user.extra:
        made["extra"] = {key: list(values) for key, values in user.extra.items()}
    return made


def _reference(record: Record) -> Object:
    """What a request was about; nothing for paths that are no resource."""
    if not record.plural:
        return {}
    pairs = {
        "resource": record.plural,
        "namespace": record.namespace,
        "name": record.name,
        "apiGroup": record.group,
        "apiVersion": record.version,
        "subresource": record.subresource,
    }
    return {key: value for key, value in pairs.items() if value}


def _response(record: Record, code: int) -> Object:
    made: Object = {"metadata": {}}
    for key in ("status", "message", "reason", "details"):
        if record.status is not None and record.status.get(key):
            made[key] = record.status[key]
    made["code"] = code
    return made
