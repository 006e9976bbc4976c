"""What is wrong with a KubeSchedulerConfiguration: its form, its values, the arguments of its plugins. Pure.

What is no field is an error, as kube-scheduler decodes strictly. What has no meaning in one process (leader
election, connections, parallelism, profiling) is accepted and means nothing.

Source: k8s.io/kube-scheduler/config/v1/{types,types_pluginargs}.go;
pkg/scheduler/apis/config/validation/{validation,validation_pluginargs}.go;
pkg/scheduler/framework/runtime/framework.go (NewFramework).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kubelite.api.validation import names
from kubelite.api.validation.placement import validate_node_affinity
from kubelite.api.validation.resourcenames import is_extended
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.godurations import DurationError, parse_duration
from kubelite.scheduler.plugins import ELSEWHERE, PLUGINS, POINTS

API_VERSION: Final = "kubescheduler.config.k8s.io/v1"
KIND: Final = "KubeSchedulerConfiguration"

Errors = list[FieldError]
Form = Any
"""A type, a tuple with the form of a list's items, a mapping of fields to forms, or `ANYTHING`."""
ANYTHING: Final = object()
_WORDS: Final[Mapping[type, str]] = {str: "a string", int: "an integer", bool: "true or false"}

_SET: Final = {
    "enabled": ({"name": str, "weight": int},),
    "disabled": ({"name": str, "weight": int},),
}
_SHAPE: Final = ({"utilization": int, "score": int},)
_RESOURCES: Final = ({"name": str, "weight": int},)
_TYPE: Final = {"apiVersion": str, "kind": str}
ARGS: Final[Mapping[str, Form]] = {
    "DefaultPreemption": {"minCandidateNodesPercentage": int, "minCandidateNodesAbsolute": int},
    "DynamicResources": {"filterTimeout": str, "bindingTimeout": str},
    "InterPodAffinity": {"hardPodAffinityWeight": int, "ignorePreferredTermsOfExistingPods": bool},
    "NodeAffinity": {"addedAffinity": ANYTHING},
    "NodeResourcesBalancedAllocation": {"resources": _RESOURCES},
    "NodeResourcesFit": {
        "ignoredResources": (str,),
        "ignoredResourceGroups": (str,),
        "scoringStrategy": {
            "type": str,
            "resources": _RESOURCES,
            "requestedToCapacityRatio": {"shape": _SHAPE},
        },
    },
    "PodTopologySpread": {
        "defaultConstraints": (
            {
                "maxSkew": int,
                "topologyKey": str,
                "whenUnsatisfiable": str,
                "labelSelector": ANYTHING,
                "minDomains": int,
                "nodeAffinityPolicy": str,
                "nodeTaintsPolicy": str,
                "matchLabelKeys": (str,),
            },
        ),
        "defaultingType": str,
    },
    "VolumeBinding": {"bindTimeoutSeconds": int, "shape": _SHAPE},
}
"""The arguments that plugins have."""
_FORM: Final[Form] = {
    **_TYPE,
    "parallelism": int,
    "leaderElection": ANYTHING,
    "clientConnection": ANYTHING,
    "enableProfiling": bool,
    "enableContentionProfiling": bool,
    "delayCacheUntilActive": bool,
    "percentageOfNodesToScore": int,
    "podInitialBackoffSeconds": int,
    "podMaxBackoffSeconds": int,
    "profiles": (
        {
            "schedulerName": str,
            "percentageOfNodesToScore": int,
            "plugins": dict.fromkeys(("multiPoint", *POINTS), _SET),
            "pluginConfig": ({"name": str, "args": ANYTHING},),
        },
    ),
    "extenders": (
        {
            "urlPrefix": str,
            "filterVerb": str,
            "preemptVerb": str,
            "prioritizeVerb": str,
            "weight": int,
            "bindVerb": str,
            "enableHTTPS": bool,
            "tlsConfig": {"insecure": bool, "serverName": str, "caFile": str, "caData": str},
            "httpTimeout": str,
            "nodeCacheCapable": bool,
            "managedResources": ({"name": str, "ignoredByScheduler": bool},),
            "ignorable": bool,
        },
    ),
}


