"""What is done with every request around serving it: headers, limits, deadlines, the audit log, metrics.

    arrive → (authenticate) → admit → (authorize, serve) → leave

Nothing here awaits but the first look at the FlowSchemas, and all of it together costs a few microseconds.

Source: k8s.io/apiserver/pkg/server/config.go (DefaultBuildHandlerChain).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
from multidict import CIMultiDict

from kubelite.apimachinery.utf8 import text_of_header
from kubelite.client.requests import SYSTEM_MASTERS, Message, UserInfo
from kubelite.master.audit import AuditLog, Record
from kubelite.master.rest.flowcontrol import Classification
from kubelite.master.rest.flowschemas import FlowSchemas
from kubelite.master.rest.inflight import (
    READ_ONLY_VERBS,
    Deadlines,
    InFlight,
    asked_timeout_s,
)
from kubelite.master.rest.limits import RESTLimits
from kubelite.master.rest.metrics import Labels, Metrics
from kubelite.master.rest.prompt import AnyRequest
from kubelite.master.rest.reply import SERVER
from kubelite.master.rest.requestinfo import RequestInfo, origin_form
from kubelite.runtime import Clock, Randomness, Ref, TimerHandle

FLOW_SCHEMA: Final = "X-Kubernetes-Pf-Flowschema-Uid"
PRIORITY_LEVEL: Final = "X-Kubernetes-Pf-Prioritylevel-Uid"
_PLAIN_HEAD: Final = CIMultiDict({"Cache-Control": "no-cache, private", "Server": SERVER})
"""Headers of every answer; copied for each."""


@attrs.define(eq=False)
class Visit:
    """One request on its way.

    Attributes:
        headers: Of the answer.
        record: What the audit log will say.
        began: The clock's time.
        lasts: Whether it is long-running.
        audited: Whether the audit log has its record.
        counted: Whether it counts as in flight.
        asked_s: The deadline that the client asks for, if that is shorter than the server's.
        task: That serves it; None while it is served at once.
    """

    info: RequestInfo
    headers: CIMultiDict[str]
    record: Record
    labels: Labels
    began: float
    lasts: bool
    writes: bool
    audited: bool = False
    counted: bool = False
    asked_s: float | None = None
    task: asyncio.Task[Any] | None = None
    timer: TimerHandle | None = None


class Gate:
    """The way in and out of the REST door.

    Args:
        apiserver: Where FlowSchemas are read.
        clock: The cluster's clock.
        random: For audit ids.
        audit: Where requests are recorded.
        limits: How many requests at once, and for how long.
        version: The document of /version, for the metrics.
    """

    def __init__(
        self,
        *,
        apiserver: Ref[Message],
        clock: Clock,
        random: Randomness,
        audit: AuditLog,
        limits: RESTLimits,
        version: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._clock = clock
        self._random = random
        self._audit = audit
        self._limits = limits
        self._flow = FlowSchemas(apiserver)
        # Stands in where no object matches: the real server has this pair even while its objects are gone.
        self._catch_all = Classification(random.uuid4(), random.uuid4(), is_exempt=False)
        self._in_flight = InFlight(limits.reads_max, limits.writes_max)
        self._deadlines = Deadlines(clock, limits.request_timeout_s)
        self.metrics = Metrics(self._in_flight, version)

    def __repr__(self) -> str:
        return f"<Gate {self._in_flight!r}, {self._flow!r}>"

    def arrive(self, request: AnyRequest, info: RequestInfo) -> Visit:
        """A request has come in."""
        sent = request.headers
        audit_id = text_of_header(sent.get("Audit-Id", "")) or self._random.uuid4()
        headers = _PLAIN_HEAD.copy()
        headers["Audit-Id"] = audit_id
        now = self._clock.now()
        record = Record(
            audit_id,
            now,
            origin_form(request.raw_path),
            info.verb or info.method.lower(),
            request.remote or "",
            text_of_header(sent.get("User-Agent", "")),
            info.group,
            info.version,
            info.plural,
            info.subresource,
            info.name if info.plural == "namespaces" else info.namespace,
            info.name,
        )
        lasts = info.lasts
        labels = self.metrics.labels_of(info, sent.get("Content-Type", ""))
        writes = info.verb not in READ_ONLY_VERBS
        visit = Visit(info, headers, record, labels, now, lasts, writes)
        if lasts:
            self.metrics.begin_long_running(labels)
        return visit

    def watch_over(self, visit: Visit) -> None:
        """Give the request its deadline.

        Raises:
            BadRequest: The one that the client asks for is no duration.
        """
        if visit.lasts:
            return
        if visit.info.query.pairs:
            visit.asked_s = asked_timeout_s(visit.info, self._limits.request_timeout_s)
        if visit.task is not None:  # nothing can take long before there is one
            self._set_deadline(visit, visit.task)

    def goes_on(self, visit: Visit) -> None:
        """A request that was begun without a task has one from now on."""
        visit.task = task = asyncio.current_task()
        assert task is not None
        self._set_deadline(visit, task)

    def _set_deadline(self, visit: Visit, task: asyncio.Task[Any]) -> None:
        if visit.asked_s is None:
            self._deadlines.begin(task, visit.began)
        else:
            visit.timer = self._deadlines.begin_shorter(task, visit.asked_s)

    @property
    def is_stale(self) -> bool:
        """Whether `refresh` has to come before the next `admit`."""
        return self._flow.stale

    async def refresh(self) -> None:
        """Look at the FlowSchemas, which have changed."""
        await self._flow.refresh()

    def admit(self, visit: Visit, user: UserInfo) -> bool:
        """Let a request of a known user in; False if there are too many already."""
        self._note(visit)
        if visit.lasts and visit.info.verb != "watch":
            return True
        found = self._flow.classify(user, visit.info) or self._catch_all
        visit.headers[FLOW_SCHEMA] = found.flow_schema
        visit.headers[PRIORITY_LEVEL] = found.priority_level
        if visit.lasts:
            return True
        exempt = found.is_exempt or (found is self._catch_all and SYSTEM_MASTERS in user.groups)
        visit.counted = self._in_flight.enter(writes=visit.writes, exempt=exempt)
        return visit.counted

    def _note(self, visit: Visit) -> None:
        """The audit log gets to know of a request, once."""
        if not visit.audited:
            visit.audited = True
            self._audit.add(visit.record)

    def leave(self, visit: Visit) -> bool:
        """A request has been served, well or not; whether its deadline ended it. Once is enough."""
        if visit.counted:
            visit.counted = False
            self._in_flight.leave(writes=visit.writes)
        if visit.timer is not None:
            visit.timer.cancel()
        return visit.task is not None and self._deadlines.end(visit.task)

    def conclude(self, visit: Visit, code: int) -> None:
        """The answer is there."""
        self._note(visit)
        now, record = self._clock.now(), visit.record
        record.code, record.ended = code, now
        if visit.lasts:
            self.metrics.end_long_running(visit.labels)
        self.metrics.observe(visit.labels, code, now - visit.began)

    def close(self) -> None:
        """Follow and watch over nothing any more."""
        self._flow.close()
        self._deadlines.close()
