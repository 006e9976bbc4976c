"""Controllers that crash at any of their writes: the outcome is the same, and nothing is made twice.

The writes of a run without a crash are counted; then it is run again for each of them, and the controller
that makes it crashes right before or right after it (then the write is made, but its answer is lost). Its
supervisor starts it anew.
"""

from __future__ import annotations

import pytest

from kubelite.api import resources as r
from tests.faultyclients import FaultyClient
from tests.unit.controllers.rig import rig

MADE = (
    r.PODS,
    r.REPLICASETS,
    r.JOBS,
    r.CONTROLLERREVISIONS,
    r.PERSISTENTVOLUMECLAIMS,
    r.PERSISTENTVOLUMES,
)
"""Kinds that controllers make objects of."""
SETTLE_S = 20.0
LAGGING_CRASHES = 12
DEPLOYMENT = "deployment-controller"
REPLICASET = "replicaset-controller"
JOB = "job-controller"
STATEFULSET = "statefulset-controller"
DAEMONSET = "daemonset-controller"
CRONJOB = "cronjob-controller"
BINDER = "persistentvolume-binder-controller"
PROVISIONER = "persistentvolume-provisioner"


class PowerCutError(Exception):
    """What crashes an actor."""


class Fault:
    """A crash at one write: `at` is its number, 0 for none; `after` it or before."""

    def __init__(self, at=0, *, after=False):
        self.at = at
        self.happened = False
        self.client = None
        self._after = after

    def wrap(self, client):
        hook = "after" if self._after else "before"
        self.client = FaultyClient(client, **{hook: self._crash})
        return self.client

    def _crash(self, write):
        if write.number == self.at:
            self.happened = True
            raise PowerCutError(repr(write))


def workload(resource, image="nginx:1", **spec):
    restart = {"restartPolicy": "Never"} if resource == r.JOBS else {}
    selector = {} if resource == r.JOBS else {"selector": {"matchLabels": {"app": "web"}}}
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": image}], **restart},
    }
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"template": template, **selector, **spec},
    }


# --- what is done -----------------------------------------------------------------------------------------


async def roll_a_deployment(rig_):
    made = await rig_.client.create(r.DEPLOYMENTS, workload(r.DEPLOYMENTS, replicas=3))
    await rig_.settle(SETTLE_S)
    patch = {"spec": {"template": workload(r.DEPLOYMENTS, "nginx:2")["spec"]["template"]}}
    await rig_.client.patch(r.DEPLOYMENTS, "web", patch, made["metadata"]["namespace"])


async def make_a_replica_set(rig_):
    await rig_.client.create(r.REPLICASETS, workload(r.REPLICASETS, replicas=5))
    await rig_.settle(SETTLE_S)
    await rig_.client.patch(r.REPLICASETS, "web", {"spec": {"replicas": 2}}, "default")


async def run_a_job(rig_):
    await rig_.client.create(r.JOBS, workload(r.JOBS, completions=4, parallelism=2))


async def run_an_indexed_job(rig_):
    spec = {"completions": 3, "parallelism": 3, "completionMode": "Indexed"}
    await rig_.client.create(r.JOBS, workload(r.JOBS, **spec))


async def make_a_stateful_set(rig_):
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec = {"serviceName": "web", "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}]}
    await rig_.client.create(r.STATEFULSETS, workload(r.STATEFULSETS, replicas=3, **spec))


async def make_a_daemon_set(rig_):
    for name in ("n1", "n3", "n4"):
        await rig_.node(name)
        await rig_.client.patch(r.NODES, name, {"spec": {"taints": None}})
    await rig_.client.create(r.DAEMONSETS, workload(r.DAEMONSETS))


async def run_a_cron_job(rig_):
    job = {"spec": workload(r.JOBS)["spec"]}
    spec = {"schedule": "*/1 * * * *", "jobTemplate": job}
    cron_job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": spec,
    }
    await rig_.client.create(r.CRONJOBS, cron_job)
    await rig_.settle(80)
    await rig_.client.patch(r.CRONJOBS, "web", {"spec": {"suspend": True}}, "default")


