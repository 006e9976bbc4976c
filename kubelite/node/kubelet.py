"""The kubelet: registers its Node, keeps its Lease, and lets workers run the pods bound to it.

One actor per node. Everything that takes time (API calls, hooks, checks) runs in tasks which tell it what
came of them; everything else happens in `receive`, one message at a time. What must survive its restart is
in `Machine`. Node and Lease are kept by `nodereporter`, statuses are written by `statusmanager`, what pods
refer to is found by `podlookups`, their tokens are had by `tokenmanager`, which are taken is decided by
`admission`, which have to go by `evictionmanager`; here is who is told what.

Source: pkg/kubelet/kubelet.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

import attrs

from kubelite.api.resources import PODS
from kubelite.apimachinery.scheme import Object
from kubelite.network import AddressPool, Fabric, Resolver, Translator, client_session
from kubelite.node.admission import Admission
from kubelite.node.config import KubeletConfig
from kubelite.node.environment import Lookup
from kubelite.node.evictionmanager import EvictionManager, LookAtDisks
from kubelite.node.machine import Machine
from kubelite.node.nodeobject import (
    NODE_AFFINITY,
    node_reference,
)
from kubelite.node.nodereporter import NodeReporter
from kubelite.node.podlookups import PodLookups
from kubelite.node.podstate import PodGone, PodRejected, SetUp, Tick
from kubelite.node.podworker import PodWorker
from kubelite.node.server import KubeletServer
from kubelite.node.statusmanager import FlushStatuses, StatusManager
from kubelite.node.tokenmanager import TokenManager
from kubelite.node.tokens import TokenSpec
from kubelite.node.workerhost import PrepareAgain, RenewTokens, TokensCame, Wake, WorkerEvent, WorkerMessage
from kubelite.runtime import Actor, Clock, Randomness, Shown, Signal, TimerHandle

if TYPE_CHECKING:
    import aiohttp

    from kubelite.client.client import Client
    from kubelite.client.events import EventRecorder
    from kubelite.client.informer import Informer, InformerFactory
    from kubelite.images.registry import ImageRegistry
    from kubelite.node.probes import Pacer

_CONTAINER_FIELDS: Final = ("containers", "initContainers", "ephemeralContainers")


@attrs.frozen(eq=False, repr=False)
class PodChanged(Shown):
    """A pod of this node was added, changed or removed (then `new` is None)."""

    old: Object | None
    new: Object | None


@attrs.frozen(eq=False, repr=False)
class LabelsRead(Shown):
    """The Node's labels have been read for a pod which those known before do not suit."""

    pod: Object


@attrs.frozen(eq=False, repr=False)
class SourcesChanged(Shown):
    """A ConfigMap or Secret of this namespace has changed."""

    namespace: str


class ReportNode(Signal):
    """Write the Node's status."""


class PowerChanged(Signal):
    """The machine went off or on."""


Message: TypeAlias = (
    PodChanged
    | LabelsRead
    | SourcesChanged
    | FlushStatuses
    | ReportNode
    | LookAtDisks
    | PowerChanged
    | WorkerMessage
)


