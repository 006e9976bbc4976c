"""Pods that are beyond the level of the Pod Security Standards which their namespace asks for.

The checks themselves are loaded when the first namespace asks for a level.

Source: k8s.io/pod-security-admission/admission/admission.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from kubelite.api.podtemplates import TEMPLATES
from kubelite.api.podutil import containers
from kubelite.api.resources import NAMESPACES, PODS
from kubelite.apimachinery.apierrors import Invalid
from kubelite.apimachinery.scheme import Object
from kubelite.master.apiserver.admission.attributes import CREATE, UPDATE, Attributes, Plugin
from kubelite.master.apiserver.environment import Environment
from kubelite.master.store.selection import Selection

if TYPE_CHECKING:
    from kubelite.api.podsecurity.policy import Policy, Standard
    from kubelite.apimachinery.field import FieldError

SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_PREFIX: Final = "container.seccomp.security.alpha.kubernetes.io/"
PREFIX: Final = "pod-security.kubernetes.io/"
PODS_MAX: Final = 3000
"""How many pods of a namespace are looked at when its level changes."""


def _forbidden_in(standard: Standard, metadata: Object, spec: Object) -> list[tuple[str, str]]:
    """What a standard forbids in a pod: in a word, and in full."""
    from kubelite.api.podsecurity.evaluation import violations  # noqa: PLC0415 - rarely needed

    return [(violation.reason, str(violation)) for violation in violations(standard, metadata, spec)]


def _policy_of(labels: Mapping[str, str] | None) -> tuple[Policy, list[FieldError]] | None:
    """The policy that labels ask for, with what is wrong with them; None if they do not speak of it."""
    if not labels or not any(key.startswith(PREFIX) for key in labels):
        return None
    from kubelite.api.podsecurity.policy import policy_of  # noqa: PLC0415 - rarely needed

    return policy_of(labels)


def _words(standard: Standard, metadata: Object, spec: Object) -> str:
    found = _forbidden_in(standard, metadata, spec)
    return f'violate PodSecurity "{standard}": {", ".join(full for _, full in found)}' if found else ""


def _validate(env: Environment, attributes: Attributes, obj: Object) -> None:
    if attributes.resource == NAMESPACES:
        if not attributes.subresource:
            _judge_namespace(env, attributes, obj)
        return
    entry = env.store.get(NAMESPACES, "", attributes.namespace)
    found = None if entry is None else _policy_of(entry.object["metadata"].get("labels"))
    if found is None:
        return
    policy, _ = found
    if attributes.resource == PODS:
        if attributes.old is not None and not is_significant(obj, attributes.old):
            return
        metadata, spec = obj["metadata"], obj["spec"]
        refusal = _words(policy.enforce, metadata, spec)
        if refusal:
            raise attributes.forbidden(refusal.replace("violate", "violates", 1))
    elif attributes.subresource:
        return
    else:
        template = obj
        for key in TEMPLATES[attributes.resource]:
            template = template.get(key) or {}
        if not template:
            return
        metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    warning = _words(policy.warn, metadata, spec)
    if warning:
        attributes.warnings.append(f"would {warning}")


def is_significant(new: Object, old: Object) -> bool:
    """Whether an update of a pod can change the judgement."""
    notes, former = (pod["metadata"].get("annotations") or {} for pod in (new, old))
    before = {container["name"]: container for container in containers(old["spec"])}
    now = list(containers(new["spec"]))
    if len(now) != len(before) or notes.get(SECCOMP_POD) != former.get(SECCOMP_POD):
        return True
    for container in now:
        name = container["name"]
        key = f"{SECCOMP_PREFIX}{name}"
        if name not in before or notes.get(key) != former.get(key):
            return True
        if container.get("image") != before[name].get("image"):
            return True
    return False


def _judge_namespace(env: Environment, attributes: Attributes, obj: Object) -> None:
    """Labels must be understood; a stricter level tells of the pods that are there already."""
    asked = _policy_of(obj["metadata"].get("labels"))
    if asked is None:
        return
    (policy, errors), old = asked, attributes.old
    former = None if old is None else _policy_of(old["metadata"].get("labels"))
    known = [] if former is None else [str(error) for error in former[1]]
    if errors and [str(error) for error in errors] != known:
        raise Invalid(NAMESPACES, attributes.name, errors)
    if old is not None and policy.enforce.tightens(former and former[0].enforce):
        attributes.warnings.extend(_about_pods(env, attributes.name, policy.enforce))


def _about_pods(env: Environment, namespace: str, enforce: Standard) -> list[str]:
    pods = [entry.object for entry in env.store.list(PODS, Selection(namespace)).entries]
    warnings: list[str] = []
    if len(pods) > PODS_MAX:
        warnings.append(
            f"new PodSecurity enforce level only checked against the first {PODS_MAX} of {len(pods)} "
            "existing pods"
        )
    names: dict[str, list[str]] = {}
    for pod in pods[:PODS_MAX]:
        found = _forbidden_in(enforce, pod["metadata"], pod["spec"])
        if found:
            names.setdefault(", ".join(reason for reason, _ in found), []).append(pod["metadata"]["name"])
    if names:
        warnings.append(
            f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{enforce}"'
        )
    return warnings + sorted(f"{_some(those)}: {reasons}" for reasons, those in names.items())


def _some(names: list[str]) -> str:
    """The first of several pods, and how many more there are."""
    others = len(names) - 1
    more = f" (and {others} other pod{'s' if others > 1 else ''})" if others else ""
    return f"{min(names)}{more}"


PLUGIN: Final = Plugin(
    name="PodSecurity",
    resources=frozenset(
        {NAMESPACES.group_resource, PODS.group_resource, *(kind.group_resource for kind in TEMPLATES)}
    ),
    operations=frozenset({CREATE, UPDATE}),
    subresources=frozenset({"", "ephemeralcontainers", "resize"}),
    validate=_validate,
)
