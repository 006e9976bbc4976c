"""A cluster as it is at a moment, for the report of a test that failed: its objects, logs, and what is wrong.

`take_snapshot` asks like any client, so that it works for any cluster; `describe` is pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from kubelite.api.columns import columns_for
from kubelite.api.resources import EVENTS, NODES, PODS
from kubelite.apimachinery.apierrors import APIError
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.client.readiness import check_condition
from kubelite.cluster.troubles import advice, event_order, events_about, matters, pod_troubles

EVENTS_MAX: Final = 20
LOGGED_MAX: Final = 5
"""Pods whose logs are shown."""
LOG_LINES: Final = 10
LOG_LINES_KEPT: Final = 1000
CAUSES_MAX: Final = 3
"""Objects of which is told what led to their state."""
CHANGES_MAX: Final = 12
REQUESTS_MAX: Final = 8
SECRETS: Final = "secrets"
CELL_MAX: Final = 160


@attrs.frozen(kw_only=True)
class Snapshot:
    """See the module's docstring.

    Attributes:
        title: Which cluster it is, and its time.
        seed: None if it has none.
        time: RFC 3339.
        now: The same in Unix seconds.
        objects: By the plural of their kind; no Secrets.
        logs: Of the containers of the pods that matter, by namespace, pod and container.
        requests: Events of the audit log.
        causes: What led to the state of the pods that are not well, by their names, newest first.
        changes: The last writes, oldest first.
        faults: The fault plans that hold.
    """

    title: str
    seed: int | None
    time: str
    now: float
    objects: Mapping[str, Sequence[Object]]
    logs: Mapping[str, str]
    requests: Sequence[Object]
    causes: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    changes: Sequence[str] = ()
    faults: Sequence[str] = ()


async def take_snapshot(cluster: Any, namespace: str | None = None) -> Snapshot:
    """Looks at a running cluster, of this process or elsewhere.

    Args:
        cluster: What `Cluster` or `Cluster.connect` gives.
        namespace: The only one whose objects are of interest; None for all.
    """
    now = cluster.clock.now()
    time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    objects = await _objects(cluster, namespace)
    own = namespace is None
    seed = cluster.seed if own else None
    title = f"{cluster!r} at {time}" + (f", seed {seed}" if seed is not None else "")
    audit = list(cluster.audit.events) if own else []
    pods = objects.get("pods") or ()
    return Snapshot(
        title=title,
        seed=seed,
        time=time,
        now=now,
        objects=objects,
        logs=await _logs(cluster, pods),
        requests=audit,
        causes=_led_to(cluster, pods) if own else {},
        changes=cluster.last_changes(CHANGES_MAX) if own else (),
        faults=[repr(each) for each in cluster.faults] if own else (),
    )


def _led_to(cluster: Any, pods: Sequence[Object]) -> dict[str, list[str]]:
    """Why the pods are not well that are not."""
    found: dict[str, list[str]] = {}
    for pod in [each for each in pods_that_matter(pods) if matters(each)][:CAUSES_MAX]:
        metadata = pod["metadata"]
        why = cluster.why(f"pod/{metadata['name']}", namespace=metadata["namespace"])
        if why.steps:
            found[why.about] = why.lines(LOG_LINES)
    return found


async def _objects(cluster: Any, namespace: str | None) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    kinds: dict[str, Resource] = {}
    for resource in await cluster._kinds():  # noqa: SLF001 - no one else asks for all
        if "list" in resource.verbs and resource.plural != SECRETS:
            kinds.setdefault(resource.group_resource.replace("events.events.k8s.io", "events"), resource)
    for name, resource in kinds.items():
        if namespace is not None and not resource.namespaced and resource != NODES:
            continue
        inside = namespace if resource.namespaced else None
        try:
            items = (await cluster.client.list(resource, inside)).items
        except (APIError, OSError):
            continue
        if items:
            head = {"kind": resource.kind, "apiVersion": resource.api_version}
            found[name] = [{**head, **each} for each in items]
    return found


async def _logs(cluster: Any, pods: Sequence[Object]) -> dict[str, str]:
    logs: dict[str, str] = {}
    for pod in pods_that_matter(pods):
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            runs = [False, True] if status.get("restartCount") else [False]
            for previous in runs:
                try:
                    text = await cluster.logs(
                        name,
                        namespace=namespace,
                        container=status["name"],
                        previous=previous,
                        tail=LOG_LINES_KEPT,
                    )
                except (APIError, OSError):
                    continue
                if text.strip():
                    run = " (the run before)" if previous else ""
                    logs[f"{namespace}/{name} {status['name']}{run}"] = text
    return logs


def pods_that_matter(pods: Sequence[Object]) -> list[Object]:
    """Those that are not well first, then the youngest; not too many."""
    young = sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)
    return sorted(young, key=lambda pod: not matters(pod))[:LOGGED_MAX]


def describe(snapshot: Snapshot) -> str:
    """A snapshot as text."""
    pods = list(snapshot.objects.get("pods") or ())
    events = sorted(snapshot.objects.get("events") or (), key=event_order)
    parts = [_nodes(snapshot), _titled("pods", _table(PODS, pods, snapshot.now))]
    parts.append(_titled("what is wrong", _troubles(pods, events)))
    parts += [_titled(f"what led to the state of {name}", why) for name, why in snapshot.causes.items()]
    shown = _table(EVENTS, events[-EVENTS_MAX:], snapshot.now)
    more = f"events (the last {EVENTS_MAX} of {len(events)})" if len(events) > EVENTS_MAX else "events"
    parts.append(_titled(more, shown))
    for name, text in snapshot.logs.items():
        lines = text.splitlines()
        parts.append(_titled(f"log of {name}", [f"| {line}" for line in lines[-LOG_LINES:]]))
    parts.append(_titled("last changes", snapshot.changes))
    parts.append(_titled("fault plans", snapshot.faults))
    parts.append(_titled("last requests over HTTP that were refused, or wrote", _requests(snapshot)))
    return "\n".join(filter(None, parts))


def _titled(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"\n{title}:", *(f"  {line}" for line in lines)]) if lines else ""


def _nodes(snapshot: Snapshot) -> str:
    nodes = snapshot.objects.get("nodes") or ()
    bad = [each for each in nodes if not check_condition(each, "Ready").holds]
    return _titled("nodes that are not ready", _table(NODES, bad, snapshot.now))


def _troubles(pods: Sequence[Object], events: Sequence[Object]) -> list[str]:
    lines = []
    for pod in pods:
        if matters(pod):
            troubles = pod_troubles(pod, events_about(events, [pod]))
            lines += [f"pod/{pod['metadata']['name']}: {each.text}" for each in troubles]
    return lines + [f"try: {each}" for each in advice("\n".join(lines))]


def _requests(snapshot: Snapshot) -> list[str]:
    lines = []
    for event in snapshot.requests:
        code = (event.get("responseStatus") or {}).get("code") or 0
        writes = event.get("verb") not in {"get", "list", "watch"}
        if event.get("stage") == "ResponseComplete" and (writes or code >= 400):
            agent = str(event.get("userAgent") or "").partition(" ")[0]
            lines.append(f"{code} {event.get('verb')} {event.get('requestURI')} by {agent}")
    return lines[-REQUESTS_MAX:]


def _table(resource: Resource, objects: Sequence[Object], now: float) -> list[str]:
    """Rows as kubectl shows them, all namespaces in one."""
    if not objects:
        return []
    columns = [each for each in columns_for(resource) if each.priority == 0 or each.name == "Node"]
    rows = [["NAMESPACE"] * resource.namespaced + [each.name.upper() for each in columns]]
    for obj in objects:
        cells = [str(each.cell(obj, now)).strip().replace("\n", " ")[:CELL_MAX] for each in columns]
        rows.append([obj["metadata"].get("namespace", "")] * resource.namespaced + cells)
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
