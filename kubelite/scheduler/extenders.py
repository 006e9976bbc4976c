"""Extenders: HTTP servers of the user's, asked about pods after the plugins.

They take nodes out, give points, may choose other victims, or bind the pod themselves. They are asked one
after the other, in the order of the configuration, each about what the one before left. One that fails lets
the pod wait, unless it is ignorable.

Source: pkg/scheduler/{extender,schedule_one}.go; framework/preemption/preemption.go (callExtenders);
k8s.io/kube-scheduler/extender/v1/types.go; https://kubernetes.io/docs/reference/config-api/kube-scheduler-config.v1/.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import aiohttp
import orjson

from kubelite.apimachinery.scheme import Object
from kubelite.runtime import Clock
from kubelite.runtime.logs import get_logger
from kubelite.scheduler.cache import Cache
from kubelite.scheduler.cycle import Framework, Verdict
from kubelite.scheduler.framework import BEST, SchedulerError, Status
from kubelite.scheduler.hints import EXTENDER
from kubelite.scheduler.nodeinfo import NodeInfo
from kubelite.scheduler.podinfo import PodInfo

if TYPE_CHECKING:
    from kubelite.scheduler.extenderconfig import Extender
    from kubelite.scheduler.preemption import Candidate

PRIORITY_MAX: Final = 10
"""The highest score that an extender gives."""
log = get_logger().bind(component="scheduler")


class ExtenderError(Exception):
    """An extender did not answer, or not well."""


class _Passed(NamedTuple):
    """The nodes that an extender leaves, and what it says of others."""

    nodes: list[NodeInfo]
    failed: Mapping[str, str]
    hopeless: Mapping[str, str]


def is_interested(extender: Extender, info: PodInfo) -> bool:
    """Whether an extender is to be asked about a pod: it manages all, or something that the pod asks for."""
    if not extender.managed:
        return True
    for field in ("containers", "initContainers"):
        for container in info.spec.get(field) or ():
            resources = container.get("resources") or {}
            for kind in ("requests", "limits"):
                if not extender.managed.isdisjoint(resources.get(kind) or ()):
                    return True
    return False


class Extenders:
    """Asks them.

    Args:
        extenders: In their order.
        session: Makes an HTTP client in the cluster's network.
        clock: For time-outs.
    """

    def __init__(
        self, extenders: Sequence[Extender], session: Callable[[], aiohttp.ClientSession], clock: Clock
    ) -> None:
        self._extenders = extenders
        self._make_session = session
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"<Extenders {' '.join(each.url for each in self._extenders)}>"

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _asked(self, info: PodInfo, verb: str) -> list[Extender]:
        """Those which have a verb, and to which the pod matters."""
        return [each for each in self._extenders if getattr(each, verb) and is_interested(each, info)]

    def concern(self, info: PodInfo) -> bool:
        """Whether one is to be asked where a pod goes."""
        return bool(self._asked(info, "filter_verb") or self._asked(info, "prioritize_verb"))

    # -- where

    async def schedule(self, framework: Framework, info: PodInfo, start: int) -> Verdict:
        """Where a pod goes: as `Framework.schedule`, with their word in it.

        Raises:
            SchedulerError: One of them failed that may not be ignored.
        """
        verdict, feasible = framework.find(info, start, is_compared=True)
        if verdict.is_nominated:
            if feasible := await self._filter(info, feasible, verdict):
                return framework.choose(info, feasible, verdict)
            verdict, feasible = framework.find(info, start, is_compared=True, ignore_nomination=True)
        feasible = await self._filter(info, feasible, verdict)
        extra = await self._scores(info, feasible) if len(feasible) > 1 else None
        return framework.choose(info, feasible, verdict, extra)

    async def _filter(self, info: PodInfo, nodes: list[NodeInfo], verdict: Verdict) -> list[NodeInfo]:
        """The nodes that all leave; `verdict` is told of the others."""
        for extender in self._asked(info, "filter_verb"):
            if not nodes:
                break
            try:
                passed = await self._filter_by(extender, info, nodes)
            except ExtenderError as error:
                self._ignore(extender, error)
                continue
            for reasons, resolvable in ((passed.hopeless, False), (passed.failed, True)):
                for name, reason in reasons.items():
                    if resolvable and name in passed.hopeless:
                        continue
                    before = verdict.statuses.get(name)
                    words = (*(before.reasons if before is not None else ()), reason)
                    verdict.statuses[name] = Status(EXTENDER, words, resolvable=resolvable)
            if len(passed.nodes) != len(nodes):
                verdict.rejected_by |= {EXTENDER}
            nodes = passed.nodes
        return nodes

    async def _filter_by(self, extender: Extender, info: PodInfo, nodes: Sequence[NodeInfo]) -> _Passed:
        answer = _fields(await self._send(extender, extender.filter_verb, _args(extender, info, nodes)))
        if answer.get("error"):
            raise ExtenderError(str(answer["error"]))
        names: list[str] = []
        if extender.knows_nodes and answer.get("nodenames") is not None:
            names = list(answer["nodenames"])
        elif answer.get("nodes") is not None:
            names = [each["metadata"]["name"] for each in answer["nodes"].get("items") or ()]
        known = {node.name: node for node in nodes}
        for name in names:
            if name not in known:
                what = f'"{name}" which is not found in the input node list'
                raise ExtenderError(f'extender "{extender.url}" claims a filtered node {what}')
        failed, hopeless = answer.get("failednodes") or {}, answer.get("failedandunresolvablenodes") or {}
        return _Passed([known[name] for name in names], failed, hopeless)

    async def _scores(self, info: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
        """The points of all for each node; one that fails gives none."""
        totals = dict.fromkeys((node.name for node in nodes), 0)
        for extender in self._asked(info, "prioritize_verb"):
            try:
                answer = await self._send(extender, extender.prioritize_verb, _args(extender, info, nodes))
            except ExtenderError as error:
                log.warning("extender not heard", url=extender.url, error=str(error))
                continue
            for each in map(_fields, answer or ()):
                if each.get("host") in totals:
                    score = int(each.get("score") or 0) * extender.weight
                    totals[each["host"]] += score * (BEST // PRIORITY_MAX)
        return list(totals.values())

    # -- room

    async def preempt(self, info: PodInfo, found: Sequence[Candidate], cache: Cache) -> list[Candidate]:
        """The nodes that they leave, with the victims that they choose.

        Raises:
            SchedulerError: One of them failed that may not be ignored.
        """
        candidates = list(found)
        for extender in self._asked(info, "preempt_verb"):
            if not candidates:
                break
            try:
                candidates = await self._preempt_by(extender, info, candidates, cache)
            except ExtenderError as error:
                self._ignore(extender, error)
        return candidates

    async def _preempt_by(
        self, extender: Extender, info: PodInfo, found: Sequence[Candidate], cache: Cache
    ) -> list[Candidate]:
        args: Object = {"Pod": info.pod, "NodeNameToVictims": None, "NodeNameToMetaVictims": None}
        key = "NodeNameToMetaVictims" if extender.knows_nodes else "NodeNameToVictims"
        args[key] = {each.node: _victims(each, meta=extender.knows_nodes) for each in found}
        answer = _fields(await self._send(extender, extender.preempt_verb, args))
        candidates = []
        for name, victims in (answer.get("nodenametometavictims") or {}).items():
            said = _fields(victims or {})
            node = cache.existing(name)
            if node is None:
                raise ExtenderError(f'nodeinfo not found for node name "{name}"')
            pods = tuple(
                self._victim(extender, _fields(each).get("uid"), node) for each in said.get("pods") or ()
            )
            if pods:
                candidates.append(_candidate(name, pods, said.get("numpdbviolations") or 0))
            elif not extender.is_ignorable:
                raise ExtenderError(f'expected at least one victim pod on node "{name}"')
        return candidates

    @staticmethod
    def _victim(extender: Extender, uid: Any, node: NodeInfo) -> PodInfo:
        found = node.pods.get(uid)
        if found is None:
            where = f"on node: {node.name}, but the pod is not found on that node"
            raise ExtenderError(f"extender: {extender.url} claims to preempt pod (UID: {uid}) {where}")
        return found

    # -- binding

    async def bind(self, info: PodInfo, node: str) -> bool:
        """Let the one that binds bind a pod; tells whether there is one.

        Raises:
            SchedulerError: It failed.
        """
        for extender in self._asked(info, "bind_verb"):
            metadata = info.pod["metadata"]
            args = {
                "PodName": metadata["name"],
                "PodNamespace": info.namespace,
                "PodUID": info.uid,
                "Node": node,
            }
            try:
                answer = _fields(await self._send(extender, extender.bind_verb, args) or {})
                if answer.get("error"):
                    raise ExtenderError(str(answer["error"]))  # noqa: TRY301 - it is as good as no answer
            except ExtenderError as error:
                self._ignore(extender, error)
                continue
            return True
        return False

    # -- the wire

    @staticmethod
    def _ignore(extender: Extender, error: ExtenderError) -> None:
        """Go on without an extender.

        Raises:
            SchedulerError: It may not be ignored.
        """
        if not extender.is_ignorable:
            raise SchedulerError(str(error)) from error
        log.warning("extender ignored", url=extender.url, error=str(error))

    async def _send(self, extender: Extender, verb: str, args: Object) -> Any:
        """What an extender answers.

        Raises:
            ExtenderError: Nothing, or nothing that can be read.
        """
        if self._session is None:
            self._session = self._make_session()
        url = f"{extender.url.rstrip('/')}/{verb}"
        headers = {"Content-Type": "application/json"}
        try:
            async with (
                self._clock.timeout(extender.timeout_s),
                self._session.post(
                    url, data=orjson.dumps(args), headers=headers, ssl=tls_context(extender)
                ) as answer,
            ):
                if answer.status != 200:
                    raise ExtenderError(f"failed {verb} with extender at URL {url}, code {answer.status}")
                return orjson.loads(await answer.read())
        except TimeoutError:
            why = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            raise ExtenderError(f'Post "{url}": {why}') from None
        except (aiohttp.ClientError, OSError) as error:
            raise ExtenderError(f'Post "{url}": {error}') from error
        except ValueError as error:
            raise ExtenderError(f"failed {verb} with extender at URL {url}: {error}") from error


def tls_context(extender: Extender) -> ssl.SSLContext | bool:
    """How an extender's certificate is checked: not at all without an authority."""
    if not extender.authority:
        return False
    return ssl.create_default_context(cadata=extender.authority)


