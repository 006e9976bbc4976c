"""A pod's affinity and anti-affinity to other pods, parsed. Pure.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from kubelite.apimachinery.labels import Requirement, Selector, from_label_selector
from kubelite.apimachinery.scheme import Object

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


@attrs.frozen(cache_hash=True)
class Term:
    """Pods, and the label of nodes that says what is near them.

    Attributes:
        selector: Of the pods.
        namespaces: By name.
        namespace_selector: By their labels; None for none but those named.
    """

    topology_key: str
    selector: Selector
    namespaces: frozenset[str]
    namespace_selector: Selector | None

    def selects(self, namespace: str, labels: Mapping[str, str], namespace_labels: Mapping[str, str]) -> bool:
        """Whether a pod is meant."""
        if namespace not in self.namespaces and (
            self.namespace_selector is None or not self.namespace_selector.matches(namespace_labels)
        ):
            return False
        return self.selector.matches(labels)


Weighted = tuple[int, Term]


@attrs.frozen(eq=False)
class AffinityTerms:
    """What a pod requires and prefers."""

    affinity: tuple[Term, ...]
    anti_affinity: tuple[Term, ...]
    preferred: tuple[Weighted, ...]
    """With negative weights for what it would rather avoid."""


def parse_terms(pod: Object) -> AffinityTerms:
    """The terms of a pod that has any."""
    affinity = pod["spec"]["affinity"]
    near, far = affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}
    weighted = [
        (sign * each["weight"], _term(pod, each["podAffinityTerm"]))
        for sign, rules in ((1, near), (-1, far))
        for each in rules.get(_PREFERRED) or ()
    ]
    return AffinityTerms(
        tuple(_term(pod, each) for each in near.get(_REQUIRED) or ()),
        tuple(_term(pod, each) for each in far.get(_REQUIRED) or ()),
        tuple(weighted),
    )


def _term(pod: Object, term: Mapping[str, Any]) -> Term:
    metadata = pod["metadata"]
    selector = from_label_selector(term.get("labelSelector"))
    selector = with_label_keys(selector, metadata.get("labels") or {}, term)
    by_labels = term.get("namespaceSelector")
    named = term.get("namespaces") or (() if by_labels is not None else (metadata.get("namespace") or "",))
    return Term(
        term["topologyKey"],
        selector,
        frozenset(named),
        None if by_labels is None else from_label_selector(by_labels),
    )


def with_label_keys(selector: Selector, labels: Mapping[str, str], rule: Mapping[str, Any]) -> Selector:
    """A selector which demands (or excludes) the pod's own values of `matchLabelKeys` (`mismatchLabelKeys`).

    The API server has written them into the selector already, unless it is older.
    """
    if selector.nothing:
        return selector
    added = [
        Requirement(key, "in", frozenset({labels[key]}))
        for key in rule.get("matchLabelKeys") or ()
        if key in labels
    ]
    added += [
        Requirement(key, "notin", frozenset({labels[key]}))
        for key in rule.get("mismatchLabelKeys") or ()
        if key in labels
    ]
    added = [each for each in added if each not in selector.requirements]
    return Selector((*selector.requirements, *added)) if added else selector