def validate(config: Any) -> Errors:
    """All that is wrong; what does not have the right form is judged no further."""
    if not isinstance(config, Mapping):
        return [FieldError.type_invalid("", config, "a KubeSchedulerConfiguration is an object")]
    errors = [
        FieldError.invalid(field, config[field], f"must be {wanted}")
        for field, wanted in (("apiVersion", API_VERSION), ("kind", KIND))
        if config.get(field, wanted) != wanted
    ]
    errors = errors or _misfits(config, _FORM, "")
    if errors:
        return errors
    errors += _validate_extenders(config.get("extenders") or ())
    if _value(config, "parallelism", 16) <= 0:
        detail = "should be an integer value greater than zero"
        errors.append(FieldError.invalid("parallelism", config["parallelism"], detail))
    profiles = config.get("profiles") or [{}]
    seen: dict[str, int] = {}
    for index, profile in enumerate(profiles):
        path = f"profiles[{index}]"
        name = profile.get("schedulerName")
        if name == "" or (name is None and len(profiles) > 1):
            errors.append(FieldError.required(f"{path}.schedulerName"))
        elif name in seen:
            errors.append(
                FieldError.duplicate(f"{path}.schedulerName", f"profiles[{seen[name]}].schedulerName")
            )
        else:
            seen[name] = index
        errors += _validate_profile(profile, path)
    errors += _validate_percentage(config, "")
    return errors + _validate_backoff(config)


def _misfits(value: Any, form: Form, path: str) -> Errors:
    """What does not have the form that it should have."""
    if form is ANYTHING or value is None:
        return []
    if isinstance(form, tuple):
        if not isinstance(value, Sequence) or isinstance(value, str):
            return [FieldError.type_invalid(path, value, "must be a list")]
        errors: Errors = []
        for index, each in enumerate(value):
            here = f"{path}[{index}]"
            errors += [FieldError.required(here)] if each is None else _misfits(each, form[0], here)
        return errors
    if isinstance(form, Mapping):
        if not isinstance(value, Mapping):
            return [FieldError.type_invalid(path, value, "must be an object")]
        errors = []
        for name, each in value.items():
            here = f"{path}.{name}" if path else str(name)
            if name not in form:
                errors.append(FieldError.forbidden(here, f"unknown field; there are {', '.join(form)}"))
            else:
                errors += _misfits(each, form[name], here)
        return errors
    if not isinstance(value, form) or (form is int and isinstance(value, bool)):
        return [FieldError.type_invalid(path, value, f"must be {_WORDS[form]}")]
    return []


def _validate_percentage(config: Mapping[str, Any], path: str) -> Errors:
    share = config.get("percentageOfNodesToScore")
    if share is None or 0 <= share <= 100:
        return []
    return [FieldError.invalid(f"{path}percentageOfNodesToScore", share, "not in valid range [0-100]")]


def _validate_backoff(config: Mapping[str, Any]) -> Errors:
    first, most = config.get("podInitialBackoffSeconds"), config.get("podMaxBackoffSeconds")
    first, most = 1 if first is None else first, 10 if most is None else most
    errors: Errors = []
    if first <= 0:
        errors.append(FieldError.invalid("podInitialBackoffSeconds", first, "must be greater than 0"))
    if most < first:
        detail = "must be greater than or equal to PodInitialBackoffSeconds"
        errors.append(FieldError.invalid("podMaxBackoffSeconds", most, detail))
    return errors


def _validate_extenders(extenders: Sequence[Mapping[str, Any]]) -> Errors:
    errors: Errors = []
    binders, managed = 0, set()
    for index, extender in enumerate(extenders):
        path = f"extenders[{index}]"
        if not extender.get("urlPrefix"):
            errors.append(FieldError.required(f"{path}.urlPrefix"))
        if extender.get("prioritizeVerb") and _value(extender, "weight", 0) <= 0:
            detail = "must have a positive weight applied to it"
            errors.append(FieldError.invalid(f"{path}.weight", extender.get("weight") or 0, detail))
        binders += bool(extender.get("bindVerb"))
        if extender.get("httpTimeout"):
            errors += _validate_duration(extender["httpTimeout"], f"{path}.httpTimeout")
        for number, each in enumerate(extender.get("managedResources") or ()):
            here, name = f"{path}.managedResources[{number}].name", each.get("name") or ""
            if not is_extended(name):
                errors.append(FieldError.invalid(here, name, "is an invalid extended resource name"))
            if name in managed:
                errors.append(FieldError.invalid(here, name, "duplicate extender managed resource name"))
            managed.add(name)
    if binders > 1:
        detail = "only one extender can implement bind"
        errors.append(FieldError.invalid("extenders", f"found {binders} extenders implementing bind", detail))
    return errors


def _validate_duration(text: str, path: str) -> Errors:
    try:
        parse_duration(text)
    except DurationError as error:
        return [FieldError.invalid(path, text, str(error))]
    return []


# --- profiles


def _validate_profile(profile: Mapping[str, Any], path: str) -> Errors:
    errors = _validate_percentage(profile, f"{path}.")
    for point, chosen in (profile.get("plugins") or {}).items():
        errors += _validate_set(chosen or {}, point, f"{path}.plugins.{point}")
    seen: set[str] = set()
    for index, each in enumerate(profile.get("pluginConfig") or ()):
        here, name = f"{path}.pluginConfig[{index}]", each.get("name") or ""
        if name in seen:
            errors.append(FieldError.duplicate(here, name))
        elif name not in PLUGINS and name not in ELSEWHERE:
            errors.append(FieldError.not_supported(f"{here}.name", name, PLUGINS))
        else:
            errors += _validate_args(name, each.get("args"), f"{here}.args")
        seen.add(name)
    return errors


