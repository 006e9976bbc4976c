"""Why a wait was in vain: what was waited for, what was seen, why, and what to try.

`look_around` asks the API server, as any client can; `explain` is pure. So it works for any cluster.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from kubelite.api.resources import (
    EVENTS,
    JOBS,
    NAMESPACES,
    NODES,
    PERSISTENTVOLUMECLAIMS,
    PODS,
    REPLICASETS,
    SERVICES,
)
from kubelite.apimachinery import labels
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.client import Client
from kubelite.client.readiness import Verdict
from kubelite.client.wait import WaitTimeout
from kubelite.cluster.hints import near, slips, standstill
from kubelite.cluster.troubles import (
    Trouble,
    advice,
    event_line,
    events_about,
    matters,
    node_troubles,
    pod_troubles,
)
from kubelite.cluster.waiting import Question

EVENTS_MAX: Final = 8
ALIKE_MAX: Final = 3
"""Of Events with one reason about one object: of an image's three `Failed`, the first says why."""
PODS_MAX: Final = 5
LOGS_MAX: Final = 2
LOG_LINES: Final = 5
NAMES_MAX: Final = 8
HASHES: Final = frozenset({"pod-template-hash", "controller-revision-hash", "pod-template-generation"})
"""Labels by which nobody selects."""
PARENTS: Final[Mapping[str, Resource]] = {"Deployment": REPLICASETS, "CronJob": JOBS}
"""What stands between an object and its pods."""

ReadLog = Callable[[str, str, str, bool], Awaitable[str]]
"""Reads the last lines of a log: pod, namespace, container, whether of the run before."""
TellCauses = Callable[[Resource, str | None, str], Sequence[str]]
"""What led to the state of an object, by kind, namespace and name; nothing where that is not known."""


@attrs.frozen(kw_only=True)
class Scene:
    """What stands around the objects that were waited for.

    Attributes:
        pods: Those that belong to them and are not well, each with its troubles.
        well: How many of their pods are.
        events: About them and their pods, oldest first.
        logs: By the words that introduce them.
        others: Names of objects of the kind that do exist, where what was asked for does not.
        elsewhere: Namespaces in which there is one of that name.
        no_namespace: There is no such namespace at all.
        leaving: The namespace is being deleted.
        carried: The labels that pods of the namespace have, where a Service selects none of them.
        causes: What led to the state of the first of them that is not well, newest first; the first line
            names it.
        images: That nodes of this process can pull.
    """

    pods: Sequence[tuple[Object, Sequence[Trouble]]] = ()
    well: int = 0
    events: Sequence[Object] = ()
    logs: Mapping[str, str] = attrs.field(factory=dict)
    others: Sequence[str] = ()
    elsewhere: Sequence[str] = ()
    no_namespace: bool = False
    leaving: bool = False
    carried: Sequence[str] = ()
    causes: Sequence[str] = ()
    images: Sequence[str] = ()


async def in_vain(
    client: Client,
    question: Question,
    objects: Sequence[Object | None],
    read_log: ReadLog,
    tell_causes: TellCauses,
    images: Sequence[str] = (),
) -> WaitTimeout:
    """The error of a wait in vain."""
    there = [each for each in objects if each is not None]
    scene = await look_around(client, question, there, read_log, tell_causes)
    scene = attrs.evolve(scene, images=images)
    return WaitTimeout(explain(question, objects, question.judge(objects), scene))


async def look_around(
    client: Client,
    question: Question,
    objects: Sequence[Object],
    read_log: ReadLog | None = None,
    tell_causes: TellCauses | None = None,
) -> Scene:
    """Asks for what may explain a wait in vain; what cannot be had is left out."""
    if not objects:
        scene = await _look_for_names(client, question)
        if tell_causes is None or question.name is None:
            return scene
        known = tell_causes(question.resource, question.namespace, question.name)
        return attrs.evolve(scene, causes=known)
    events = await _listed(client, EVENTS, question.namespace)
    between, pods = await _family(client, question, objects)
    claims = await _pending_claims(client, question.namespace, pods)
    about = events_about(events, [*objects, *between, *pods, *claims])
    if not any(matters(pod) for pod in pods):  # how pods came to be that are well tells nothing
        own = {each["metadata"].get("uid") for each in objects}
        about = [
            each for each in about if each.get("type") != "Normal" or each["involvedObject"].get("uid") in own
        ]
    unwell = [pod for pod in pods if matters(pod)]
    nodes = await _listed(client, NODES, None) if any(each["spec"].get("nodeName") for each in unwell) else []
    bad = [
        (pod, [*node_troubles(pod, nodes), *pod_troubles(pod, events_about(events, [pod]))]) for pod in unwell
    ]
    logs: dict[str, str] = {}
    for pod, troubles in bad:
        for trouble in troubles:
            if read_log is not None and trouble.container and len(logs) < LOGS_MAX:
                await _add_log(logs, read_log, pod, trouble)
    causes: Sequence[str] = ()
    if tell_causes is not None:
        kind, one = (PODS, bad[0][0]) if bad else (question.resource, objects[0])
        causes = tell_causes(kind, one["metadata"].get("namespace"), one["metadata"]["name"])
    carried: Sequence[str] = ()
    if question.resource == SERVICES and not pods:
        carried = _carried(await _listed(client, PODS, question.namespace))
    well = len(pods) - len(bad)
    return Scene(pods=bad, well=well, events=about, logs=logs, causes=causes, carried=carried)


