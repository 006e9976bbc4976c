"""Pods that hold more of their node's disk than they may are evicted, and it is said why."""

from __future__ import annotations

import pytest

from kubelite.images.inodes import Directory, Mount
from kubelite.node.diskusage import Disk, Held, disk_of, local_volumes, own_volumes
from kubelite.node.evictions import is_limited, overuse


def spec(size=None, limit=None, **volume):
    container = {"name": "c", "resources": {"limits": {"ephemeral-storage": limit}} if limit else {}}
    empty = {"sizeLimit": size} if size else {}
    return {"containers": [container], "volumes": [{"name": "v", **(volume or {"emptyDir": empty})}]}


def held(pod_spec, *, volume=0, log=0, written=0):
    return Held({"v": Disk(volume, 1)}, local_volumes(pod_spec), {"c": log}, {"c": written})


@pytest.mark.parametrize(
    ("pod_spec", "holds", "words"),
    [
        (spec("1Ki"), {"volume": 1025}, 'Usage of EmptyDir volume "v" exceeds the limit "1Ki". '),
        (spec("1Ki"), {"volume": 1024, "written": 9999}, ""),
        (
            spec(limit="2Ki"),
            {"volume": 1024, "log": 1000, "written": 25},
            "Pod ephemeral local storage usage exceeds the total limit of containers 2Ki. ",
        ),
        (spec(limit="2Ki", emptyDir={"medium": "Memory"}), {"volume": 4096}, ""),
        (spec(limit="2Ki", persistentVolumeClaim={"claimName": "x"}), {"volume": 4096}, ""),
    ],
)
def test_what_is_too_much(pod_spec, holds, words):
    assert overuse(pod_spec, held(pod_spec, **holds)) == words


def test_each_container_has_its_own_limit_within_that_of_the_pod():
    pod_spec = spec(limit="1Ki")
    other = {"name": "d", "resources": {"limits": {"ephemeral-storage": "9Ki"}}}
    pod_spec = {**pod_spec, "containers": [*pod_spec["containers"], other]}
    words = 'Container c exceeded its local ephemeral storage limit "1Ki". '
    assert overuse(pod_spec, held(pod_spec, log=1000, written=25)) == words
    assert overuse(pod_spec, held(pod_spec, log=1000, written=24)) == ""


def test_only_pods_with_limits_are_looked_at():
    assert is_limited(spec("1Ki"))
    assert is_limited(spec(limit="1Ki"))
    assert not is_limited(spec())


def test_what_others_own_does_not_count():
    assert own_volumes(spec(hostPath={"path": "/x"})) == []
    assert disk_of(Directory({"m": Mount(Directory())}), mounts=False) == Disk(0, 1)


async def test_a_pod_that_fills_its_volume_fails_within_seconds(node):
    async def fill(container):
        container.files.write("/v/much", b"x" * 2048)
        await container.terminating.wait()

    node.images["filler"] = fill
    mounting = {"name": "c", "image": "filler", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    await node.run(
        containers=[mounting],
        volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1Ki"}}],
        terminationGracePeriodSeconds=300,
    )
    await node.run("modest", volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1Ki"}}])
    failed = await node.until(lambda pod: pod["status"].get("phase") == "Failed", within_s=15)
    message = 'Usage of EmptyDir volume "v" exceeds the limit "1Ki". '
    assert (failed["status"]["reason"], failed["status"]["message"]) == ("Evicted", message)
    assert ("Warning", "Evicted", message) in node.recorder.events
    assert (await node.get("modest"))["status"]["phase"] == "Running"


async def test_what_a_container_writes_beside_its_volumes_counts(node):
    async def write(container):
        container.files.write("/tmp/much", b"x" * 2048)
        await container.terminating.wait()

    node.images["writer"] = write
    limits = {"limits": {"ephemeral-storage": "1Ki"}}
    await node.run(containers=[{"name": "c", "image": "writer", "resources": limits}])
    failed = await node.until(lambda pod: pod["status"].get("phase") == "Failed", within_s=15)
    assert failed["status"]["message"].startswith("Pod ephemeral local storage usage exceeds")
