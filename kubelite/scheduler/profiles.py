"""The profiles of the scheduler, out of a KubeSchedulerConfiguration. Pure.

Source: https://kubernetes.io/docs/reference/scheduling/config/;
pkg/scheduler/apis/config/v1/{default_plugins,defaults}.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kubelite import records
from kubelite.scheduler.plugins import PLUGINS

API_VERSION: Final = "kubescheduler.config.k8s.io/v1"
KIND: Final = "KubeSchedulerConfiguration"
DEFAULT_NAME: Final = "default-scheduler"
POINTS: Final = (
    "preEnqueue",
    "queueSort",
    "preFilter",
    "filter",
    "postFilter",
    "preScore",
    "score",
    "reserve",
    "permit",
    "preBind",
    "bind",
    "postBind",
)
_PERCENTAGE_MAX: Final = 100


@records.frozen
class Profile:
    """A scheduler, by the name that pods call it.

    Attributes:
        percentage: Of the nodes that are looked at; None is adaptive.
        filters: Plugins, in the order in which they are asked.
        scores: Plugins and their weights.
        points: The plugins that are enabled at every other extension point.
        args: Of plugins, by their names.
    """

    name: str
    percentage: int | None
    filters: tuple[str, ...]
    scores: tuple[tuple[str, int], ...]
    points: Mapping[str, frozenset[str]]
    args: Mapping[str, Mapping[str, Any]]

    def has(self, point: str, plugin: str) -> bool:
        """Whether a plugin is enabled at an extension point other than filter and score."""
        return plugin in self.points[point]


@records.frozen
class SchedulerConfig:
    """All profiles, and what they share.

    Attributes:
        profiles: By name.
        backoff_first_s: After the first failure; it doubles with each.
        backoff_max_s: At most.
    """

    profiles: Mapping[str, Profile]
    backoff_first_s: float = 1.0
    backoff_max_s: float = 10.0


def parse_config(config: Mapping[str, Any] | None) -> SchedulerConfig:
    """The profiles of a KubeSchedulerConfiguration; the default profile without one.

    Raises:
        ValueError: It is none, or names what does not exist.
    """
    config = config or {}
    for field, wanted in (("apiVersion", API_VERSION), ("kind", KIND)):
        if config.get(field, wanted) != wanted:
            raise ValueError(f"scheduler: {field} must be {wanted}, not {config[field]!r}")
    profiles: dict[str, Profile] = {}
    given: Sequence[Mapping[str, Any]] = config.get("profiles") or ({},)
    for each in given:
        profile = _profile(each, config.get("percentageOfNodesToScore"))
        if profile.name in profiles:
            raise ValueError(f"scheduler: two profiles have the schedulerName {profile.name!r}")
        profiles[profile.name] = profile
    first = float(config.get("podInitialBackoffSeconds") or 1)
    most = float(config.get("podMaxBackoffSeconds") or 10)
    if not 0 < first <= most:
        raise ValueError(
            f"scheduler: podMaxBackoffSeconds ({most:g}) must not be less than "
            f"podInitialBackoffSeconds ({first:g})"
        )
    return SchedulerConfig(profiles, first, most)


def _profile(profile: Mapping[str, Any], percentage: int | None) -> Profile:
    plugins = profile.get("plugins") or {}
    unknown = sorted(set(plugins) - {"multiPoint", *POINTS})
    if unknown:
        raise ValueError(
            f"scheduler: {unknown[0]!r} is no extension point; these are multiPoint, {', '.join(POINTS)}"
        )
    everywhere = _merged({name: entry.weight for name, entry in PLUGINS.items()}, plugins.get("multiPoint"))
    chosen = {point: _merged(everywhere, plugins.get(point)) for point in POINTS}
    args = {each["name"]: each.get("args") or {} for each in profile.get("pluginConfig") or ()}
    _known(args)
    own = profile.get("percentageOfNodesToScore", percentage)
    if own is not None and not 0 <= own <= _PERCENTAGE_MAX:
        raise ValueError(f"scheduler: percentageOfNodesToScore must be from 0 to 100, not {own}")
    return Profile(
        profile.get("schedulerName") or DEFAULT_NAME,
        own or None,
        tuple(
            name
            for name in chosen["filter"]
            if PLUGINS[name].filters is not None and name in chosen["preFilter"]
        ),
        tuple(
            (name, weight)
            for name, weight in chosen["score"].items()
            if PLUGINS[name].scores is not None and weight
        ),
        {point: frozenset(chosen[point]) for point in POINTS},
        args,
    )


def _known(names: Any) -> None:
    unknown = sorted(set(names) - set(PLUGINS))
    if unknown:
        raise ValueError(f"scheduler: there is no plugin {unknown[0]!r}; there are {', '.join(PLUGINS)}")


def _merged(
    base: Mapping[str, int], chosen: Mapping[str, Sequence[Mapping[str, Any]]] | None
) -> dict[str, int]:
    """Plugins and weights: the base without what is disabled, with what is enabled."""
    if not chosen:
        return dict(base)
    disabled = {each["name"] for each in chosen.get("disabled") or ()}
    wanted = list(chosen.get("enabled") or ())
    _known([*(disabled - {"*"}), *(each["name"] for each in wanted)])
    enabled = {each["name"]: each.get("weight") or PLUGINS[each["name"]].weight for each in wanted}
    kept = {} if "*" in disabled else {name: base[name] for name in base if name not in disabled}
    return {**kept, **enabled}
