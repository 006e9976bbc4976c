"""The kubelet: registers its Node, keeps its Lease, and lets workers run the pods bound to it.

One actor per node. Everything that takes time (API calls, hooks, checks) runs in tasks which tell it what
came of them; everything else happens in `receive`, one message at a time. What must survive its restart is
in `Machine`. A pod's statuses are written one after another, the newest first seen wins; a pod that starts
is written once.

Source: pkg/kubelet/kubelet.go, pkg/kubelet/status/status_manager.go, pkg/kubelet/nodelease.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

import attrs

from kubelite.api import podutil
from kubelite.api.resources import (
    CONFIGMAPS,
    LEASES,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PERSISTENTVOLUMES,
    PODS,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
)
from kubelite.apimachinery.apierrors import AlreadyExists, APIError, Conflict, Invalid, NotFound
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_micro_time
from kubelite.network import AddressPool, Fabric, Resolver, Translator, client_session
from kubelite.node import allocation
from kubelite.node.config import KubeletConfig
from kubelite.node.environment import Lookup, service_environment
from kubelite.node.machine import Machine
from kubelite.node.nodeobject import (
    LEASE_NAMESPACE,
    NODE_AFFINITY,
    capacity,
    is_told_right,
    lease_object,
    news_of_conditions,
    node_object,
    node_reference,
    node_status,
    ports_refusal,
    refusal,
    resources_patch,
)
from kubelite.node.podstate import PodGone, PodRejected, PodSeen, SetUp, Tick
from kubelite.node.podworker import PodWorker
from kubelite.node.server import KubeletServer
from kubelite.node.status import NodeFacts, pod_status, status_patch
from kubelite.node.tokens import TokenSpec, token_request
from kubelite.node.workerhost import PrepareAgain, RenewTokens, TokensCame, Wake, WorkerEvent, WorkerMessage
from kubelite.runtime import Actor, Clock, Randomness, Shown, Signal, TimerHandle, causes

if TYPE_CHECKING:
    import aiohttp

    from kubelite.client.client import Client
    from kubelite.client.events import EventRecorder
    from kubelite.client.informer import Informer, InformerFactory
    from kubelite.images.registry import ImageRegistry

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


class FlushStatuses(Signal):
    """Write the statuses that have changed."""


class Heartbeat(Signal):
    """Renew the Lease."""


class ReportNode(Signal):
    """Write the Node's status."""


class PowerChanged(Signal):
    """The machine went off or on."""


