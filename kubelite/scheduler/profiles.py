"""The profiles of the scheduler, out of a KubeSchedulerConfiguration. Pure.

Source: https://kubernetes.io/docs/reference/scheduling/config/;
pkg/scheduler/apis/config/v1/{default_plugins,defaults}.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kubelite.scheduler.plugins import PLUGINS, POINTS

if TYPE_CHECKING:
    from kubelite.scheduler.extenderconfig import Extender

DEFAULT_NAME: Final = "default-scheduler"
_FIT: Final = "NodeResourcesFit"


class Profile(NamedTuple):
    """A scheduler, by the name that pods call it.

    Attributes:
        percentage: Of the nodes that are looked at; None is adaptive.
        filters: Plugins, in the order in which they are asked.
        narrowing: Those of which PreFilter is enabled, but not Filter.
        scores: Plugins and their weights.
        points: The plugins that are enabled at every other extension point.
        args: Of plugins, by their names.
    """

    name: str
    percentage: int | None
    filters: tuple[str, ...]
    narrowing: tuple[str, ...]
    scores: tuple[tuple[str, int], ...]
    points: Mapping[str, frozenset[str]]
    args: Mapping[str, Mapping[str, Any]]

    def has(self, point: str, plugin: str) -> bool:
        """Whether a plugin is enabled at an extension point."""
        return plugin in self.points[point]


class SchedulerConfig(NamedTuple):
    """All profiles, and what they share.

    Attributes:
        profiles: By name.
        extenders: In the order in which they are asked.
        backoff_first_s: After the first failure; it doubles with each.
        backoff_max_s: At most.
    """

    profiles: Mapping[str, Profile]
    backoff_first_s: float = 1.0
    backoff_max_s: float = 10.0
    extenders: tuple[Extender, ...] = ()


def parse_config(config: Mapping[str, Any] | None) -> SchedulerConfig:
    """The profiles of a KubeSchedulerConfiguration; the default profile without one.

    Raises:
        ValueError: It is none, or something is wrong with it; the message, one line, names the fields.
    """
    if config is None:
        config = {}
    else:
        from kubelite.scheduler.configuration import validate  # noqa: PLC0415 - few clusters have one

        errors = validate(config)
        if errors:
            raise ValueError(f"scheduler: {'; '.join(map(str, errors))}")
    given: Sequence[Mapping[str, Any]] = config.get("profiles") or ({},)
    extenders = config.get("extenders") or ()
    ignored = [
        each["name"]
        for extender in extenders
        for each in extender.get("managedResources") or ()
        if each.get("ignoredByScheduler")
    ]
    profiles = [
        _ignoring(ignored, _profile(each, config.get("percentageOfNodesToScore"), f"profiles[{index}]"))
        for index, each in enumerate(given)
    ]
    return SchedulerConfig(
        {profile.name: profile for profile in profiles},
        float(config.get("podInitialBackoffSeconds") or 1),
        float(config.get("podMaxBackoffSeconds") or 10),
        _extenders(extenders),
    )


def _extenders(extenders: Sequence[Mapping[str, Any]]) -> tuple[Extender, ...]:
    if not extenders:
        return ()
    from kubelite.scheduler.extenderconfig import parse_extender  # noqa: PLC0415 - few clusters have any

    return tuple(map(parse_extender, extenders))


def _ignoring(resources: Sequence[str], profile: Profile) -> Profile:
    """A profile whose NodeResourcesFit leaves resources to extenders."""
    if not resources:
        return profile
    fit = profile.args.get(_FIT) or {}
    both = {**fit, "ignoredResources": [*(fit.get("ignoredResources") or ()), *resources]}
    return profile._replace(args={**profile.args, _FIT: both})


def _profile(profile: Mapping[str, Any], percentage: int | None, path: str) -> Profile:
    plugins = profile.get("plugins") or {}
    defaults = {name: entry.weight for name, entry in PLUGINS.items()}
    everywhere = _merged(defaults, plugins.get("multiPoint"))
    chosen = {point: _expanded(point, everywhere, plugins.get(point)) for point in POINTS}
    if not chosen["queueSort"]:
        raise ValueError(f"scheduler: {path}.plugins.queueSort: Required value: PrioritySort must be enabled")
    if not chosen["bind"]:
        raise ValueError(f"scheduler: {path}.plugins.bind: Required value: DefaultBinder must be enabled")
    own = profile.get("percentageOfNodesToScore")
    prepares = frozenset(chosen["preFilter"])
    return Profile(
        profile.get("schedulerName") or DEFAULT_NAME,
        (percentage if own is None else own) or None,
        tuple(
            name
            for name in chosen["filter"]
            if PLUGINS[name].filters is not None
            and (name in prepares or "preFilter" not in PLUGINS[name].points)
        ),
        tuple(
            name
            for name in chosen["preFilter"]
            if PLUGINS[name].filters is not None and name not in chosen["filter"]
        ),
        tuple((name, weight) for name, weight in chosen["score"].items() if PLUGINS[name].scores is not None),
        {point: frozenset(each) for point, each in chosen.items()},
        {each["name"]: _args(each.get("args")) for each in profile.get("pluginConfig") or ()},
    )


def _args(args: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What is said, without what it is."""
    return {
        name: each
        for name, each in (args or {}).items()
        if name not in {"apiVersion", "kind"} and each is not None
    }


def _enabled(chosen: Mapping[str, Any]) -> dict[str, int]:
    """What a set of plugins enables; a weight that it does not name is 1, whatever the default is."""
    return {
        each["name"]: each.get("weight") or 1
        for each in chosen.get("enabled") or ()
        if each["name"] in PLUGINS
    }


def _disabled(chosen: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(each["name"] for each in chosen.get("disabled") or ())


def _merged(base: Mapping[str, int], chosen: Mapping[str, Any] | None) -> dict[str, int]:
    """The plugins of multiPoint and their weights: those of the default that are left in their order.

    Source: pkg/scheduler/apis/config/v1/default_plugins.go (mergePluginSet).
    """
    if not chosen:
        return dict(base)
    disabled, enabled = _disabled(chosen), _enabled(chosen)
    kept = {} if "*" in disabled else {name: base[name] for name in base if name not in disabled}
    return {**kept, **enabled}


def _expanded(point: str, everywhere: Mapping[str, int], chosen: Mapping[str, Any] | None) -> dict[str, int]:
    """The plugins of an extension point: those of both, those of multiPoint, the point's own others.

    Source: pkg/scheduler/framework/runtime/framework.go (expandMultiPointPlugins, getScoreWeights).
    """
    having = {name: weight for name, weight in everywhere.items() if point in PLUGINS[name].points}
    if not chosen:
        return having
    disabled, enabled = _disabled(chosen), _enabled(chosen)
    if "*" in disabled:
        return enabled
    kept = {name: weight for name, weight in having.items() if name not in disabled}
    overriding = {name: weight for name, weight in enabled.items() if name in kept}
    return {**overriding, **kept, **overriding, **enabled}
