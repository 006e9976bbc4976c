"""Extenders, out of a KubeSchedulerConfiguration.

Source: k8s.io/kube-scheduler/config/v1/types.go (Extender).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kubelite.apimachinery.godurations import parse_duration


class Extender(NamedTuple):
    """A server that is asked about pods.

    Attributes:
        url: What its verbs are added to.
        filter_verb: Takes nodes out; "" if it does not, as for the other verbs.
        prioritize_verb: Gives nodes points.
        preempt_verb: Chooses among nodes and victims.
        bind_verb: Binds pods.
        weight: Of its points.
        knows_nodes: It is told the names of nodes only.
        managed: Resources: it is asked only about pods that ask for one; all pods if empty.
        is_ignorable: Pods do not wait for it if it fails.
        timeout_s: How long it may take.
        authority: Who signs its certificate (PEM); "" for anybody.
    """

    url: str
    filter_verb: str = ""
    prioritize_verb: str = ""
    preempt_verb: str = ""
    bind_verb: str = ""
    weight: int = 1
    knows_nodes: bool = False
    managed: frozenset[str] = frozenset()
    is_ignorable: bool = False
    timeout_s: float = 5.0
    authority: str = ""


def parse_extender(extender: Mapping[str, Any]) -> Extender:
    """An extender, out of its configuration.

    Raises:
        ValueError: The file of its authority cannot be read.
    """
    return Extender(
        extender["urlPrefix"],
        extender.get("filterVerb") or "",
        extender.get("prioritizeVerb") or "",
        extender.get("preemptVerb") or "",
        extender.get("bindVerb") or "",
        extender.get("weight") or 1,
        bool(extender.get("nodeCacheCapable")),
        frozenset(each["name"] for each in extender.get("managedResources") or ()),
        bool(extender.get("ignorable")),
        parse_duration(extender.get("httpTimeout") or "5s") or 5.0,
        _authority(extender.get("tlsConfig") or {}),
    )


def _authority(tls: Mapping[str, Any]) -> str:
    if tls.get("insecure"):
        return ""
    if tls.get("caData"):
        return base64.b64decode(tls["caData"]).decode()
    if not tls.get("caFile"):
        return ""
    try:
        return Path(tls["caFile"]).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"scheduler: tlsConfig.caFile: {error}") from error
