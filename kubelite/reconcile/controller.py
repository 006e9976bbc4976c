"""The actor around a reconciler: events become keys, keys become syncs, syncs become requests.

Level-triggered: an event says which key to look at, never what happened. Keys are deduplicated; a key that
was just looked at rests for the reconciler's `interval_s`, so that a burst of a thousand pod events costs a
handful of looks. Handlers of informers only note keys and wake the actor once; nothing is computed in the
stack of a write.

A controller that crashed starts fresh: its handlers are replayed all that exists, which is the resync. It
does not remember what it wrote, so it begins only when its informers show all that was written before.

Source: sigs.k8s.io/controller-runtime/pkg/internal/controller, k8s.io/client-go/util/workqueue.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Final, NamedTuple, assert_never

import attrs

from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.client import Client
from kubelite.reconcile.executor import Executor, Recorder
from kubelite.reconcile.informing import Handler, InformerLike, InformersLike, catch_up
from kubelite.reconcile.intents import Outcome, Outcomes, ReadObject, Steps
from kubelite.reconcile.workqueue import BACKOFF_BASE_S, BACKOFF_MAX_S, WorkQueue
from kubelite.runtime import Actor, ChildSpec, Clock, Randomness, Signal, causes
from kubelite.runtime.tasks import checkpoint

WORKERS: Final = 5
"""Keys that one controller looks at side by side, as Kubernetes' --concurrent-…-syncs."""
LOOKS_IN_A_ROW: Final = 32
"""After so many looks of one worker, which may ask for nothing, others have their turn."""


@attrs.frozen(repr=False)
class Watch:
    """Something a reconciler wants to know of.

    Attributes:
        keys: Which keys a change (old, new; None for absent) asks for; None if only the lister is used.
    """

    resource: Resource
    keys: Callable[[Object | None, Object | None], Iterable[str]] | None = None


class Trigger(NamedTuple):
    """What calls for a reconciler that nobody needs before.

    Attributes:
        resource: An object of this kind has to appear.
        concerns: Whether an object does; None for any.
    """

    resource: Resource
    concerns: Callable[[Object], bool] | None = None


@attrs.define(eq=False, repr=False)
class Environment:
    """What a reconciler is given.

    Attributes:
        enqueue: Ask for a look at a key, after some seconds.
        watch: Watch something more, from now on.
        forget: Watch a kind no more, since it is gone.
    """

    informers: InformersLike
    clock: Clock
    random: Randomness
    enqueue: Callable[..., None]
    watch: Callable[[Watch], None]
    forget: Callable[[Resource], None]