def _carried(pods: Sequence[Object]) -> list[str]:
    """The sets of labels that pods have, those of most pods first."""
    found = Counter(
        ",".join(
            f"{key}={value}"
            for key, value in (each["metadata"].get("labels") or {}).items()
            if key not in HASHES
        )
        for each in pods
    )
    return [f"{text or 'no labels'} ({count})" for text, count in found.most_common(NAMES_MAX)]


async def _add_log(logs: dict[str, str], read_log: ReadLog, pod: Object, trouble: Trouble) -> None:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    run = ", the run before" if trouble.previous else ""
    try:
        text = await read_log(name, namespace, trouble.container, trouble.previous)
    except (APIError, OSError):
        return
    if text.strip():
        logs[f"log of {name}, container {trouble.container}{run}"] = text


async def _listed(client: Client, resource: Resource, namespace: str | None) -> list[Object]:
    try:
        return list((await client.list(resource, namespace)).items)
    except (APIError, OSError):
        return []


async def _look_for_names(client: Client, question: Question) -> Scene:
    resource = question.resource
    found = await _listed(client, resource, None)
    same = [each for each in found if each["metadata"]["name"] == question.name]
    elsewhere = sorted({each["metadata"].get("namespace", "") for each in same} - {question.namespace or ""})
    if question.namespace is not None:
        found = [each for each in found if each["metadata"].get("namespace") == question.namespace]
    names = [each["metadata"]["name"] for each in found]
    near = difflib.get_close_matches(question.name or "", names, n=NAMES_MAX)
    spaces = await _listed(client, NAMESPACES, None) if question.namespace is not None else []
    own = [each for each in spaces if each["metadata"]["name"] == question.namespace]
    return Scene(
        others=(near or sorted(names))[:NAMES_MAX],
        elsewhere=elsewhere,
        no_namespace=bool(spaces) and not own,
        leaving=any("deletionTimestamp" in each["metadata"] for each in own),
    )


async def _family(
    client: Client, question: Question, objects: Sequence[Object]
) -> tuple[list[Object], list[Object]]:
    """What stands between the objects and their pods, and the pods."""
    kind = question.resource.kind
    if kind == "Pod":
        return [], list(objects)
    if question.namespace is None and kind != "Pod":
        return [], []
    pods = await _listed(client, PODS, question.namespace)
    if kind in {"Service", "PodDisruptionBudget"}:
        selectors = [each["spec"].get("selector") for each in objects]
        chosen = [labels.from_set(each) for each in selectors if each and "matchLabels" not in each]
        return [], [
            pod for pod in pods if any(each.matches(pod["metadata"].get("labels")) for each in chosen)
        ]
    owners = {each["metadata"].get("uid") for each in objects}
    between: list[Object] = []
    if kind in PARENTS:
        between = _owned(await _listed(client, PARENTS[kind], question.namespace), owners)
        owners |= {each["metadata"]["uid"] for each in between}
    return between, _owned(pods, owners)


async def _pending_claims(client: Client, namespace: str | None, pods: Sequence[Object]) -> list[Object]:
    """The claims that pods wait for."""
    wanted = {
        (volume.get("persistentVolumeClaim") or {}).get("claimName")
        for pod in pods
        if not pod["spec"].get("nodeName")
        for volume in pod["spec"].get("volumes") or ()
    } - {None}
    found = await _listed(client, PERSISTENTVOLUMECLAIMS, namespace) if wanted else []
    return [each for each in found if each["metadata"]["name"] in wanted]


def _owned(objects: Sequence[Object], owners: set[Any]) -> list[Object]:
    return [
        each
        for each in objects
        if any(owner["uid"] in owners for owner in each["metadata"].get("ownerReferences") or ())
    ]


