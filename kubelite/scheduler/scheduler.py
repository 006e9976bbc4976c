"""kube-scheduler: the actor. What it does is in `core`, which is imported when the first pod appears.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, assert_never

from kubelite.api.resources import PODS
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object
from kubelite.client.client import Client
from kubelite.runtime import Actor, Clock, Randomness
from kubelite.scheduler.messages import BEGIN, Begin, Explain, Flush, Message, Schedule

if TYPE_CHECKING:
    import aiohttp

    from kubelite.scheduler.core import Core
    from kubelite.scheduler.effects import Recorder
    from kubelite.scheduler.profiles import SchedulerConfig


class Scheduler(Actor[Message]):
    """See the module's docstring.

    Args:
        client: Binds pods and says why they do not fit.
        informers: Pods, nodes, and what plugins look at.
        clock: For back-off.
        random: Decides between equal nodes.
        recorder: Of the Events of a profile, by its name.
        config: The profiles; the default one if there is none.
        session: Makes an HTTP client in the cluster's network, for extenders.
    """

    reply_errors = (APIError,)

    def __init__(
        self,
        *,
        client: Client,
        informers: Any,
        clock: Clock,
        random: Randomness,
        recorder: Callable[[str], Recorder],
        config: SchedulerConfig | None = None,
        session: Callable[[], aiohttp.ClientSession] | None = None,
    ) -> None:
        self._client, self._informers, self._clock = client, informers, clock
        self._random, self._recorder, self._config = random, recorder, config
        self._session = session
        self._core: Core | None = None
        self._remove: Any = None
        self._is_needed = False

    def __repr__(self) -> str:
        return f"<Scheduler {self._core or 'without pods'}>"

    async def started(self) -> None:
        """Waits for the first pod."""
        self._remove = self._informers.informer(PODS).add_handler(self._pod_seen)

    def _pod_seen(self, old: Object | None, new: Object | None) -> None:
        if not self._is_needed:
            self._is_needed = True
            self.context.ref.tell(BEGIN)

    async def stopped(self) -> None:
        """Hears of no more changes."""
        self._unwatch()
        if self._core is not None:
            self._core.end()
            await self._core.close()

    async def _begun(self) -> Core:
        """The core, which knows all nodes and pods."""
        if self._core is None:
            from kubelite.scheduler.core import Core  # noqa: PLC0415 - not every cluster runs pods

            self._is_needed = True
            self._core = Core(
                context=self.context,
                client=self._client,
                informers=self._informers,
                clock=self._clock,
                random=self._random,
                recorder=self._recorder,
                config=self._config,
                session=self._session,
            )
            await self._core.begin()
            self._unwatch()
        return self._core

    def _unwatch(self) -> None:
        remove, self._remove = self._remove, None
        if callable(remove):
            remove()

    async def receive(self, message: Message) -> Any:
        """Schedules a batch, or explains."""
        core = await self._begun()
        match message:
            case Explain():
                return await core.explain(message.namespace, message.name)
            case Begin() | Schedule():
                await core.schedule()
            case Flush():
                core.flush()
            case _:
                assert_never(message)
        return None