def _validate_set(chosen: Mapping[str, Any], point: str, path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, each in enumerate(chosen.get("enabled") or ()):
        here, name = f"{path}.enabled[{index}]", each.get("name") or ""
        plugin = PLUGINS.get(name)
        if name in ELSEWHERE:
            continue
        if plugin is None:
            errors.append(FieldError.not_supported(f"{here}.name", name, PLUGINS))
        elif point != "multiPoint" and point not in plugin.points:
            detail = f"has no extension point {point}; it has {', '.join(sorted(plugin.points))}"
            errors.append(FieldError.invalid(f"{here}.name", name, detail))
        elif name in seen:
            errors.append(FieldError.duplicate(f"{here}.name", name))
        elif _value(each, "weight", 1) < 0:
            errors.append(FieldError.invalid(f"{here}.weight", each["weight"], "must not be negative"))
        seen.add(name)
    for index, each in enumerate(chosen.get("disabled") or ()):
        name = each.get("name") or ""
        if name != "*" and name not in PLUGINS and name not in ELSEWHERE:
            errors.append(FieldError.not_supported(f"{path}.disabled[{index}].name", name, ["*", *PLUGINS]))
    return errors


# --- arguments of plugins


def _validate_args(name: str, args: Any, path: str) -> Errors:
    if args is None:
        return []
    form = ARGS.get(name)
    if form is None:
        if isinstance(args, Mapping) and not set(args) - set(_TYPE):
            return []
        return [FieldError.forbidden(path, f"{name} takes no arguments")]
    errors = _misfits(args, {**_TYPE, **form}, path)
    if errors:
        return errors
    for field, wanted in (("apiVersion", API_VERSION), ("kind", f"{name}Args")):
        if args.get(field, wanted) != wanted:
            errors.append(FieldError.invalid(f"{path}.{field}", args[field], f"must be {wanted}"))
    judge = _JUDGES.get(name)
    return errors + (judge(args, path) if judge is not None else [])


def _preemption(args: Mapping[str, Any], path: str) -> Errors:
    percentage, absolute = "minCandidateNodesPercentage", "minCandidateNodesAbsolute"
    share, count = _value(args, percentage, 10), _value(args, absolute, 100)
    errors: Errors = []
    if not 0 <= share <= 100:
        errors.append(FieldError.invalid(f"{path}.{percentage}", share, "not in valid range [0, 100]"))
    if count < 0:
        errors.append(FieldError.invalid(f"{path}.{absolute}", count, "not in valid range [0, inf)"))
    if share == count == 0:
        errors += [
            FieldError.invalid(f"{path}.{one}", 0, f"cannot be zero at the same time as {other}")
            for one, other in ((percentage, absolute), (absolute, percentage))
        ]
    return errors


def _value(args: Mapping[str, Any], name: str, default: int) -> int:
    found = args.get(name)
    return default if found is None else int(found)


def _pod_affinity(args: Mapping[str, Any], path: str) -> Errors:
    weight = _value(args, "hardPodAffinityWeight", 1)
    if 0 <= weight <= 100:
        return []
    return [FieldError.invalid(f"{path}.hardPodAffinityWeight", weight, "not in valid range [0, 100]")]


def _node_affinity(args: Mapping[str, Any], path: str) -> Errors:
    added, here = args.get("addedAffinity"), f"{path}.addedAffinity"
    if added is None:
        return []
    expression = {"key": str, "operator": str, "values": (str,)}
    term = {"matchExpressions": (expression,), "matchFields": (expression,)}
    form = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": (term,)},
        "preferredDuringSchedulingIgnoredDuringExecution": ({"weight": int, "preference": term},),
    }
    return _misfits(added, form, here) or validate_node_affinity(added, here)


