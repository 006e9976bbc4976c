"""Requests for pods through HTTPS against a bare aiohttp server that answers a constant.

Both servers run in this process, the client in one of its own, so that the CPU time is that of servers. The
pods name a scheduler that does not exist: what is measured is the API server with everything that watches it,
not how pods are started.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

import kubelite
from benchmarks.macro.floors import ConstantServer, Secured
from benchmarks.macro.loadgen import Call, LoadGenerator, Target
from benchmarks.measure import Bench, Measured, Stopwatch
from benchmarks.row import Row
from kubelite.client.kubeconfig import read_kubeconfig

REQUESTS: Final = 200
CONNECTIONS: Final = 4
PODS: Final = "/api/v1/namespaces/default/pods"
JSON: Final = "application/json"
MERGE: Final = "application/strategic-merge-patch+json"
FLOOR: Final = "bare aiohttp, same TLS, same length of body"


def pod(name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    """A pod as controllers make them: two containers' worth of settings in one."""
    container = {
        "name": "web",
        "image": "registry.example.com/shop/web:1.27.3",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "LEVEL", "value": "info"},
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web", "tier": "front", **(labels or {})}},
        "spec": {
            "schedulerName": "none",
            "terminationGracePeriodSeconds": 30,
            "containers": [container],
        },
    }


def target_of(cluster: kubelite.Cluster) -> Target:
    """The cluster's API server, as its kubeconfig names it."""
    connection = read_kubeconfig(cluster.kubeconfig)
    port = int(connection.url.rpartition(":")[2])
    return Target(port, connection.authority_pem.decode(), connection.credentials.token)


def _body(obj: Any) -> bytes:
    return json.dumps(obj, separators=(",", ":")).encode()


Calls = Callable[[int, Sequence[Any]], list[Call]]
"""From the number of the repetition and the stored pods to requests."""


@attrs.frozen
class _Case:
    """One verb.

    Attributes:
        calls: What is requested.
        status: Of all answers.
    """

    name: str
    calls: Calls
    status: int
    target: float | None


def creates(turn: int, count: int) -> list[Call]:
    """So many pods."""
    return [Call("POST", PODS, _body(pod(f"pod-{turn}-{number}"))) for number in range(count)]


def _each(method: str, body: Callable[[int, Any], Any] | None = None, content_type: str = JSON) -> Calls:
    """One request for each stored pod; the body may depend on the repetition and the pod."""

    def calls(turn: int, stored: Sequence[Any]) -> list[Call]:
        return [
            Call(
                method,
                f"{PODS}/{each['metadata']['name']}",
                b"" if body is None else _body(body(turn, each)),
                content_type,
            )
            for each in stored
        ]

    return calls


def _relabelled(turn: int, stored: Any) -> Any:
    """A pod as it was read, with another label."""
    metadata = stored["metadata"]
    labels = {**metadata["labels"], "turn": f"put-{turn}"}
    return {"kind": "Pod", "apiVersion": "v1", **stored, "metadata": {**metadata, "labels": labels}}


CASES: Final = (
    _Case("get", _each("GET"), 200, 0.8),
    _Case("create", lambda turn, stored: creates(turn + 1, len(stored)), 201, 0.35),
    _Case("update", _each("PUT", _relabelled), 200, None),
    _Case(
        "patch",
        _each("PATCH", lambda turn, _: {"metadata": {"labels": {"turn": f"{turn}"}}}, MERGE),
        200,
        None,
    ),
    _Case("delete", _each("DELETE", lambda *_: {"gracePeriodSeconds": 0}), 200, None),
)


async def requests(bench: Bench) -> list[Row]:
    """Create, get, update, patch and delete of pods, each against the bare server."""
    count = bench.size(REQUESTS)
    constant = ConstantServer()
    async with (
        kubelite.Cluster(nodes=1) as cluster,
        LoadGenerator() as generator,
        constant.serve(Secured.make(tls=True)) as floor,
    ):
        api = _API(generator, target_of(cluster), floor, constant, count)
        return [await api.compare(bench, case) for case in CASES]


@attrs.define
class _API:
    """Both servers, and their client."""

    generator: LoadGenerator
    target: Target
    floor: Target
    constant: ConstantServer
    count: int
    stored: list[Any] = attrs.field(factory=list)
    turn: int = 0

    async def compare(self, bench: Bench, case: _Case) -> Row:
        """One row."""
        await self._reset()
        statuses, self.constant.body = await self._run(self.target, case.calls(0, self.stored)[:1])
        assert statuses == {case.status: 1}, (statuses, self.constant.body)
        self.constant.status = case.status
        return await bench.compare(
            f"pod {case.name}, HTTPS",
            self._measured(case),
            lambda: self._timed(self.floor, case),
            floor_name=FLOOR,
            target=case.target,
        )

    def _measured(self, case: _Case) -> Measured:
        async def run() -> float:
            self.turn += 1
            await self._reset()
            return await self._timed(self.target, case)

        return run

    async def _timed(self, target: Target, case: _Case) -> float:
        calls = case.calls(self.turn, self.stored)
        await self.generator.prepare(target, calls, connections=CONNECTIONS)
        gc.collect()
        with Stopwatch() as watch:
            statuses, _ = await self.generator.go()
        assert statuses == {case.status: len(calls)}, statuses
        return watch.cpu_s / len(calls)

    async def _run(self, target: Target, calls: Sequence[Call]) -> tuple[dict[int, int], bytes]:
        await self.generator.prepare(target, calls, connections=1)
        return await self.generator.go()

    async def _reset(self) -> None:
        """Have as many pods as there will be requests, and no others."""
        await self._run(self.target, [Call("DELETE", f"{PODS}?gracePeriodSeconds=0")])
        await self._run(self.target, creates(0, self.count))
        _, body = await self._run(self.target, [Call("GET", PODS)])
        self.stored = json.loads(body)["items"]
        assert len(self.stored) == self.count
