"""Where the kinds that make pods keep the template of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from kubelite.api import resources as r
from kubelite.apimachinery.scheme import Resource

TEMPLATES: Final[Mapping[Resource, Sequence[str]]] = {
    r.PODTEMPLATES: ("template",),
    r.REPLICATIONCONTROLLERS: ("spec", "template"),
    r.REPLICASETS: ("spec", "template"),
    r.DEPLOYMENTS: ("spec", "template"),
    r.STATEFULSETS: ("spec", "template"),
    r.DAEMONSETS: ("spec", "template"),
    r.JOBS: ("spec", "template"),
    r.CRONJOBS: ("spec", "jobTemplate", "spec", "template"),
}
