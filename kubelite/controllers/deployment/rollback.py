"""The old way to roll a Deployment back: an annotation that names a revision, 0 for the one before. Pure.

Whatever comes of it, the annotation goes.

Source: k8s.io/kubernetes/pkg/controller/deployment/rollback.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubelite.api.resources import DEPLOYMENTS
from kubelite.apimachinery.scheme import Object
from kubelite.controllers.deployment import rollout
from kubelite.reconcile.intents import RecordEvent, UpdateObject


def revision_asked_for(deployment: Object) -> int | None:
    """The revision that the annotation names; None without one, or if it is no number."""
    text = (deployment["metadata"].get("annotations") or {}).get(rollout.ROLLBACK_TO, "")
    try:
        return int(text) if text.isascii() and text == text.strip() else None
    except ValueError:
        return None


def plan(deployment: Object, sets: Sequence[Object], revision: int) -> tuple[UpdateObject, RecordEvent]:
    """What is to be written, and the Event that tells of it once it is.

    Args:
        deployment: What is rolled back.
        sets: All of its ReplicaSets.
        revision: Back to which; 0 for the last but one.
    """
    asked, revision = revision, revision or _last(sets)
    found = next((each for each in sets if revision and rollout.revision_of(each) == revision), None)
    name, rolled = deployment["metadata"]["name"], deployment
    if found is None:
        why = "Unable to find the revision to rollback to." if asked else "Unable to find last revision."
        event = RecordEvent(deployment, "Warning", "DeploymentRollbackRevisionNotFound", why)
    elif rollout.has_template_of(deployment, found):
        text = f'The rollback revision contains the same template as current deployment "{name}"'
        event = RecordEvent(deployment, "Warning", "DeploymentRollbackTemplateUnchanged", text)
    else:
        text = f'Rolled back deployment "{name}" to revision {revision}'
        event = RecordEvent(deployment, "Normal", "DeploymentRollback", text)
        rolled = rollout.with_template_of(deployment, found)
    metadata = rolled["metadata"]
    annotations = {key: value for key, value in metadata["annotations"].items() if key != rollout.ROLLBACK_TO}
    written = {**rolled, "metadata": {**metadata, "annotations": annotations}}
    return UpdateObject(DEPLOYMENTS, written), event


def _last(sets: Sequence[Object]) -> int:
    """The revision before the newest; 0 if there is none."""
    revisions = sorted({0, *map(rollout.revision_of, sets)}, reverse=True)
    return revisions[1] if len(revisions) > 1 else 0