class Reconciler(ABC):
    """What a controller does for one key. `sync` reads informers, plans purely, and yields intents."""

    name: ClassVar[str]
    component: ClassVar[str] = ""
    """The source of its Events; the name if empty."""
    workers: ClassVar[int] = WORKERS
    retry_s: tuple[float, float] = (BACKOFF_BASE_S, BACKOFF_MAX_S)
    """The first delay after a failure, which doubles, and the longest."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.clock = environment.clock
        self.random = environment.random

    def informer(self, resource: Resource) -> InformerLike:
        """The shared informer of a kind."""
        return self.environment.informers.informer(resource)

    def watches(self) -> Sequence[Watch]:
        """What is watched."""
        return ()

    def first_keys(self) -> Iterable[str]:
        """Keys to look at once all informers are in sync, beside those of the replayed handlers."""
        return ()

    @abstractmethod
    def sync(self, key: str) -> Steps:
        """Bring the world of `key` nearer to what is wanted: yields intents, is given their outcomes."""

    def delay_s(self, key: str) -> float:
        """Seconds to wait after an event for others to come, before a look at `key`."""
        return 0.0

    def interval_s(self, key: str) -> float:
        """Seconds that lie at least between two looks at `key` which events ask for."""
        return 0.0


class Wake(Signal):
    """There are keys to look at."""


class Called(Signal):
    """Something has appeared for which the reconciler is needed."""


WAKE: Final = Wake()
CALLED: Final = Called()
Message = Wake | Called


class Controller(Actor[Message]):
    """Runs a reconciler.

    Args:
        make: Makes the reconciler; called anew at each (re)start.
        triggers: The reconciler is made once one of them appears; at the start if there are none.
    """

    def __init__(
        self,
        make: Callable[[Environment], Reconciler],
        *,
        client: Client,
        informers: InformersLike,
        clock: Clock,
        random: Randomness,
        recorder: Recorder | None = None,
        field_manager: str = "kube-controller-manager",
        triggers: Sequence[Trigger] = (),
    ) -> None:
        self._make = make
        self._triggers = triggers
        self._client = client
        self._informers = informers
        self._clock = clock
        self._random = random
        self._recorder = recorder
        self._field_manager = field_manager
        self._queue: WorkQueue[str] = WorkQueue()
        self._looked: OrderedDict[str, float] = OrderedDict()
        self._causes = causes.CausesOf()
        self._running = 0
        self._awake = False
        self._synced = False
        self._is_called = False
        self._stopped = False
        self._timer: Any = None
        self._timer_due: float | None = None
        self._removals: list[tuple[Resource, Callable[[], Any]]] = []
        self._syncs = 0
        self._failed = 0

    async def started(self) -> None:
        """Make the reconciler, now or when it is called for."""
        for trigger in self._triggers:
            self._hang(trigger.resource, self._caller(trigger))
        if not self._triggers:
            self._set_up()

    def _caller(self, trigger: Trigger) -> Handler:
        def look(_old: Object | None, new: Object | None) -> None:
            concerns = trigger.concerns
            if new is not None and not self._awake and (concerns is None or concerns(new)):
                self._awake = True
                self.context.ref.tell(CALLED)

        return look

    def _set_up(self) -> None:
        """Make the reconciler, hang handlers on the informers, and begin once these are in sync."""
        environment = Environment(
            self._informers, self._clock, self._random, self.enqueue, self._watch, self._forget
        )
        self._reconciler = self._make(environment)
        base_s, max_s = self._reconciler.retry_s
        self._queue = WorkQueue(backoff_base_s=base_s, backoff_max_s=max_s)
        self._executor = Executor(
            self._client, self._recorder, self.context.start_task, field_manager=self._field_manager
        )
        resources = [watch.resource for watch in self._reconciler.watches()]
        for watch in self._reconciler.watches():
            self._watch(watch)
        self.context.start_task(self._begin(resources), name="resync")

    async def stopped(self) -> None:
        """Take the handlers off the informers."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._take_off()

    def _take_off(self) -> None:
        for _, remove in self._removals:
            remove()
        self._removals = []

    def _watch(self, watch: Watch) -> None:
        if watch.keys is not None:
            self._hang(watch.resource, self._handler(watch.keys))

    def _hang(self, resource: Resource, handler: Handler) -> None:
        removal = self._informers.informer(resource).add_handler(handler)
        if callable(removal):
            self._removals.append((resource, removal))

    def _forget(self, resource: Resource) -> None:
        for watched, remove in self._removals:
            if watched == resource:
                remove()
        self._informers.forget(resource)
        self._removals = [each for each in self._removals if each[0] != resource]

    async def _begin(self, resources: Sequence[Resource]) -> None:
        for resource in dict.fromkeys(resources):
            await self._informers.informer(resource).wait_synced()
            if self.context.statistics["restarts"]:
                await catch_up(self._informers, resource, self._clock, self.context.log)
        for key in self._reconciler.first_keys():
            self._queue.add(key)
        self._synced = True
        self._wake()

    def _handler(self, keys: Callable[[Object | None, Object | None], Iterable[str]]) -> Handler:
        def handle(old: Object | None, new: Object | None) -> None:
            if not self._stopped:
                for key in keys(old, new):
                    self.enqueue(key)

        return handle

    def enqueue(self, key: str, delay_s: float | None = None) -> None:
        """Ask for a look at `key`: when delay and interval allow, or after `delay_s` seconds."""
        self._causes.note(key)
        if delay_s is not None:
            self._queue.add_at(key, self._clock.now() + delay_s)
        else:
            wait_s = self._reconciler.delay_s(key)
            interval_s = self._reconciler.interval_s(key)
            looked = self._looked.get(key) if interval_s else None
            if wait_s or looked is not None:
                now = self._clock.now()
                due = now + wait_s if looked is None else max(now + wait_s, looked + interval_s)
                if due > now:
                    self._queue.add_at(key, due)
                else:
                    self._queue.add(key)
            else:
                self._queue.add(key)
        if not self._awake:
            self._wake()

    def _wake(self) -> None:
        if self._synced and not self._awake and not self._stopped:
            self._awake = True
            self.context.ref.tell(WAKE)

    def receive(self, message: Message) -> None:
        """Set up the reconciler, or look at what is queued; what was told before a crash is over."""
        match message:
            case Wake():
                if self._synced:
                    self._awake = False
                    self._look()
            case Called():
                if not self._is_called:
                    self._is_called, self._awake = True, False
                    self._take_off()
                    self._set_up()
            case _:
                assert_never(message)

    def _look(self) -> None:
        """Start workers for the keys, up to the reconciler's number; set the timer for later keys."""
        self._queue.release_due(self._clock.now())
        wanted = min(len(self._queue), self._reconciler.workers - self._running)
        for _ in range(wanted):
            self._running += 1
            self.context.start_task(self._work(), name="sync")
        self._set_timer()

    def _set_timer(self) -> None:
        due = self._queue.next_due
        if due is None or (self._timer_due is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        self._timer = self._clock.call_later(max(0.0, due - self._clock.now()), self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = self._timer_due = None
        self._wake()

    async def _work(self) -> None:
        looks = 0
        try:
            while not self._stopped and (key := self._queue.take()) is not None:
                try:
                    await self._sync(key)
                finally:
                    self._queue.done(key)
                self._queue.release_due(self._clock.now())
                looks += 1
                if not looks % LOOKS_IN_A_ROW:
                    await checkpoint()
        finally:
            self._running -= 1
        self._wake_if_waiting()

    def _wake_if_waiting(self) -> None:
        due = self._queue.next_due
        if len(self._queue) or (due is not None and due <= self._clock.now()):
            self._wake()
        elif not self._stopped:
            self._set_timer()

    async def _sync(self, key: str) -> None:
        """One look at `key`: run the generator, carry out what it yields, requeue if something failed."""
        self._syncs += 1
        cause = self._causes.take(key)
        causes.current.set(cause)
        steps = self._reconciler.sync(key)
        failures: list[Outcome] = []
        requeue_s: float | None = None
        try:
            intents = next(steps)
            while True:
                outcomes: Outcomes
                outcomes, later_s = await self._executor.run(intents)
                failures += [outcome for outcome in outcomes if outcome.failed]
                if cause is None:
                    _follow(outcomes)
                if later_s is not None:
                    requeue_s = later_s if requeue_s is None else min(requeue_s, later_s)
                intents = steps.send(outcomes)
        except StopIteration:
            pass
        finally:
            steps.close()
        self._note_looked(key)
        if failures or requeue_s is not None:
            self._causes.keep(key, cause)
        if failures:
            self._retry(key, failures[0])
        else:
            self._queue.forget(key)
        if requeue_s is not None:
            self._queue.add_at(key, self._clock.now() + requeue_s)

    def _retry(self, key: str, failure: Outcome) -> None:
        self._failed += 1
        delay_s = self._queue.fail(key)
        error = failure.error
        assert isinstance(error, APIError)
        log = self.context.log.debug if _is_usual(error) else self.context.log.warning
        log(
            "sync_failed",
            key=key,
            intent=type(failure.intent).__name__,
            reason=error.reason,
            error=str(error),
            retry_s=delay_s,
        )
        self._queue.add_at(key, self._clock.now() + delay_s)

    def _note_looked(self, key: str) -> None:
        """Remember when `key` was looked at while an interval has to be kept, and forget whose is over."""
        now = self._clock.now()
        self._looked.pop(key, None)
        if self._reconciler.interval_s(key):
            self._looked[key] = now
        while self._looked:
            oldest = next(iter(self._looked))
            if self._looked[oldest] + self._reconciler.interval_s(oldest) > now:
                break
            del self._looked[oldest]

    def is_idle(self) -> bool:
        """True if no key is queued or being looked at; keys of the future do not count."""
        return self._queue.is_idle() and not self._awake

    def statistics(self) -> dict[str, int]:
        """What was done so far, and what waits."""
        return {
            "syncs": self._syncs,
            "failed": self._failed,
            "running": self._running,
            "resting": len(self._looked),
        } | self._queue.statistics()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._syncs} syncs, {self._failed} failed, {self._queue!r}>"


def _follow(outcomes: Outcomes) -> None:
    """What comes next in a look that nothing but time led to follows from what it has just written."""
    before = causes.current.get()
    written = [
        each.object["metadata"].get("resourceVersion")
        for each in outcomes
        if each.object is not None and not isinstance(each.intent, ReadObject)
    ]
    if written:
        known = before if isinstance(before, tuple) else ()
        causes.current.set((*known, *written)[-causes.CAUSES_MAX :])


def controller_spec(
    make: Callable[[Environment], Reconciler],
    name: str,
    *,
    client: Client,
    informers: InformersLike,
    clock: Clock,
    random: Randomness,
    recorder: Recorder | None,
    field_manager: str = "kube-controller-manager",
    triggers: Sequence[Trigger] = (),
) -> ChildSpec:
    """The child of a supervisor that runs a reconciler."""
    return ChildSpec(
        name=name,
        factory=lambda: Controller(
            make,
            client=client,
            informers=informers,
            clock=clock,
            random=random.fork(name),
            recorder=recorder,
            field_manager=field_manager,
            triggers=triggers,
        ),
    )


def _is_usual(error: APIError) -> bool:
    """Whether a failure is of a race that every cluster has: with another writer, or a namespace's end."""
    is_gone = error.code == 404 and (error.details or {}).get("kind") == "namespaces"
    return error.code == 409 or is_gone
