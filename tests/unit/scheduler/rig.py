"""A framework over given nodes, pods and other objects, without an actor."""

from __future__ import annotations

from kubelite.api.resources import SERVICES
from kubelite.client.serviceindex import selected_by
from kubelite.runtime import Randomness
from kubelite.scheduler.cache import Cache
from kubelite.scheduler.cycle import Framework, fit_error
from kubelite.scheduler.framework import Handle
from kubelite.scheduler.podinfo import PodInfo
from kubelite.scheduler.preemption import preempt
from kubelite.scheduler.profiles import DEFAULT_NAME, parse_config

NOW = 1_767_225_600.0


class Objects:
    """A lister."""

    def __init__(self, objects=()):
        self.objects = list(objects)

    def get(self, namespace, name):
        for each in self.objects:
            metadata = each["metadata"]
            if metadata["name"] == name and metadata.get("namespace") == namespace:
                return each
        return None

    def list(self, namespace=None):
        return [each for each in self.objects if namespace in {None, each["metadata"].get("namespace")}]

    def by_index(self, name, key):
        return [each for each in self.objects if key in selected_by(each)]


class Rig:
    """See the module's docstring.

    Args:
        objects: By resource.
        config: A KubeSchedulerConfiguration.
    """

    def __init__(self, nodes=(), pods=(), objects=None, *, seed=1, config=None):
        self.cache, self.random = Cache(), Randomness(seed)
        self.objects = {resource: Objects(each) for resource, each in (objects or {}).items()}
        self.objects.setdefault(SERVICES, Objects())
        handle = Handle(
            self.cache, lambda each: self.objects.setdefault(each, Objects()), self.random.randrange
        )
        self.framework = Framework(next(iter(parse_config(config).profiles.values())), handle)
        assert config or self.framework.profile.name == DEFAULT_NAME
        for node in nodes:
            self.cache.set_node(node["metadata"]["name"], node)
        for pod in pods:
            self.cache.place(PodInfo.of(pod), pod["spec"]["nodeName"])

    def verdict(self, pod, start=0):
        return self.framework.schedule(PodInfo.of(pod), start)

    def node(self, pod):
        """Where a pod goes."""
        return self.verdict(pod).node

    def run(self, pod):
        """Where a pod goes, and it is there from now on."""
        info = PodInfo.of(pod)
        node = self.framework.schedule(info, 0).node
        if node is not None:
            self.cache.place(info, node)
        return node

    def feasible(self, pod):
        """The nodes that pass all filters."""
        info, verdict = PodInfo.of(pod), self.verdict(pod)
        if verdict.pre_filter is not None:
            return set()
        filterings = verdict.filterings
        return {
            node.name
            for node in self.cache.listed()
            if self.framework.run_filters(info, node, filterings) is None
        }

    def scores(self, pod, plugin):
        """What a plugin gives each feasible node, times its weight; None if it was skipped."""
        info, told = PodInfo.of(pod), {}
        names = self.feasible(pod)
        nodes = [node for node in self.cache.listed() if node.name in names]
        self.framework.prioritize(info, nodes, told)
        return dict(zip([node.name for node in nodes], told[plugin], strict=True)) if plugin in told else None

    def refusal(self, pod):
        """What is said of a pod that fits nowhere, before preemption."""
        verdict = self.verdict(pod)
        assert verdict.node is None
        return fit_error(len(self.cache.listed()), verdict.statuses, verdict.absent, verdict.pre_filter)

    def preempt(self, pod, budgets=()):
        """What comes of preemption for a pod that fits nowhere."""
        verdict = self.verdict(pod)
        assert verdict.node is None
        return preempt(self.framework, PodInfo.of(pod), verdict, budgets, NOW)