def explain(
    question: Question, objects: Sequence[Object | None], verdicts: Sequence[Verdict], scene: Scene
) -> str:
    """The text of a time-out."""
    seen = "; ".join(_describe(obj, verdict) for obj, verdict in zip(objects, verdicts, strict=True))
    lines = [f"{_in_vain(question)}: {seen or 'nothing matches'}"]
    lines += [f"  {each}" for obj in objects[:PODS_MAX] if obj is not None for each in standstill(obj)]
    lines += _names(question, scene, exists=any(each is not None for each in objects))
    if scene.pods:
        lines.append(f"  pods ({scene.well} more are well):" if scene.well else "  pods:")
        for pod, troubles in scene.pods[:PODS_MAX]:
            words = "; ".join(each.text for each in troubles) or "not ready"
            phase = pod.get("status", {}).get("phase", "Pending")
            lines.append(f"    {pod['metadata']['name']} ({phase}): {words}")
        if len(scene.pods) > PODS_MAX:
            lines.append(f"    and {len(scene.pods) - PODS_MAX} more")
    elif scene.well:
        lines.append(f"  pods: {scene.well}, all are well")
    if scene.events:
        lines.append("  last Events:")
        lines += [f"    {event_line(each)}" for each in _telling(scene.events)]
    for what, text in scene.logs.items():
        lines.append(f"  {what}:")
        lines += [f"    | {line}" for line in text.splitlines()[-LOG_LINES:]]
    tips = slips(question.condition, [each for each in objects if each is not None])
    tips += _tips(question, "\n".join([seen, *lines[1:]]), scene)
    if scene.causes:
        lines.append(f"  what led to it: {scene.causes[0]}")
        lines += [f"    {each}" for each in scene.causes[1:]]
    if tips:
        lines += ["  try:", *(f"    - {each}" for each in tips)]
    return "\n".join(lines)


def _telling(events: Sequence[Object]) -> list[Object]:
    """The last Events, of those that say the same of one object the last ones only."""
    kept: list[Object] = []
    count: Counter[tuple[str, str]] = Counter()
    for each in reversed(events):
        same = str(each["involvedObject"].get("uid")), str(each.get("reason"))
        count[same] += 1
        if count[same] <= ALIKE_MAX:
            kept.append(each)
    return kept[:EVENTS_MAX][::-1]


def _in_vain(question: Question) -> str:
    words, seconds = question.condition, f"within {question.timeout_s or 0:g} s"
    if "=" in words:
        return f"{question.subject} did not get {words} {seconds}"
    return f"{question.subject} was not {words} {seconds}"


def _names(question: Question, scene: Scene, *, exists: bool) -> list[str]:
    kind, lines = question.resource.plural, []
    if scene.no_namespace:
        lines.append(f"  there is no namespace {question.namespace}")
    if scene.elsewhere:
        lines.append(f"  there is one of that name in namespace {', '.join(scene.elsewhere)}")
    if scene.leaving:
        lines.append(f"  namespace {question.namespace} is being deleted: nothing can be made in it")
    if scene.others:
        lines.append(f"  there are {kind}: {', '.join(scene.others)}")
    elif not exists and not scene.no_namespace:
        inside = f" in namespace {question.namespace}" if question.namespace is not None else ""
        lines.append(f"  there are no {kind}{inside} at all")
    if scene.carried:
        lines.append(f"  pods of the namespace have these labels: {'; '.join(scene.carried)}")
    return lines


def _tips(question: Question, text: str, scene: Scene) -> list[str]:
    tips = []
    if scene.elsewhere:
        tips.append(f"namespace={scene.elsewhere[0]!r}")
    elif scene.others and question.name:
        tips.append("the spelling of the name")
    elif scene.others:
        tips.append("the selector against the labels of what exists")
    elif scene.leaving:
        tips.append(
            f"`await cluster.wait_for('namespace/{question.namespace}', 'deleted')`, and making it anew"
        )
    elif "it does not exist" in text:
        tips.append("`await cluster.apply(…)` before: nobody has made it")
    if question.resource == SERVICES and "no endpoints" in text and not (scene.pods or scene.well):
        tips.append("spec.selector against the labels of pods")
    if question.condition == "deleted" and "it exists" in text:
        tips.append(f"`cluster.delete({question.subject.partition(' ')[0]!r})`: nobody has asked for it")
    tips += advice(text)
    for pod, _ in scene.pods:
        tips += _slow_probes(pod, question.timeout_s or 0)
        tips += _near_images(pod, scene.images)
    return list(dict.fromkeys(tips))


def _near_images(pod: Object, known: Sequence[str]) -> Iterator[str]:
    """Images that may have been meant by those that cannot be had."""
    images = {each["name"]: each.get("image") for each in pod["spec"].get("containers") or ()}
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        reason = (status.get("state", {}).get("waiting") or {}).get("reason", "")
        image = str(images.get(status["name"], ""))
        meant = near(image.partition(":")[0], known) if "Image" in reason else ()
        if meant:
            yield f"the image {meant[0]!r}, in place of {image!r}"


def _slow_probes(pod: Object, timeout_s: float) -> list[str]:
    """Probes that come later than anyone waited."""
    return [
        f"a timeout of more than {probe['initialDelaySeconds']} s, after which the {kind} of container "
        f"{container['name']} first asks"
        for container in pod["spec"].get("containers") or ()
        for kind in ("startupProbe", "readinessProbe")
        for probe in [container.get(kind) or {}]
        if (probe.get("initialDelaySeconds") or 0) >= timeout_s
    ]


def _describe(obj: Object | None, verdict: Verdict) -> str:
    name = f"{obj['metadata']['name']}: " if obj is not None else ""
    return f"{name}{verdict.seen}"