Message: TypeAlias = (
    PodChanged
    | LabelsRead
    | SourcesChanged
    | FlushStatuses
    | Heartbeat
    | ReportNode
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
        self.lookup: Lookup = self
        self._client = client
        self._informers = informers
        self._clock = clock
        self._random = random
        self._recorder = recorder
        self._config = self.machine.config
        self._pods: Informer = informers.informer(PODS, field_selector=f"spec.nodeName={self.machine.name}")
        self._services: Informer = informers.informer(SERVICES)
        self._config_maps: Informer | None = None
        self._secrets: Informer | None = None
        self._claims: Informer | None = None
        self._persistent_volumes: Informer | None = None
        self._service_env: dict[tuple[str, bool], Mapping[str, str]] = {}
        self._server = KubeletServer(self.machine, self._find)
        self._session: aiohttp.ClientSession | None = None
        self._names: dict[tuple[str, str], PodWorker] = {}
        self._dirty: dict[str, PodWorker] = {}
        self._flushing = False
        self._used: dict[str, int] = {"pods": 0}
        self._labels: Mapping[str, str] = {}
        self._undecided: set[str] = set()
        self._lease_known = False
        self._cordoned = False
        self._begun_at = 0.0
        self._tokens_at: float | None = None
        self._tokens_timer: TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Kubelet {self.machine.name}, {len(self.machine.workers)} pods, {len(self._dirty)} to write>"

    def statistics(self) -> dict[str, int]:
        """Pods, statuses to be written, containers."""
        own = {"pods": len(self.machine.workers), "unwritten": len(self._dirty)}
        return {**own, **self.machine.runtime.statistics()}

    async def started(self) -> None:
        """Register, listen, take over what runs, then watch."""
        self._begun_at = self._clock.monotonic()
        self.machine.kubelet_starts += 1
        self.machine.on_power = self._power_changed
        self._server.start()
        await self._register()
        for worker in list(self.machine.workers.values()):
            self._take_over(worker)
        self._services.add_handler(self._service_changed)
        self._pods.add_handler(self._pod_changed)
        self.context.call_later(self._config.lease_renew_s, Heartbeat())
        self.context.call_later(self._config.status_update_s, ReportNode())

    async def stopped(self) -> None:
        """Close what is open; containers go on."""
        self.machine.on_power = None
        for worker in self.machine.workers.values():
            worker.close()
        await self._server.stop()
        if self._session is not None:
            await self._session.close()

    def receive(self, message: Message) -> Any:
        """One message."""
        if not self.machine.powered and not isinstance(message, PowerChanged | Heartbeat | ReportNode):
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
                self._flush()
            case Wake(uid):
                if (worker := self.machine.workers.get(uid)) is not None:
                    worker.woken()
                    worker.handle(Tick())
                    self._after(worker)
            case PrepareAgain(uid):
                if (worker := self.machine.workers.get(uid)) is not None:
                    worker.prepare_again()
            case RenewTokens():
                self._renew_tokens()
            case TokensCame(uid, tokens, problem):
                if (worker := self.machine.workers.get(uid)) is not None:
                    worker.take_tokens(tokens, problem)
            case SourcesChanged(namespace):
                self._sources_changed(namespace)
            case Heartbeat():
                self.context.call_later(self._config.lease_renew_s, Heartbeat())
                if self.machine.powered:
                    self.context.start_task(self._renew(), name="lease")
            case ReportNode():
                self.context.call_later(self._config.status_update_s, ReportNode())
                if self.machine.powered:
                    self.context.start_task(self._report_node(), name="node status")
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
        """One timer serves all pods: it fires when the first of them is due."""
        if self._tokens_at is not None and self._tokens_at <= at:
            return
        if self._tokens_timer is not None:
            self._tokens_timer.cancel()
        self._tokens_at = at
        delay_s = max(0.0, at - self._clock.now())
        self._tokens_timer = self.context.call_later(delay_s, RenewTokens())

    def start_task(self, coroutine: Any, name: str) -> Any:
        """A task that ends with the actor."""
        return self.context.start_task(coroutine, name=name)

    def record(self, pod: Object, type_: str, reason: str, message: str, container: str) -> None:
        """An Event of the pod, or of one of its containers."""
        if self.machine.powered:
            self._recorder.event(pod, type_, reason, message, field_path=_field_path(pod, container))

    def changed(self, worker: PodWorker) -> None:
        """Its status may have changed: written with the others of this turn."""
        worker.dirty = True
        self._dirty[worker.uid] = worker
        if not self._flushing:
            self._flushing = True
            self.context.ref.tell(FlushStatuses())

    def services_of(self, namespace: str, *, links: bool) -> Mapping[str, str]:
        """Variables of the Services there are now."""
        key = (namespace, links)
        found = self._service_env.get(key)
        if found is None:
            found = self._service_env[key] = service_environment(
                self._services.list(), namespace, links=links
            )
        return found

    def lookups_ready(self) -> bool:
        """Whether ConfigMaps, Secrets and claims are known; the first question starts the watching."""
        if self._config_maps is None or self._secrets is None:
            self._config_maps = self._informers.informer(CONFIGMAPS)
            self._secrets = self._informers.informer(SECRETS)
            self._claims = self._informers.informer(PERSISTENTVOLUMECLAIMS)
            self._persistent_volumes = self._informers.informer(PERSISTENTVOLUMES)
            self._config_maps.add_handler(self._source_changed)
            self._secrets.add_handler(self._source_changed)
        return all(each.has_synced for each in self._looked_up())

    def _looked_up(self) -> tuple[Informer, ...]:
        found = self._config_maps, self._secrets, self._claims, self._persistent_volumes
        return tuple(each for each in found if each is not None)

    async def wait_lookups(self) -> None:
        """Wait until ConfigMaps, Secrets and claims are known."""
        if not self.lookups_ready():
            for each in self._looked_up():
                await each.wait_synced()

    def config_map(self, namespace: str, name: str) -> Object | None:
        """The ConfigMap, or None."""
        self.lookups_ready()  # a kubelet that took pods over has not asked for them yet
        assert self._config_maps is not None
        return self._config_maps.get(namespace, name)

    def secret(self, namespace: str, name: str) -> Object | None:
        """The Secret, or None."""
        self.lookups_ready()
        assert self._secrets is not None
        return self._secrets.get(namespace, name)

    def claim(self, namespace: str, name: str) -> Object | None:
        """The PersistentVolumeClaim, or None."""
        self.lookups_ready()
        assert self._claims is not None
        return self._claims.get(namespace, name)

    def persistent_volume(self, name: str) -> Object | None:
        """The PersistentVolume, or None."""
        self.lookups_ready()
        assert self._persistent_volumes is not None
        return self._persistent_volumes.get(None, name)

    async def ask_for_token(self, pod: Object, spec: TokenSpec) -> str:
        """A token of the pod's service account."""
        answer = await self._client.create(
            SERVICEACCOUNTS,
            token_request(pod, spec),
            pod["metadata"]["namespace"],
            name=pod["spec"].get("serviceAccountName") or "default",
            subresource="token",
        )
        token: str = answer["status"]["token"]
        return token

    def _renew_tokens(self) -> None:
        """Renew what is due, and wait for the next."""
        now = self._clock.now()
        self._tokens_at = self._tokens_timer = None
        for worker in self.machine.workers.values():
            due = worker.tokens_due
            if due is not None and due <= now:
                worker.tokens_due = None
                worker.renew_tokens()
            elif due is not None:
                self.remind_of_tokens(due)

    def session(self) -> aiohttp.ClientSession:
        """An HTTP client on the node, for probes: nothing is kept open."""
        if self._session is None:
            self._session = client_session(self.machine.network)
        return self._session

    def probe_delay(self, period_s: float) -> float:
        """Only just after the kubelet's own start are first probes spread over their period."""
        young = self._clock.monotonic() - self._begun_at < period_s
        again = self.machine.kubelet_starts > 1
        return self._random.uniform(0, period_s) if young and again and self._config.probe_jitter else 0.0

    # --- pods

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        self.context.ref.tell(PodChanged(old, new))

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
            problem = None if worker.ended else self._refusal(worker)
            if problem is not None and problem[0] == NODE_AFFINITY and not labels_read:
                self._read_labels_for(new)
                return
            self.machine.workers[worker.uid] = worker
            metadata = new["metadata"]
            self._names[metadata["namespace"], metadata["name"]] = worker
            if not worker.ended:
                self._admit(worker, problem)
        elif worker.base is new:
            return
        else:
            # Not those of `base`: a status written meanwhile has brought it newer labels already.
            before = worker.state.pod["metadata"]
            worker.see(new)
            after = new["metadata"]
            labels = before.get("labels") != after.get("labels")
            refresh = labels or before.get("annotations") != after.get("annotations")
        worker.handle(self._seen(worker, new))
        if refresh:
            worker.refresh_volumes()
        self._after(worker)

    def _seen(self, worker: PodWorker, pod: Object) -> PodSeen:
        """What a worker is told of its pod: containers have what they were given until there is more."""
        if pod["spec"] is worker.state.plan.spec:
            return PodSeen(pod, worker.state.resize)
        if not worker.admitted or not allocation.is_resized(pod["spec"], worker.given):
            return PodSeen(pod)
        problem = allocation.refusal(pod["spec"], self._used, worker.requests, capacity(self._config))
        if problem is not None:
            return PodSeen({**pod, "spec": allocation.with_resources(pod["spec"], worker.given)}, problem)
        self._count(worker, -1)
        worker.requests = podutil.requests(pod["spec"])
        worker.given = allocation.resources_of(pod["spec"])
        self._count(worker, 1)
        return PodSeen(pod)

    def _resize_deferred(self) -> None:
        """Something was given back: perhaps there is now what others wait for."""
        for worker in list(self.machine.workers.values()):
            if worker.state.resize is not None:
                worker.handle(self._seen(worker, worker.base))

    def _refusal(self, worker: PodWorker) -> tuple[str, str] | None:
        problem = refusal(worker.base, worker.requests, self._used, self._config, self._labels)
        if problem is not None:
            return problem
        others = (each.base for each in self.machine.workers.values() if each.admitted)
        return ports_refusal(worker.base, others)

    def _read_labels_for(self, pod: Object) -> None:
        """The labels that are known do not suit a pod: the scheduler may know newer ones."""
        if pod["metadata"]["uid"] not in self._undecided:
            self._undecided.add(pod["metadata"]["uid"])
            self.context.start_task(self._read_labels(pod), name="labels")

    async def _read_labels(self, pod: Object) -> None:
        while True:
            try:
                node = await self._client.get(NODES, self.machine.name)
            except NotFound:
                break
            except APIError as error:
                self.context.log.warning("node_not_read", node=self.machine.name, error=str(error))
                await self._clock.sleep(self._config.write_retry_s)
            else:
                self._labels = node["metadata"].get("labels") or {}
                break
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
        worker.admitted = True
        self._count(worker, 1)

    def _count(self, worker: PodWorker, sign: int) -> None:
        self._used["pods"] += sign
        for resource, wanted in worker.requests.items():
            self._used[resource] = self._used.get(resource, 0) + sign * wanted

    def _gone(self, uid: str) -> None:
        worker = self.machine.workers.get(uid)
        if worker is not None:
            worker.handle(PodGone())
            self._after(worker)

    def _after(self, worker: PodWorker) -> None:
        """Give back what an ended pod held, and forget one whose object is gone."""
        if not worker.ended:
            return
        if worker.admitted:
            worker.admitted = False
            self._count(worker, -1)
            self._resize_deferred()
        if worker.state.removed and not worker.remove and not worker.writing:
            self._forget(worker)

    def _forget(self, worker: PodWorker) -> None:
        worker.close()
        self.machine.workers.pop(worker.uid, None)
        self.machine.runtime.forget(worker.uid)
        self._dirty.pop(worker.uid, None)
        metadata = worker.base["metadata"]
        if self._names.get((metadata["namespace"], metadata["name"])) is worker:
            del self._names[metadata["namespace"], metadata["name"]]

    def _find(self, namespace: str, name: str) -> PodWorker | None:
        return self._names.get((namespace, name))

    def _take_over(self, worker: PodWorker) -> None:
        metadata = worker.base["metadata"]
        self._names[metadata["namespace"], metadata["name"]] = worker
        if worker.admitted:
            self._count(worker, 1)
        worker.resume(self)
        if worker.base["metadata"]["uid"] and worker.remove:
            self.changed(worker)

    def _service_changed(self, _old: Object | None, _new: Object | None) -> None:
        self._service_env.clear()

    def _source_changed(self, old: Object | None, new: Object | None) -> None:
        found = new or old
        assert found is not None
        self.context.ref.tell(SourcesChanged(found["metadata"]["namespace"]))

    def _sources_changed(self, namespace: str) -> None:
        for worker in list(self.machine.workers.values()):
            if worker.base["metadata"]["namespace"] == namespace:
                if worker.state.set_up is SetUp.ASKED:
                    worker.prepare_again()
                else:
                    worker.refresh_volumes()

    # --- statuses

    def _flush(self) -> None:
        self._flushing = False
        for uid, worker in list(self._dirty.items()):
            if not worker.state.settled and not worker.remove:
                continue
            del self._dirty[uid]
            if not worker.writing:
                worker.writing = True
                self.context.start_task(self._write(worker), name="status")

    async def _write(self, worker: PodWorker) -> None:
        """Bring the API up to date with a pod, then delete it if it is to go."""
        try:
            while worker.dirty and self.machine.powered:
                worker.dirty = False
                causes.current.set(worker.cause)
                if not await self._write_status(worker):
                    worker.dirty = True
                    await self._clock.sleep(self._config.write_retry_s)
            if worker.remove and self.machine.powered:
                await self._remove(worker)
        finally:
            worker.writing = False
        self._after(worker)

    async def _write_status(self, worker: PodWorker) -> bool:
        """Write what differs; False if it is to be tried again."""
        pod = worker.base
        node = NodeFacts(self.machine.address)
        status = pod_status(worker.state, pod, node, self._clock.now())
        patch = status_patch(pod, status)
        if patch is None or worker.ended_before:
            return True
        metadata = pod["metadata"]
        try:
            written = await self._client.patch(
                PODS,
                metadata["name"],
                patch,
                metadata["namespace"],
                patch_type="strategic",
                subresource="status",
            )
        except (NotFound, Conflict):
            return True
        except APIError as error:
            if isinstance(error, Invalid) and await self._is_another(pod):
                return True
            self.context.log.warning("status_not_written", key=_key(pod), error=str(error))
            return False
        worker.see(written)
        return True

    async def _is_another(self, pod: Object) -> bool:
        """Whether a new pod has the name of this one, which is gone."""
        metadata = pod["metadata"]
        try:
            live = await self._client.get(PODS, metadata["name"], metadata["namespace"])
        except APIError as error:
            return isinstance(error, NotFound)
        return bool(live["metadata"]["uid"] != metadata["uid"])

    async def _remove(self, worker: PodWorker) -> None:
        metadata = worker.base["metadata"]
        while worker.remove:
            try:
                await self._client.delete(
                    PODS, metadata["name"], metadata["namespace"], grace_period_s=0, uid=worker.uid
                )
            except (NotFound, Conflict):
                pass
            except APIError as error:
                self.context.log.warning("pod_not_removed", key=_key(worker.base), error=str(error))
                await self._clock.sleep(self._config.write_retry_s)
                continue
            worker.remove = False

    # --- the node

    async def _register(self) -> None:
        """Make the Node, or take it over, and the Lease with it.

        Retried until the API server takes it: without a Node nothing can run here.
        """
        machine = self.machine
        while True:
            now = self._clock.now()
            node = node_object(machine.name, machine.address, machine.boot_id, self._config, now)
            try:
                try:
                    written = await self._client.create(NODES, node)
                except AlreadyExists:
                    written = await self._client.get(NODES, machine.name)
                self._labels = written["metadata"].get("labels") or {}
                if not _is_registered(written, node):
                    await self._client.patch(
                        NODES, machine.name, {"status": node["status"]}, subresource="status"
                    )
                self._lease_known = False
                await self._write_lease(written)
            except APIError as error:
                self.context.log.warning("node_not_registered", node=machine.name, error=str(error))
                await self._clock.sleep(self._config.write_retry_s)
            else:
                return

    async def _write_lease(self, node: Object) -> None:
        lease = lease_object(node, self._config, self._clock.now())
        try:
            await self._client.create(LEASES, lease, LEASE_NAMESPACE)
        except AlreadyExists:
            await self._renew()
        self._lease_known = True

    async def _renew(self) -> None:
        patch = {"spec": {"renewTime": format_micro_time(self._clock.now())}}
        try:
            await self._client.patch(LEASES, self.machine.name, patch, LEASE_NAMESPACE)
        except NotFound:
            await self._renew_lost()
        except APIError as error:
            self.context.log.warning("lease_not_renewed", node=self.machine.name, error=str(error))
        else:
            node = self._informers.informer(NODES).get(None, self.machine.name)
            if node is not None:
                self._note_cordon(node)
            if node is not None and not is_told_right(node, self._config):  # somebody else wrote it
                await self._report_node()

    def _note_cordon(self, node: Object) -> None:
        """Say it when the node was cordoned, or is schedulable again."""
        cordoned = bool(node["spec"].get("unschedulable"))
        if cordoned != self._cordoned:
            self._cordoned = cordoned
            self._record_of_node("NodeNotSchedulable" if cordoned else "NodeSchedulable")

    def _record_of_node(self, reason: str) -> None:
        name = self.machine.name
        text = f"Node {name} status is now: {reason}"
        self._recorder.event(node_reference(name), "Normal", reason, text)

    async def _renew_lost(self) -> None:
        """The Lease is gone, or the Node too: register again."""
        await self._register()

    async def _report_node(self) -> None:
        machine = self.machine
        try:
            node = await self._client.get(NODES, machine.name)
            self._labels = node["metadata"].get("labels") or {}
            old = (node.get("status") or {}).get("conditions") or ()
            now = self._clock.now()
            status = node_status(machine.name, machine.address, machine.boot_id, self._config, old, now)
            status.update(resources_patch(self._config, node))
            await self._client.patch(
                NODES, machine.name, {"status": status}, subresource="status", patch_type="strategic"
            )
            for reason in news_of_conditions(old, status["conditions"]):
                self._record_of_node(reason)
        except NotFound:
            await self._register()
        except APIError as error:
            self.context.log.warning("node_status_not_written", node=machine.name, error=str(error))

    # --- power

    def _power_changed(self) -> None:
        self.context.ref.tell(PowerChanged())

    def _power(self) -> None:
        """Off: nothing to do, nothing can be done. On: lost pods begin again, the API is caught up with."""
        if not self.machine.powered:
            self._undecided.clear()
            for worker in self.machine.workers.values():
                worker.close()
            return
        self.context.start_task(self._after_boot(), name="boot")

    async def _after_boot(self) -> None:
        machine = self.machine
        reference = node_reference(machine.name)
        self._recorder.event(reference, "Normal", "Starting", "Starting kubelet.")
        text = f"Node {machine.name} has been rebooted, boot id: {machine.boot_id}"
        self._recorder.event(reference, "Warning", "Rebooted", text)
        await self._report_node()
        await self._renew()
        existing = {pod["metadata"]["uid"]: pod for pod in self._pods.list()}
        for worker in list(machine.workers.values()):
            if worker.uid not in existing:
                worker.handle(PodGone())
            worker.lost()
            self._after(worker)
        for pod in existing.values():
            self._see(None, pod)


def _is_registered(written: Object, wanted: Object) -> bool:
    status = written.get("status") or {}
    return bool(
        status.get("conditions")
        and status.get("addresses") == wanted["status"]["addresses"]
        and (status.get("nodeInfo") or {}).get("bootID") == wanted["status"]["nodeInfo"]["bootID"]
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


def _key(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
