"""What the scheduler does with messages and changes: the queue and the cycle, and what comes of them.

Scheduling is serial; what was decided is assumed until it is seen. What plugins have to know of other kinds
is followed from the first pod on that needs it.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/;
pkg/scheduler/{scheduler,schedule_one,eventhandlers}.go.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from kubelite.api import podutil
from kubelite.api import resources as r
from kubelite.api.podresize import given
from kubelite.apimachinery import meta
from kubelite.apimachinery.apierrors import APIError, Conflict, NotFound
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.client import Client
from kubelite.reconcile.informing import catch_up
from kubelite.runtime import Clock, Context, Randomness, causes
from kubelite.runtime.logs import get_logger
from kubelite.scheduler import hints
from kubelite.scheduler.cache import Cache
from kubelite.scheduler.cycle import NO_NODES, Framework, Verdict, fit_error
from kubelite.scheduler.effects import SCHEDULER_ERROR, UNSCHEDULABLE, Effects, Recorder
from kubelite.scheduler.framework import Handle, SchedulerError, Status
from kubelite.scheduler.messages import FLUSH, SCHEDULE
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.profiles import DEFAULT_NAME, SchedulerConfig, parse_config
from kubelite.scheduler.queue import Entry, SchedulingQueue

if TYPE_CHECKING:
    import aiohttp

    from kubelite.scheduler.explain import Explanation
    from kubelite.scheduler.extenders import Extenders
    from kubelite.scheduler.plugins.volumebinding import VolumeBinding
    from kubelite.scheduler.preemption import Preemption

log = get_logger().bind(component="scheduler")
NAME: Final = DEFAULT_NAME
BATCH: Final = 64
"""Pods scheduled before other actors get their turn."""
EVENTS_OF: Final[Mapping[Resource, tuple[str, str]]] = {
    r.PERSISTENTVOLUMECLAIMS: (hints.CLAIM_ADD, hints.CLAIM_UPDATE),
    r.PERSISTENTVOLUMES: (hints.VOLUME_ADD, hints.VOLUME_UPDATE),
    r.STORAGECLASSES: (hints.CLASS_ADD, hints.CLASS_UPDATE),
    r.CSINODES: (hints.CSI_NODE_ADD, hints.CSI_NODE_UPDATE),
    r.CSIDRIVERS: (hints.DRIVER_ADD, hints.DRIVER_UPDATE),
    r.CSISTORAGECAPACITIES: (hints.CAPACITY_ADD, hints.CAPACITY_UPDATE),
}
"""What it means when an object of these kinds comes or changes."""
INTERESTED: Final[Mapping[str, frozenset[str]]] = {
    event: frozenset(plugin for plugin, table in hints.HINTS.items() if event in table)
    for event in sorted({event for table in hints.HINTS.values() for event in table})
}
"""The plugins with a hint for an event."""


class Core:
    """See the module's docstring.

    Args:
        context: The actor's.
        client: Binds pods and says why they do not fit.
        informers: Pods, nodes, and what plugins look at.
        clock: For back-off.
        random: Decides between equal nodes.
        recorder: Of the Events of a profile, by its name.
        config: The profiles; the default one if there is none.
        session: Makes an HTTP client in the cluster's network, for extenders; None if nobody does.
    """

    def __init__(
        self,
        *,
        context: Context,
        client: Client,
        informers: Any,
        clock: Clock,
        random: Randomness,
        recorder: Callable[[str], Recorder],
        config: SchedulerConfig | None = None,
        session: Callable[[], aiohttp.ClientSession] | None = None,
    ) -> None:
        self.context = context
        self._client, self._informers, self._clock = client, informers, clock
        self._effects = Effects(client=client, clock=clock, recorder=recorder)
        config = config or parse_config(None)
        self._cache = Cache()
        handle = Handle(self._cache, self._lister, random.randrange)
        self._frameworks = {name: Framework(profile, handle) for name, profile in config.profiles.items()}
        self._extenders: Extenders | None = None
        if config.extenders and session is not None:
            from kubelite.scheduler.extenders import Extenders  # noqa: PLC0415 - few clusters have any

            self._extenders = Extenders(config.extenders, session, clock)
        self._queue = SchedulingQueue(config.backoff_first_s, config.backoff_max_s, self._is_gated)
        self._followed: dict[Resource, Any] = {}
        self._removers: list[Any] = []
        self._claim_waiters: set[asyncio.Future[None]] = set()
        self._start = 0
        self._waking = False
        self._flush_at: float | None = None
        self._timer: Any = None

    def __repr__(self) -> str:
        return f"{self._cache!r} {self._queue!r}"

    async def begin(self) -> None:
        """Learns all nodes, then all pods; the handlers replay them.

        After a crash, the bindings are waited for that were made before it and not seen yet.
        """
        nodes, pods = self._informers.informer(r.NODES), self._informers.informer(r.PODS)
        await nodes.wait_synced()
        if self.context.statistics["restarts"]:
            await catch_up(self._informers, r.PODS, self._clock, log)
        self._removers += [nodes.add_handler(self._node_changed), pods.add_handler(self._pod_changed)]

    def end(self) -> None:
        """Hears of no more changes."""
        for remove in self._removers:
            if callable(remove):
                remove()

    async def close(self) -> None:
        """Close connections to extenders."""
        if self._extenders is not None:
            await self._extenders.close()

    def _framework_of(self, pod: Object) -> Framework | None:
        return self._frameworks.get(pod["spec"].get("schedulerName") or NAME)

    def _is_gated(self, info: PodInfo) -> bool:
        framework = self._framework_of(info.pod)
        return bool(info.spec.get("schedulingGates")) and (
            framework is None or framework.profile.has("preEnqueue", "SchedulingGates")
        )

    # -- what is known

    def _lister(self, resource: Resource) -> Any:
        """The informer of a kind that is followed."""
        return self._followed[resource]

    async def _follow(self, resource: Resource) -> None:
        """Knows all objects of a kind from now on, and what happens to them."""
        informer = self._informers.informer(resource)
        await informer.wait_synced()
        if resource in self._followed:
            return
        if resource == r.SERVICES:
            from kubelite.client.serviceindex import SELECTED_BY, selected_by  # noqa: PLC0415 - when first needed

            informer.add_index(SELECTED_BY, selected_by)
        self._followed[resource] = informer
        events = EVENTS_OF.get(resource)
        if events is not None:
            added, updated = events

            def changed(old: Object | None, new: Object | None) -> None:
                if new is not None:
                    self._happened(added if old is None else updated, old, new)
                if resource == r.PERSISTENTVOLUMECLAIMS:
                    self._wake_claim_waiters()

            self._removers.append(informer.add_handler(changed))

    # -- what changes

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        name = (new or old or {})["metadata"]["name"]
        self._cache.set_node(name, new)
        if self._queue.waiting:
            for event in hints.node_events(old, new):
                self._happened(event, old, new)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        uid = (new or old or {})["metadata"]["uid"]
        if old is not None and old["metadata"]["uid"] != uid:
            self._pod_changed(old, None)  # another pod of the same name
            old = None
        if new is None or podutil.is_terminal(new):
            self._pod_gone(uid, old or new)
            return
        node_name = new["spec"].get("nodeName")
        if node_name:
            self._pod_placed(uid, node_name, old, new)
        elif self._framework_of(new) is None or meta.is_being_deleted(new):
            self._pod_gone(uid, old or new)
        elif self._cache.node_of(uid) is None:
            self._pod_waits(uid, old, new)

    def _pod_gone(self, uid: str, pod: Object | None) -> None:
        entry = self._queue.get(uid)
        self._queue.remove(uid)
        made_room = self._cache.forget(uid) is not None
        self._wake_claim_waiters()
        if entry is not None:
            self._nominate(entry.info, "")
        if made_room:
            self._happened(hints.POD_DELETE, pod, None)

    def _pod_placed(self, uid: str, node_name: str, old: Object | None, new: Object) -> None:
        self._queue.remove(uid)
        known = self._cache.node_of(uid)
        if known != node_name or (old is not None and _changes_info(old, new)):
            self._cache.place(PodInfo.of(new), node_name)
        else:
            self._cache.refresh(uid, new)
        if not self._queue.waiting:
            return
        if old is None or not old["spec"].get("nodeName"):
            self._happened(hints.POD_ADD, None, new)
            return
        for event in hints.pod_events(old, new):
            self._happened(event, old, new)

    def _pod_waits(self, uid: str, old: Object | None, new: Object) -> None:
        now, info = self._clock.monotonic(), PodInfo.of(new)
        entry = self._queue.get(uid)
        nominated = info.nominated
        if entry is not None:
            before = entry.info.pod
            if not nominated and not entry.info.nominated:
                nominated = self._cache.nomination(uid)  # chosen a moment ago, and not written yet
            self._queue.add(info, now)
            for event in hints.own_events(before, new):
                if hints.helps(entry.rejected_by, event, info, old, new):
                    self._queue.move_one(entry, now)
        else:
            self._queue.add(info, now)
        self._nominate(info, nominated)
        self._wake()

    def _nominate(self, info: PodInfo, node: str) -> None:
        """Room is made for a pod on a node, "" for none; what was kept for it is there for lesser pods."""
        before = self._cache.nomination(info.uid)
        if before != node:
            self._cache.nominate(info, node)
        if before not in {"", node}:
            self._happened(hints.POD_DELETE, info.pod, None, up_to=info.priority)

    def _happened(
        self, event: str, old: Object | None, new: Object | None, *, up_to: float = math.inf
    ) -> None:
        """Something happened that may let pods fit which wait, of a priority up to that."""
        if not self._queue.concerns(INTERESTED.get(event, frozenset())):
            return
        self._queue.move(
            lambda entry: (
                entry.info.priority <= up_to and hints.helps(entry.rejected_by, event, entry.info, old, new)
            ),
            self._clock.monotonic(),
        )
        self._wake()
        self._arm()

    def _wake(self) -> None:
        if not self._waking:
            self._waking = True
            self.context.ref.tell(SCHEDULE)

    def _arm(self) -> None:
        now = self._clock.monotonic()
        due = self._queue.flush(now)
        if due is not None and (self._flush_at is None or due < self._flush_at):
            if self._timer is not None:
                self._timer.cancel()
            self._flush_at = due
            self._timer = self.context.call_later(max(0.0, due - now), FLUSH)

    # -- scheduling

    def flush(self) -> None:
        """Looks whether a back-off is over."""
        self._flush_at = None
        self._arm()
        self._wake()

    async def schedule(self) -> None:
        """Schedules a batch of what is active."""
        self._waking = False
        for _ in range(BATCH):
            entry = self._queue.pop()
            if entry is None:
                return
            await self._schedule(entry)
        self._wake()

    async def _prepare(self, framework: Framework, info: PodInfo) -> None:
        for resource in framework.resources_of(info):
            if resource not in self._followed:
                await self._follow(resource)

    async def _schedule(self, entry: Entry) -> None:
        framework = self._framework_of(entry.info.pod)
        assert framework is not None
        causes.current.set(entry.cause or entry.info.pod["metadata"].get("resourceVersion"))
        await self._prepare(framework, entry.info)
        if self._queue.get(entry.info.uid) is not entry:
            return
        try:
            verdict = await self._decide(framework, entry)
            if (
                verdict is not None
                and r.PODDISRUPTIONBUDGETS not in self._followed
                and _could_preempt(verdict)
            ):
                await self._follow(r.PODDISRUPTIONBUDGETS)
                verdict = await self._decide(framework, entry)
        except SchedulerError as error:
            await self._err(entry, framework, str(error))
            return
        if verdict is None:
            return
        info = entry.info
        self._start += verdict.looked_at
        if verdict.node is None:
            await self._refuse(entry, framework, verdict)
            return
        if self._cache.nomination(info.uid) != verdict.node:
            self._nominate(info, "")
        self._cache.place(info, verdict.node)
        self._queue.remove(info.uid)
        if info.claims and framework.profile.has("reserve", "VolumeBinding"):
            await self._reserve(entry, framework, verdict.node)
        else:
            await self._bind(entry, framework, verdict.node)

    async def _decide(self, framework: Framework, entry: Entry) -> Verdict | None:
        """Where a pod goes; None if it does not wait any more.

        Raises:
            SchedulerError: An extender failed.
        """
        while self._queue.get(entry.info.uid) is entry:
            info = entry.info
            if self._extenders is None or not self._extenders.concern(info):
                return framework.schedule(info, self._start)
            verdict = await self._extenders.schedule(framework, info, self._start)
            stands = verdict.node is None or self._cache.existing(verdict.node) is not None
            if entry.info is info and stands and self._queue.get(info.uid) is entry:
                return verdict
        return None

    async def _bind(self, entry: Entry, framework: Framework, node: str) -> None:
        try:
            is_bound = self._extenders is not None and await self._extenders.bind(entry.info, node)
            await self._effects.bind(entry.info, node, framework.profile.name, is_bound=is_bound)
        except (NotFound, Conflict):
            self._forget(entry)  # it is gone, another, or bound: the informer will tell
        except (APIError, SchedulerError) as error:
            log.warning("binding failed", pod=entry.info.key, node=node, error=str(error))
            await self._err(entry, framework, str(error))

    def _forget(self, entry: Entry) -> None:
        """What was assumed of a pod did not come true, unless it is seen to have a node."""
        pod = self._known(entry.info)
        if pod is None or not podutil.is_scheduled(pod):
            self._cache.forget(entry.info.uid)
            self._happened(hints.POD_DELETE, entry.info.pod, None)

    def _known(self, info: PodInfo) -> Object | None:
        """A pod as it is seen now; None if it is gone."""
        pod: Object | None = self._informers.informer(r.PODS).get(
            info.namespace, info.pod["metadata"]["name"]
        )
        return pod if pod is not None and pod["metadata"]["uid"] == info.uid else None

    async def _err(self, entry: Entry, framework: Framework, message: str) -> None:
        """Something went wrong: the pod, if it still is, is tried again after its back-off, as it is now."""
        self._forget(entry)
        now, info, pod = self._clock.monotonic(), entry.info, self._known(entry.info)
        if pod is not None:
            self._pod_changed(pod, pod)
        again = self._queue.get(info.uid)
        if again is not None:
            info = again.info
            again.refusals, again.errors = entry.refusals, entry.errors
            self._queue.retry(again, now)
            self._nominate(info, "")
            self._arm()
        await self._effects.report(info, framework.profile.name, SCHEDULER_ERROR, message, nominated="")

    # -- no node

    async def _refuse(self, entry: Entry, framework: Framework, verdict: Verdict) -> None:
        info, name = entry.info, framework.profile.name
        nodes = len(self._cache.listed())
        preemption: Preemption | None = None
        message, nominated = NO_NODES, ""
        if nodes:
            message = fit_error(nodes, verdict.statuses, verdict.absent, verdict.pre_filter)
            if framework.profile.has("postFilter", "DefaultPreemption"):
                preemption = await self._preempt(framework, info, verdict)
                message = f"{message} {preemption.message}".rstrip()
        chosen = preemption.chosen if preemption is not None else None
        if chosen is not None:
            nominated = chosen.node
        keeps = preemption is not None and preemption.keeps_nomination
        if not keeps:
            self._nominate(info, nominated)
        self._queue.fail(entry, verdict.rejected_by, self._clock.monotonic())
        self._arm()
        await self._effects.report(info, name, UNSCHEDULABLE, message, nominated=None if keeps else nominated)
        if chosen is None:
            return
        for other in list(self._cache.nominated.get(chosen.node, {}).values()):
            if other.priority < info.priority:
                await self._denominate(other)
        if not await self._effects.evict(chosen.victims, info, chosen.node, name):
            self._queue.move_one(entry, self._clock.monotonic())
            self._wake()

    async def _denominate(self, other: PodInfo) -> None:
        """The room that was made for a pod is taken by a more important one: it looks for another."""
        self._nominate(other, "")
        waiting = self._queue.get(other.uid)
        if waiting is not None:
            self._queue.move_one(waiting, self._clock.monotonic())
            self._wake()
        await self._effects.nominate(other, "")

    async def _preempt(self, framework: Framework, info: PodInfo, verdict: Verdict) -> Preemption:
        from kubelite.scheduler.preemption import choose_among, preempt  # noqa: PLC0415 - when first needed

        budgets, now = self._followed.get(r.PODDISRUPTIONBUDGETS), self._clock.now()
        found = preempt(framework, info, verdict, budgets.list() if budgets else (), now)
        if self._extenders is None or not found.candidates:
            return found
        try:
            left = await self._extenders.preempt(info, found.candidates, self._cache)
        except SchedulerError as error:
            return choose_among((), now, str(error))
        return choose_among(left, now)

    # -- volumes

    async def _reserve(self, entry: Entry, framework: Framework, node: str) -> None:
        plugin: Any = framework.plugin("VolumeBinding")
        status = plugin.reserve(entry.info, self._cache.nodes[node])
        if isinstance(status, Status):
            plugin.unreserve(entry.info)
            self._cache.forget(entry.info.uid)
            self._queue.add(entry.info, self._clock.monotonic())
            again = self._queue.get(entry.info.uid)
            assert again is not None
            again.refusals = entry.refusals
            await self._refuse(
                again,
                framework,
                Verdict(statuses={node: status}, rejected_by=frozenset({status.plugin})),
            )
        elif entry.info.uid in plugin.reserved:
            self.context.start_task(self._pre_bind(entry, framework, plugin, node), name="bind volumes")
        else:
            await self._bind(entry, framework, node)

    async def _pre_bind(self, entry: Entry, framework: Framework, plugin: VolumeBinding, node: str) -> None:
        """Binds the pod's volumes, then the pod."""
        info = entry.info
        try:
            await self._effects.nominate(info, node)
            for kind, obj in plugin.writes(info):
                await self._client.update(
                    r.PERSISTENTVOLUMES if kind == "volume" else r.PERSISTENTVOLUMECLAIMS, obj
                )
            await self._until_bound(plugin, info)
        except (APIError, SchedulerError) as error:
            plugin.unreserve(info)
            await self._err(entry, framework, str(error))
            return
        plugin.unreserve(info)
        await self._bind(entry, framework, node)

    async def _until_bound(self, plugin: VolumeBinding, info: PodInfo) -> None:
        until = self._clock.monotonic() + plugin.bind_timeout_s
        while True:
            if self._cache.node_of(info.uid) is None:
                name = info.pod["metadata"]["name"]
                raise SchedulerError(f'binding volumes: pod does not exist any more: pod "{name}" not found')
            progress = plugin.progress(info)
            if progress is True:
                return
            if isinstance(progress, str):
                raise SchedulerError(progress)
            left = until - self._clock.monotonic()
            if left <= 0:
                raise SchedulerError("binding volumes: context deadline exceeded")
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._claim_waiters.add(waiter)
            timer = self._clock.call_later(left, self._wake_claim_waiters)
            try:
                await waiter
            finally:
                timer.cancel()
                self._claim_waiters.discard(waiter)

    def _wake_claim_waiters(self) -> None:
        for waiter in self._claim_waiters:
            if not waiter.done():
                waiter.set_result(None)

    # -- why

    async def explain(self, namespace: str, name: str) -> Explanation:
        """What every plugin says of a pod on every node.

        Raises:
            NotFound: There is no such pod.
        """
        from kubelite.scheduler.explain import explain  # noqa: PLC0415 - when first needed

        pod = await self._client.get(r.PODS, name, namespace)
        info, framework = PodInfo.of(pod), self._framework_of(pod)
        if framework is not None:
            await self._prepare(framework, info)
            if r.PODDISRUPTIONBUDGETS not in self._followed:
                await self._follow(r.PODDISRUPTIONBUDGETS)
        return explain(framework, info, self._cache, self._lister, self._clock.now())


def _could_preempt(verdict: Verdict) -> bool:
    """Whether there is no node, and deleting pods could help."""
    return verdict.node is None and any(status.resolvable for status in verdict.statuses.values())


def _changes_info(old: Object, new: Object) -> bool:
    """Whether what the plugins ask of a pod with a node may be another."""
    before, after = old["metadata"], new["metadata"]
    return (
        old["spec"] is not new["spec"]
        or before.get("labels") != after.get("labels")
        or ("deletionTimestamp" in before) != ("deletionTimestamp" in after)
        or given(old) != given(new)
    )