class Kubelet(Actor[Message]):
    """See the module's docstring.

    Args:
        name: Of the node.
        client: As system:node:NAME.
        informers: Makes the informer of the node's pods, and shared ones of Services, ConfigMaps, Secrets.
        clock: The cluster's.
        random: A stream of its own.
        fabric: The cluster's wires.
        images: What can be pulled.
        address: Of the node.
        pod_addresses: The node's pod range.
        resolver: DNS for node and pods.
        translator: The node's translation of Service addresses.
        recorder: Records Events.
        config: Periods and bounds.
        machine: The hardware, if it is to survive restarts of this actor: then the arguments that describe it
            are taken from there.
    """

    def __init__(
        self,
        *,
        name: str,
        client: Client,
        informers: InformerFactory,
        clock: Clock,
        random: Randomness,
        fabric: Fabric,
        images: ImageRegistry,
        address: str,
        pod_addresses: AddressPool,
        resolver: Resolver | None = None,
        translator: Translator | None = None,
        recorder: EventRecorder,
        config: KubeletConfig | None = None,
        machine: Machine | None = None,
    ) -> None:
        self.machine = machine or Machine(
            name=name,
            address=address,
            clock=clock,
            random=random,
            fabric=fabric,
            pod_addresses=pod_addresses,
            resolver=resolver,
            translator=translator,
            config=config,
        )
        self.images = images
        self._lookups = PodLookups(informers, self._source_changed)
        self.lookup: Lookup = self._lookups
        self._client = client
        self._informers = informers
        self._clock = clock
        self._random = random
        self._recorder = recorder
        self._config = self.machine.config
        self._pods: Informer = informers.informer(PODS, field_selector=f"spec.nodeName={self.machine.name}")
        self._server = KubeletServer(self.machine, self._find)
        self._session: aiohttp.ClientSession | None = None
        self._pacer: Pacer | None = None
        self._names: dict[tuple[str, str], PodWorker] = {}
        self._admission = Admission(self.machine, lambda: self._node.labels)
        self._undecided: set[str] = set()
        self._unfollow: Callable[[], None] = lambda: None
        self._begun_at = 0.0
        self._boot_id = self.machine.boot_id

    def __repr__(self) -> str:
        pods, unwritten = len(self.machine.workers), self._unwritten()
        return f"<Kubelet {self.machine.name}, {pods} pods, {unwritten} to write>"

    def statistics(self) -> dict[str, int]:
        """Pods, statuses to be written, containers."""
        own = {"pods": len(self.machine.workers), "unwritten": self._unwritten()}
        return {**own, **self.machine.runtime.statistics()}

    def _unwritten(self) -> int:
        return sum(worker.dirty for worker in self.machine.workers.values())

    async def started(self) -> None:
        """Register, listen, take over what runs, then watch."""
        machine, client, context = self.machine, self._client, self.context
        self._node = NodeReporter(machine, client, self._informers, self._recorder, context.log)
        self._statuses = StatusManager(machine, client, context, self._after)
        self._tokens = TokenManager(machine, client, context)
        self._evictions = EvictionManager(machine, context, self._after)
        self._begun_at = self._clock.monotonic()
        self.machine.kubelet_starts += 1
        self.machine.on_power = self._power_changed
        self._server.start()
        await self._node.register()
        for worker in list(self.machine.workers.values()):
            self._take_over(worker)
        self._lookups.follow_services()
        known = tuple(self.machine.workers.values())
        self._unfollow = self._pods.add_handler(self._pod_changed)
        if known:
            self.context.start_task(self._drop_orphans(known), name="orphans")
        self.context.start_task(self._node.keep_lease(), name="lease")
        self.context.call_later(self._config.status_update_s, ReportNode())

    async def stopped(self) -> None:
        """Close what is open; containers go on."""
        self.machine.on_power = None
        self._unfollow()
        self._lookups.close()
        for worker in self.machine.workers.values():
            worker.close()
        await self._server.stop()
        if self._session is not None:
            await self._session.close()

    def receive(self, message: Message) -> Any:
        """One message."""
        if not self.machine.powered and not isinstance(message, PowerChanged | ReportNode | LookAtDisks):
            return
        match message:
            case WorkerEvent(uid, event):
                if (worker := self.machine.workers.get(uid)) is not None:
                    worker.handle(event)
                    self._after(worker)
            case PodChanged(old, new):
                self._see(old, new)
            case LabelsRead(pod):
                self._decide(pod)
            case FlushStatuses():
                self._statuses.flush()
            case Wake(uid):
                if (worker := self.machine.workers.get(uid)) is not None:
                    worker.woken()
                    worker.handle(Tick())
                    self._after(worker)
            case PrepareAgain(uid):
                if (worker := self.machine.workers.get(uid)) is not None:
                    worker.prepare_again()
            case RenewTokens():
                self._tokens.renew_due()
            case TokensCame(uid, tokens, problem):
                if (worker := self.machine.workers.get(uid)) is not None:
                    worker.take_tokens(tokens, problem)
            case SourcesChanged(namespace):
                self._sources_changed(namespace)
            case ReportNode():
                self.context.call_later(self._config.status_update_s, ReportNode())
                if self.machine.powered:
                    self.context.start_task(self._node.report(), name="node status")
            case LookAtDisks():
                self._evictions.look()
            case PowerChanged():
                self._power()
            case _:
                assert_never(message)

    # --- what workers ask for (WorkerHost)

    def tell(self, message: WorkerMessage) -> None:
        """Into the mailbox."""
        self.context.ref.tell(message)

    def tell_later(self, delay_s: float, message: WorkerMessage) -> TimerHandle:
        """Into the mailbox after a while."""
        return self.context.call_later(delay_s, message)

    def remind_of_tokens(self, at: float) -> None:
        """Let the tokens that are due then be renewed."""
        self._tokens.remind(at)

    def start_task(self, coroutine: Any, name: str) -> Any:
        """A task that ends with the actor."""
        return self.context.start_task(coroutine, name=name)

    def record(self, pod: Object, type_: str, reason: str, message: str, container: str) -> None:
        """An Event of the pod, or of one of its containers."""
        if self.machine.powered:
            self._recorder.event(pod, type_, reason, message, field_path=_field_path(pod, container))

    def changed(self, worker: PodWorker) -> None:
        """Its status may have changed: written with the others of this turn."""
        self._statuses.note(worker)

    def services_of(self, namespace: str, *, links: bool) -> Mapping[str, str]:
        """Variables of the Services there are now."""
        return self._lookups.services_of(namespace, links=links)

    def lookups_ready(self) -> bool:
        """Whether ConfigMaps, Secrets and claims are known; the first question starts the watching."""
        return self._lookups.ready()

    async def wait_lookups(self) -> None:
        """Wait until they are."""
        await self._lookups.wait()

    def _source_changed(self, namespace: str) -> None:
        self.context.ref.tell(SourcesChanged(namespace))

    async def ask_for_token(self, pod: Object, spec: TokenSpec) -> str:
        """A token of the pod's service account."""
        return await self._tokens.ask(pod, spec)

    def session(self) -> aiohttp.ClientSession:
        """An HTTP client on the node, for probes: nothing is kept open."""
        if self._session is None:
            self._session = client_session(self.machine.network)
        return self._session

    def pace(self, call: Callable[[], None]) -> None:
        """Let one of many probes begin when it is its turn."""
        if self._pacer is None:
            from kubelite.node.probes import Pacer  # noqa: PLC0415 - most pods have no probes

            self._pacer = Pacer()
        self._pacer(call)

    def probe_delay(self, period_s: float) -> float:
        """Only just after the kubelet's own start are first probes spread over their period."""
        young = self._clock.monotonic() - self._begun_at < period_s
        again = self.machine.kubelet_starts > 1
        return self._random.uniform(0, period_s) if young and again and self._config.probe_jitter else 0.0

    # --- pods

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        self.context.ref.tell(PodChanged(old, new))

    async def _drop_orphans(self, known: tuple[PodWorker, ...]) -> None:
        """Of pods that were removed while no kubelet watched nobody tells."""
        await self._pods.wait_synced()
        for worker in known:
            metadata = worker.base["metadata"]
            now = self._pods.get(metadata["namespace"], metadata["name"])
            if now is None or now["metadata"]["uid"] != worker.uid:
                self._pod_changed(worker.base, None)

    def _see(self, old: Object | None, new: Object | None, *, labels_read: bool = False) -> None:
        if new is None:
            assert old is not None
            self._gone(old["metadata"]["uid"])
            return
        if old is not None and old["metadata"]["uid"] != new["metadata"]["uid"]:
            self._gone(old["metadata"]["uid"])
        worker = self.machine.workers.get(new["metadata"]["uid"])
        refresh = False
        if worker is None:
            worker = PodWorker(new, self)
            problem = None if worker.ended else self._admission.refusal(worker)
            if problem is not None and problem[0] == NODE_AFFINITY and not labels_read:
                self._read_labels_for(new)
                return
            self.machine.workers[worker.uid] = worker
            metadata = new["metadata"]
            self._names[metadata["namespace"], metadata["name"]] = worker
            if not worker.ended:
                self._admit(worker, problem)
        elif worker.base is new and _is_known(worker.state.pod, new):
            return
        else:
            # Not those of `base`: a status written meanwhile has brought it newer labels already.
            before = worker.state.pod["metadata"]
            worker.see(new)
            after = new["metadata"]
            labels = before.get("labels") != after.get("labels")
            refresh = labels or before.get("annotations") != after.get("annotations")
        worker.handle(self._admission.seen(worker, new))
        if refresh:
            worker.refresh_volumes()
        self._after(worker)

    def _read_labels_for(self, pod: Object) -> None:
        """The labels that are known do not suit a pod: the scheduler may know newer ones."""
        if pod["metadata"]["uid"] not in self._undecided:
            self._undecided.add(pod["metadata"]["uid"])
            self.context.start_task(self._read_labels(pod), name="labels")

    async def _read_labels(self, pod: Object) -> None:
        await self._node.read_labels()
        self.context.ref.tell(LabelsRead(pod))

    def _decide(self, pod: Object) -> None:
        """Take or refuse a pod by labels which were read for it."""
        metadata = pod["metadata"]
        self._undecided.discard(metadata["uid"])
        now = self._pods.get(metadata["namespace"], metadata["name"])
        if now is not None and now["metadata"]["uid"] == metadata["uid"]:
            self._see(None, now, labels_read=True)

    def _admit(self, worker: PodWorker, problem: tuple[str, str] | None) -> None:
        if problem is not None:
            worker.handle(PodRejected(*problem))
            return
        self._admission.take(worker)
        self._evictions.watch(worker)

    def _gone(self, uid: str) -> None:
        worker = self.machine.workers.get(uid)
        if worker is not None:
            worker.handle(PodGone())
            self._give_back(worker)  # others are sent here already, though its containers may still run
            self._after(worker)

    def _give_back(self, worker: PodWorker) -> None:
        """What a pod held is there for others: those that wait for more, and new ones."""
        if self._admission.give_back(worker):
            for waiting in self._admission.waiting():
                waiting.handle(self._admission.seen(waiting, waiting.base))

    def _after(self, worker: PodWorker) -> None:
        """Give back what an ended pod held, and forget one whose object is gone."""
        if not worker.ended:
            return
        self._give_back(worker)
        if worker.state.removed and not worker.remove and not worker.writing:
            self._forget(worker)

    def _forget(self, worker: PodWorker) -> None:
        worker.close()
        self.machine.workers.pop(worker.uid, None)
        self.machine.runtime.forget(worker.uid)
        self._statuses.forget(worker)
        metadata = worker.base["metadata"]
        if self._names.get((metadata["namespace"], metadata["name"])) is worker:
            del self._names[metadata["namespace"], metadata["name"]]

    def _find(self, namespace: str, name: str) -> PodWorker | None:
        return self._names.get((namespace, name))

    def _take_over(self, worker: PodWorker) -> None:
        metadata = worker.base["metadata"]
        self._names[metadata["namespace"], metadata["name"]] = worker
        self._admission.take_over(worker)
        self._evictions.watch(worker)
        worker.resume(self)

    def _sources_changed(self, namespace: str) -> None:
        for worker in list(self.machine.workers.values()):
            if worker.base["metadata"]["namespace"] == namespace:
                if worker.state.set_up is SetUp.ASKED:
                    worker.prepare_again()
                else:
                    worker.refresh_volumes()

    # --- power

    def _power_changed(self) -> None:
        self.context.ref.tell(PowerChanged())

    def _power(self) -> None:
        """Off: nothing to do, nothing can be done. On: lost pods begin again, the API is caught up with."""
        if not self.machine.powered:
            self._forget_awaited()
        elif self.machine.boot_id != self._boot_id:  # off and on again at once is one boot, told twice
            self._forget_awaited()
            self._boot_id = self.machine.boot_id
            self.context.start_task(self._after_boot(self._boot_id), name="boot")

    def _forget_awaited(self) -> None:
        """Messages are not heard without power: what waits for one would wait for ever."""
        self._undecided.clear()
        self._statuses.forget_flush()
        self._tokens.forget()
        for worker in self.machine.workers.values():
            worker.close()

    async def _after_boot(self, boot_id: str) -> None:
        machine = self.machine
        reference = node_reference(machine.name)
        self._recorder.event(reference, "Normal", "Starting", "Starting kubelet.")
        text = f"Node {machine.name} has been rebooted, boot id: {machine.boot_id}"
        self._recorder.event(reference, "Warning", "Rebooted", text)
        if not await self._node.report():
            await self._node.register()
        await self._node.renew()
        if not machine.powered or machine.boot_id != boot_id:
            return
        existing = {pod["metadata"]["uid"]: pod for pod in self._pods.list()}
        for worker in list(machine.workers.values()):
            if worker.uid not in existing:
                worker.handle(PodGone())
            worker.lost()
            if worker.dirty or worker.remove:  # the cut came before it was written
                self.changed(worker)
            self._after(worker)
        for pod in existing.values():
            self._see(None, pod)


def _is_known(known: Object, new: Object) -> bool:
    """Whether nothing but the status has changed."""
    before, after = known["metadata"], new["metadata"]
    return known["spec"] is new["spec"] and all(
        before.get(field) == after.get(field) for field in ("deletionTimestamp", "labels", "annotations")
    )


def _field_path(pod: Object, container: str) -> str:
    """Where in the pod an Event belongs: `spec.containers{web}`; "" for the pod itself."""
    if not container:
        return ""
    for field in _CONTAINER_FIELDS:
        for entry in pod["spec"].get(field) or ():
            if entry["name"] == container:
                return f"spec.{field}{{{container}}}"
    return ""