def _balance(args: Mapping[str, Any], path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, each in enumerate(args.get("resources") or ()):
        here, name = f"{path}.resources[{index}]", each.get("name") or ""
        if name in seen:
            errors.append(FieldError.duplicate(f"{here}.name", name))
        seen.add(name)
        if (each.get("weight") or 1) != 1:
            errors.append(FieldError.invalid(f"{here}.weight", each["weight"], "must be 1"))
    return errors


def _fit(args: Mapping[str, Any], path: str) -> Errors:
    errors: Errors = []
    for field, is_group in (("ignoredResources", False), ("ignoredResourceGroups", True)):
        for index, name in enumerate(args.get(field) or ()):
            here = f"{path}.{field}[{index}]"
            if is_group and "/" in name:
                errors.append(FieldError.invalid(here, name, "resource group name can't contain '/'"))
            errors += [FieldError.invalid(here, name, why) for why in names.label_key(name)]
    strategy = args.get("scoringStrategy")
    if strategy is None:
        return errors
    here, kind = f"{path}.scoringStrategy", strategy.get("type") or ""
    known = ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")
    if kind not in known:
        errors.append(FieldError.not_supported(f"{here}.type", kind, known))
    for index, each in enumerate(strategy.get("resources") or ()):
        weight = each.get("weight") or 1
        if not 0 < weight <= 100:
            detail = f"resource weight of {each.get('name') or ''} not in valid range (0, 100]"
            errors.append(FieldError.invalid(f"{here}.resources[{index}].weight", weight, detail))
    ratio, field = strategy.get("requestedToCapacityRatio"), f"{here}.requestedToCapacityRatio"
    if kind == "RequestedToCapacityRatio":
        if ratio is None:
            errors.append(FieldError.required(field, f"must be specified when type is {kind}"))
        else:
            errors += _shape(ratio.get("shape") or (), f"{field}.shape")
    elif ratio is not None:
        errors.append(FieldError.forbidden(field, "must be nil when type is not RequestedToCapacityRatio"))
    return errors


def _shape(shape: Sequence[Mapping[str, Any]], path: str) -> Errors:
    """What is wrong with a broken line of utilization and score."""
    if not shape:
        return [FieldError.required(path, "at least one point must be specified")]
    errors: Errors = []
    points = [(each.get("utilization") or 0, each.get("score") or 0) for each in shape]
    for index, (used, _) in enumerate(points):
        if index and points[index - 1][0] >= used:
            detail = "values must be sorted in increasing order"
            errors.append(FieldError.invalid(f"{path}[{index}].utilization", used, detail))
            break
    for index, (used, score) in enumerate(points):
        for field, value, most in (("utilization", used, 100), ("score", score, 10)):
            if not 0 <= value <= most:
                detail = f"not in valid range [0, {most}]"
                errors.append(FieldError.invalid(f"{path}[{index}].{field}", value, detail))
    return errors


def _spread(args: Mapping[str, Any], path: str) -> Errors:
    errors: Errors = []
    constraints = args.get("defaultConstraints") or ()
    kind = args.get("defaultingType") or "System"
    if kind not in {"System", "List"}:
        errors.append(FieldError.not_supported(f"{path}.defaultingType", kind, ("System", "List")))
    elif kind == "System" and constraints:
        detail = "when .defaultConstraints are not empty"
        errors.append(FieldError.invalid(f"{path}.defaultingType", kind, detail))
    seen: set[tuple[str, str]] = set()
    for index, each in enumerate(constraints):
        here = f"{path}.defaultConstraints[{index}]"
        skew, key, action = (
            each.get("maxSkew") or 0,
            each.get("topologyKey") or "",
            each.get("whenUnsatisfiable") or "",
        )
        if skew <= 0:
            errors.append(FieldError.invalid(f"{here}.maxSkew", skew, "not in valid range (0, inf)"))
        if not key:
            errors.append(FieldError.required(f"{here}.topologyKey", "can not be empty"))
        else:
            errors += [FieldError.invalid(f"{here}.topologyKey", key, why) for why in names.label_key(key)]
        actions = ("DoNotSchedule", "ScheduleAnyway")
        if not action:
            errors.append(FieldError.required(f"{here}.whenUnsatisfiable", "can not be empty"))
        elif action not in actions:
            errors.append(FieldError.not_supported(f"{here}.whenUnsatisfiable", action, actions))
        if each.get("labelSelector") is not None:
            detail = "constraint must not define a selector, as they deduced for each pod"
            errors.append(FieldError.forbidden(f"{here}.labelSelector", detail))
        if (key, action) in seen:
            errors.append(FieldError.duplicate(here, f"{{{key}, {action}}}"))
        seen.add((key, action))
    return errors


def _volumes(args: Mapping[str, Any], path: str) -> Errors:
    errors: Errors = []
    seconds = _value(args, "bindTimeoutSeconds", 600)
    if seconds < 0:
        detail = "invalid BindTimeoutSeconds, should not be a negative value"
        errors.append(FieldError.invalid(f"{path}.bindTimeoutSeconds", seconds, detail))
    if args.get("shape") is not None:
        detail = "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring"
        errors.append(FieldError.invalid(f"{path}.shape", args["shape"], detail))
    return errors


_JUDGES: Final[Mapping[str, Callable[[Mapping[str, Any], str], Errors]]] = {
    "DefaultPreemption": _preemption,
    "InterPodAffinity": _pod_affinity,
    "NodeAffinity": _node_affinity,
    "NodeResourcesBalancedAllocation": _balance,
    "NodeResourcesFit": _fit,
    "PodTopologySpread": _spread,
    "VolumeBinding": _volumes,
}