async def provision_a_volume(rig_):
    await rig_.node("n1")
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "now"},
        "provisioner": "rancher.io/local-path",
        "volumeBindingMode": "Immediate",
    }
    await rig_.client.create(r.STORAGECLASSES, storage_class)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    made = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {**claim, "storageClassName": "now"},
    }
    await rig_.client.create(r.PERSISTENTVOLUMECLAIMS, made)


# --- what comes of it -------------------------------------------------------------------------------------


def shape(obj):
    """What of an object is the same whichever names and uids were drawn."""
    metadata = obj["metadata"]
    owners = [each["kind"] for each in metadata.get("ownerReferences") or ()]
    status = {key: value for key, value in (obj.get("status") or {}).items() if key not in VOLATILE}
    if "conditions" in status:
        status["conditions"] = sorted(
            (each["type"], each["status"], each.get("reason")) for each in status["conditions"]
        )
    name = metadata.get("generateName") or metadata["name"]
    sizes = {key: obj.get("spec", {}).get(key) for key in ("replicas", "nodeName", "volumeName")}
    labels = [
        each for each in (metadata.get("labels") or {}).items() if not each[0].endswith("controller-uid")
    ]
    return repr((obj["kind"], name, sorted(labels), owners, sizes, sorted(status.items())))


VOLATILE = {
    "podIP",
    "podIPs",
    "startTime",
    "completionTime",
    "lastScheduleTime",
    "lastSuccessfulTime",
    "observedGeneration",
    "uncountedTerminatedPods",
}


async def run(scenario, controllers, fault, lag_s):
    """The shapes of all that is there in the end, how many objects were ever made, and what was asked for."""
    async with rig(*controllers, wrap=fault.wrap, lag_s=lag_s) as rig_:
        client = rig_.client
        watchers = [await client.watch(resource, bookmarks=False) for resource in MADE]
        rig_.play_kubelet()
        await scenario(rig_)
        await rig_.settle(SETTLE_S)
        made = [sum(event.type == "ADDED" for event in watcher.take()) for watcher in watchers]
        for watcher in watchers:
            watcher.stop()
        found = [
            shape(obj)
            for resource in (*MADE, r.DEPLOYMENTS, r.STATEFULSETS, r.DAEMONSETS, r.CRONJOBS)
            for obj in (await client.list(resource)).items
        ]
        return sorted(found), dict(zip([each.kind for each in MADE], made, strict=True)), fault.client.writes


SCENARIOS = {
    "deployment": (roll_a_deployment, (DEPLOYMENT, REPLICASET)),
    "replicaset": (make_a_replica_set, (REPLICASET,)),
    "job": (run_a_job, (JOB,)),
    "indexed-job": (run_an_indexed_job, (JOB,)),
    "statefulset": (make_a_stateful_set, (STATEFULSET,)),
    "daemonset": (make_a_daemon_set, (DAEMONSET,)),
    "cronjob": (run_a_cron_job, (CRONJOB, JOB)),
    "volume": (provision_a_volume, (BINDER, PROVISIONER)),
}


@pytest.mark.parametrize(
    ("after", "lag_s"), [(False, 0), (True, 0), (True, 0.05)], ids=["before", "after", "lag"]
)
@pytest.mark.parametrize("what", SCENARIOS)
async def test_a_crash_at_any_write_changes_nothing_of_the_outcome(what, after, lag_s):
    """With a lag, informers tell of a write only some time after it; there a part of the writes is tried."""
    scenario, controllers = SCENARIOS[what]
    expected, made, writes = await run(scenario, controllers, Fault(), lag_s)
    assert sum(made.values()) > 0
    for number in range(1, writes + 1, 1 + writes // LAGGING_CRASHES if lag_s else 1):
        fault = Fault(number, after=after)
        outcome, made_again, _ = await run(scenario, controllers, fault, lag_s)
        assert fault.happened, number
        assert made_again == made, f"{what}: crash at write {number} of {writes}"
        assert outcome == expected, f"{what}: crash at write {number} of {writes}"
