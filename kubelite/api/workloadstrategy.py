"""What the API server sets in workloads before it validates and stores them.

Source: k8s.io/kubernetes/pkg/registry/{apps,batch}/*/strategy.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.defaults.apps import TEMPLATE_GENERATION
from kubelite.apimachinery.scheme import Object

LEGACY_CONTROLLER_UID: Final = "controller-uid"
LEGACY_JOB_NAME: Final = "job-name"
CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
JOB_NAME: Final = "batch.kubernetes.io/job-name"


def create_daemon_set(daemon_set: Object) -> Object:
    """The count of templates starts at 1."""
    return _with_template_generation(daemon_set, max(1, _template_generation(daemon_set)))


def update_daemon_set(new: Object, old: Object) -> Object:
    """The count of templates grows by one if the template changed."""
    count = _template_generation(old)
    if new["spec"].get("template") != old["spec"].get("template"):
        count += 1
    return _with_template_generation(new, count)


def update_daemon_set_status(new: Object, old: Object) -> Object:
    """The count of templates belongs to the spec, though it is written as an annotation."""
    return _with_template_generation(new, _template_generation(old))


def _template_generation(daemon_set: Object) -> int:
    text = (daemon_set["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "")
    return int(text) if text.removeprefix("-").isdecimal() else 0


def _with_template_generation(daemon_set: Object, count: int) -> Object:
    metadata = daemon_set["metadata"]
    annotations = metadata.get("annotations") or {}
    if annotations.get(TEMPLATE_GENERATION) == str(count):
        return daemon_set
    metadata = {**metadata, "annotations": {**annotations, TEMPLATE_GENERATION: str(count)}}
    return {**daemon_set, "metadata": metadata}


def update_deployment_status(new: Object, old: Object) -> Object:
    """The labels of a Deployment do not change with its status."""
    rest = {key: value for key, value in new["metadata"].items() if key != "labels"}
    labels = old["metadata"].get("labels")
    return {**new, "metadata": {**rest, "labels": labels} if labels else rest}


def create_job(job: Object) -> Object:
    """A selector of its own pods by the Job's uid, and the labels that it selects, unless it brings its own.

    What the template is labelled with also labels the Job, if nothing else does.
    """
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return job
    template = spec["template"]
    generated = {
        LEGACY_JOB_NAME: metadata.get("name") or "",
        JOB_NAME: metadata.get("name") or "",
        LEGACY_CONTROLLER_UID: metadata.get("uid") or "",
        CONTROLLER_UID: metadata.get("uid") or "",
    }
    labels = dict(sorted({**generated, **(template["metadata"].get("labels") or {})}.items()))
    selector = spec.get("selector") or {}
    chosen = {CONTROLLER_UID: generated[CONTROLLER_UID], **(selector.get("matchLabels") or {})}
    if not metadata.get("labels"):
        metadata = {**metadata, "labels": labels}
    template = {**template, "metadata": {**template["metadata"], "labels": labels}}
    selector = {**selector, "matchLabels": dict(sorted(chosen.items()))}
    return {**job, "metadata": metadata, "spec": {**spec, "selector": selector, "template": template}}
