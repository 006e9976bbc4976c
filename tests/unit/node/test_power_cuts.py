"""What a power cut of a node interrupts goes on after the boot: nothing waits for what was lost."""

from __future__ import annotations

from kubelite.api.resources import CONFIGMAPS, PODS
from kubelite.node.tokens import TokenSpec


def is_running(pod):
    return pod["status"].get("phase") == "Running"


async def with_token(node):
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}}
    await node.client.create(CONFIGMAPS, {**data, "data": {"ca.crt": "x"}}, "default")
    await node.run(automountServiceAccountToken=True)


def worker_of(node, pod):
    return node.machine.workers[pod["metadata"]["uid"]]


async def test_statuses_are_written_after_a_cut_that_came_before_they_were(node):
    await node.run()
    pod = await node.until(is_running)
    worker = worker_of(node, pod)
    worker.host.changed(worker)  # in the next turn of the loop it would be written
    node.machine.fail()
    await node.clock.sleep(5)
    node.machine.boot()
    await node.until(
        lambda pod: is_running(pod) and pod["status"]["containerStatuses"][0]["restartCount"] == 1
    )


async def test_a_deleted_pod_that_had_ended_before_the_cut_is_removed_after_the_boot(node):
    await node.run()
    pod = await node.until(is_running)
    worker = worker_of(node, pod)
    await node.client.delete(PODS, "web", "default")
    while not worker.remove:
        await node.clock.sleep(0)
    node.machine.fail()
    await node.clock.sleep(5)
    assert (await node.get())["metadata"]["uid"] == worker.uid
    node.machine.boot()
    await node.gone(within_s=60)


async def test_tokens_are_renewed_after_a_cut_that_was_longer_than_their_life(node):
    await with_token(node)
    await node.until(is_running)
    node.machine.fail()
    await node.clock.sleep(3600)
    node.machine.boot()
    pod = await node.until(
        lambda pod: is_running(pod) and pod["status"]["containerStatuses"][0]["restartCount"] == 1
    )
    worker = worker_of(node, pod)
    [before] = worker._tokens.values()
    await node.clock.sleep(3600)
    [after] = worker._tokens.values()
    assert after.renew_at > before.renew_at


async def test_tokens_that_were_asked_for_before_the_cut_are_asked_for_again(node):
    await with_token(node)
    while not any(worker._asking_tokens for worker in node.machine.workers.values()):
        await node.clock.sleep(0)
    node.machine.fail()
    await node.clock.sleep(5)
    node.machine.boot()
    pod = await node.until(is_running)
    assert list(worker_of(node, pod)._tokens) == [TokenSpec("", 3607)]


async def test_containers_begin_once_after_a_cut_that_nobody_noticed(node):
    starts = []

    async def main(container):
        starts.append(container.name)
        await container.terminating.wait()

    node.images["noting"] = main
    await node.run(containers=[{"name": "c", "image": "noting"}])
    await node.until(is_running)
    node.machine.fail()
    node.machine.boot()
    await node.until(
        lambda pod: is_running(pod) and pod["status"]["containerStatuses"][0]["restartCount"] == 1
    )
    await node.clock.sleep(60)
    assert starts == ["c", "c"]
    assert node.machine.runtime.statistics()["running"] == 1


async def test_nothing_begins_on_a_node_that_loses_its_power_again_while_it_boots(node, monkeypatch):
    async def slow():
        await node.clock.sleep(1)

    await node.run()
    pod = await node.until(is_running)
    monkeypatch.setattr(worker_of(node, pod).host._node, "report", slow)
    node.machine.fail()
    await node.clock.sleep(5)
    node.machine.boot()
    await node.clock.sleep(0.5)
    node.machine.fail()
    await node.clock.sleep(60)
    assert node.machine.runtime.statistics()["running"] == 0


async def test_the_address_of_a_pod_that_is_forgotten_during_a_cut_can_be_reached_after_it(node):
    async def main(container):
        return 0

    node.images["brief"] = main
    await node.run(containers=[{"name": "c", "image": "brief"}], restartPolicy="Never")
    pod = await node.until(lambda pod: pod["status"].get("phase") == "Succeeded")
    address = pod["status"]["podIP"]
    node.machine.fail()
    node.machine.workers.pop(pod["metadata"]["uid"])
    node.machine.boot()
    assert not node.fabric.is_cut(address)
