"""What a pod's worker and its kubelet are to each other: messages to the one, calls to the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.node.podstate import Event
from kubelite.node.tokens import Tokens, TokenSpec
from kubelite.runtime import Shown, Signal

if TYPE_CHECKING:
    import aiohttp

    from kubelite.images.registry import ImageRegistry
    from kubelite.node.environment import Lookup
    from kubelite.node.machine import Machine
    from kubelite.node.podworker import PodWorker
    from kubelite.runtime import TimerHandle


@attrs.frozen(eq=False, repr=False)
class WorkerEvent(Shown):
    """Something happened to a pod."""

    uid: str
    event: Event


@attrs.frozen(eq=False, repr=False)
class Wake(Shown):
    """A pod asked to be woken at this time."""

    uid: str


class RenewTokens(Signal):
    """It is time to ask for new tokens of some pods."""


@attrs.frozen(eq=False, repr=False)
class TokensCame(Shown):
    """The tokens of a pod were asked for; `problem` says why they could not be had, or is ""."""

    uid: str
    tokens: Tokens
    problem: str = ""


@attrs.frozen(eq=False, repr=False)
class PrepareAgain(Shown):
    """A pod whose volumes could not be mounted tries again."""

    uid: str


WorkerMessage: TypeAlias = WorkerEvent | Wake | PrepareAgain | RenewTokens | TokensCame


class WorkerHost(Protocol):
    """What a worker needs of its kubelet."""

    machine: Machine
    images: ImageRegistry
    lookup: Lookup

    def pace(self, call: Callable[[], None]) -> None:
        """Let one of many calls begin when it is its turn."""

    def tell(self, message: WorkerMessage) -> None:
        """Into the kubelet's mailbox."""

    def tell_later(self, delay_s: float, message: WorkerMessage) -> TimerHandle:
        """Into the kubelet's mailbox after a while."""

    def remind_of_tokens(self, at: float) -> None:
        """Let `renew_tokens` be called then (Unix seconds), if `tokens_due` still says so."""

    def start_task(self, coroutine: Any, name: str) -> Any:
        """A task that ends with the kubelet."""

    def record(self, pod: Object, type_: str, reason: str, message: str, container: str) -> None:
        """An Event of the pod, or of one of its containers."""

    def changed(self, worker: PodWorker) -> None:
        """Its status may have changed."""

    def services_of(self, namespace: str, *, links: bool) -> Mapping[str, str]:
        """Variables of the Services that a pod is told of."""

    def lookups_ready(self) -> bool:
        """Whether ConfigMaps and Secrets are known."""

    async def wait_lookups(self) -> None:
        """Wait until they are."""

    async def ask_for_token(self, pod: Object, spec: TokenSpec) -> str:
        """A token of the pod's service account."""

    def session(self) -> aiohttp.ClientSession:
        """An HTTP client on the node."""

    def probe_delay(self, period_s: float) -> float:
        """By how much a first probe is put off."""