def _args(extender: Extender, info: PodInfo, nodes: Sequence[NodeInfo]) -> Object:
    """What it is asked: the pod and the nodes, or their names if it knows nodes itself."""
    args: Object = {"Pod": info.pod, "Nodes": None, "NodeNames": None}
    if extender.knows_nodes:
        return {**args, "NodeNames": [node.name for node in nodes]}
    return {**args, "Nodes": {"metadata": {}, "items": [node.node for node in nodes]}}


def _victims(candidate: Candidate, *, meta: bool) -> Object:
    pods = [{"UID": each.uid} if meta else each.pod for each in candidate.victims]
    return {"Pods": pods, "NumPDBViolations": candidate.violations}


def _candidate(node: str, victims: tuple[PodInfo, ...], violations: int) -> Candidate:
    from kubelite.scheduler.preemption import Candidate  # noqa: PLC0415 - when first needed

    return Candidate(node, tuple(sorted(victims, key=lambda each: -each.priority)), violations)


def _fields(answer: Any) -> dict[str, Any]:
    """The fields of an answer: Go reads them whatever their case.

    Raises:
        ExtenderError: It is no object.
    """
    if not isinstance(answer, Mapping):
        raise ExtenderError(f"json: cannot unmarshal {type(answer).__name__} into an object")
    return {str(key).lower(): value for key, value in answer.items()}
