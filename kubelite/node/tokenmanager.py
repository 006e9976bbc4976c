"""Asks for the tokens of a node's pods, and reminds of those that are to be renewed.

Which tokens there are to be is in `tokens`; a pod's worker asks for its own, and keeps them.

Source: pkg/kubelet/token/token_manager.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubelite.api.resources import SERVICEACCOUNTS
from kubelite.apimachinery.scheme import Object
from kubelite.node.tokens import TokenSpec, token_request
from kubelite.node.workerhost import RenewTokens
from kubelite.runtime import Context, TimerHandle

if TYPE_CHECKING:
    from kubelite.client.client import Client
    from kubelite.node.machine import Machine


class TokenManager:
    """One timer serves all pods: it fires when the first of them is due.

    Args:
        machine: The node's.
        client: As the node.
        context: The kubelet's: it is told `RenewTokens`.
    """

    def __init__(self, machine: Machine, client: Client, context: Context) -> None:
        self._machine = machine
        self._client = client
        self._context = context
        self._clock = machine.clock
        self._at: float | None = None
        self._timer: TimerHandle | None = None

    def remind(self, at: float) -> None:
        """Let `renew_due` be called then (Unix seconds) at the latest."""
        if self._at is not None and self._at <= at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._at = at
        delay_s = max(0.0, at - self._clock.now())
        self._timer = self._context.call_later(delay_s, RenewTokens())

    def renew_due(self) -> None:
        """Renew what is due, and wait for the next."""
        now = self._clock.now()
        self._at = self._timer = None
        for worker in self._machine.workers.values():
            due = worker.tokens_due
            if due is not None and due <= now:
                worker.tokens_due = None
                worker.renew_tokens()
            elif due is not None:
                self.remind(due)

    def forget(self) -> None:
        """Remind of nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._at = self._timer = None

    async def ask(self, pod: Object, spec: TokenSpec) -> str:
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
