"""What a kubelet tells of images, volumes, probes and its node: type, reason, message, to the letter."""

from __future__ import annotations

import ast
import re
from importlib import resources as files

import pytest

from kubelite.api.resources import SECRETS
from kubelite.images.builtin import make_registry
from kubelite.images.files import FileSystem
from kubelite.network import AddressPoolExhausted
from kubelite.node.environment import PodFacts
from kubelite.node.payloads import MountError, Sources
from kubelite.node.podwarnings import warnings
from kubelite.node.probes import Outcome, news, probe_spec
from kubelite.node.volumes import make_volumes

# --- probes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "reason", "message"),
    [
        (Outcome(False, "no"), "Unhealthy", "Readiness probe failed: no"),
        (
            Outcome(False, "no port", made=False),
            "Unhealthy",
            "Readiness probe errored and resulted in unknown state: no port",
        ),
        (Outcome(True, "odd", warns=True), "ProbeWarning", "Readiness probe warning: odd"),
    ],
)
def test_what_is_told_of_a_probe(outcome, reason, message):
    assert outcome.told
    assert news(probe_spec("readiness", {}), outcome) == (reason, message)


def test_nothing_is_told_of_a_probe_that_finds_all_well():
    assert not Outcome(True, "fine").told


async def test_a_probe_that_cannot_be_made_is_told_and_does_not_count(node):
    async def idle(container):
        await container.terminating.wait()

    node.images["idle"] = idle
    probe = {"periodSeconds": 1, "failureThreshold": 1}
    container = {
        "name": "c",
        "image": "idle",
        "livenessProbe": {**probe, "exec": {"command": ["gone"]}},
        "startupProbe": {**probe, "tcpSocket": {"port": "web"}},
    }
    await node.run(containers=[container])
    await node.clock.sleep(30)
    (status,) = (await node.get())["status"]["containerStatuses"]
    assert (status["restartCount"], status["started"]) == (0, False)
    assert ("Warning", "Unhealthy", NO_PORT) in node.recorder.events


NO_PORT = 'Startup probe errored and resulted in unknown state: strconv.Atoi: parsing "web": invalid syntax'
NO_PROGRAM = (
    "Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec "
    "in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container "
    'process: exec: "gone": executable file not found in $PATH: unknown'
)


async def test_a_container_without_the_program_of_its_probe_is_not_restarted(node):
    async def idle(container):
        await container.terminating.wait()

    node.images["idle"] = idle
    probe = {"exec": {"command": ["gone"]}, "periodSeconds": 1, "failureThreshold": 1}
    await node.run(containers=[{"name": "c", "image": "idle", "livenessProbe": probe}])
    await node.clock.sleep(30)
    (status,) = (await node.get())["status"]["containerStatuses"]
    assert status["restartCount"] == 0
    assert ("Warning", "Unhealthy", NO_PROGRAM) in node.recorder.events


async def test_a_probe_finds_ports_of_its_own_container_only(node):
    probe = {"tcpSocket": {"port": "web"}, "periodSeconds": 1}
    named = {"name": "b", "image": "pause", "ports": [{"name": "web", "containerPort": 80}]}
    await node.run(containers=[{"name": "a", "image": "pause", "startupProbe": probe}, named])
    await node.clock.sleep(5)
    assert ("Warning", "Unhealthy", NO_PORT) in node.recorder.events


# --- volumes ----------------------------------------------------------------------------------------------

BOUND = {
    "metadata": {"name": "data", "uid": "c1"},
    "spec": {"volumeName": "pv"},
    "status": {"phase": "Bound"},
}


class Lookup:
    """What the API has."""

    def __init__(self, claim=None, volume=None):
        self._claim, self._volume = claim, volume

    def config_map(self, namespace, name):
        return {"data": {"a": "1"}} if name == "here" else None

    def secret(self, namespace, name):
        return {"data": {}} if name == "here" else None

    def claim(self, namespace, name):
        return self._claim

    def persistent_volume(self, name):
        return self._volume


def told_of(volumes, lookup):
    pod = {
        "metadata": {"name": "p", "namespace": "d", "uid": "u"},
        "spec": {"containers": [{"name": "c"}], "volumes": volumes},
    }
    with pytest.raises(MountError) as caught:
        make_volumes(Sources(PodFacts(pod, "", "", {}), lookup, {}, FileSystem()), 1.0)
    return list(caught.value.texts)


def of_files(name, **source):
    return {"name": name, **source}


@pytest.mark.parametrize(
    ("volumes", "messages"),
    [
        (
            [of_files("v", configMap={"name": "a"}), of_files("w", secret={"secretName": "b"})],
            [
                'MountVolume.SetUp failed for volume "v" : configmap "a" not found',
                'MountVolume.SetUp failed for volume "w" : secret "b" not found',
            ],
        ),
        (
            [of_files("v", configMap={"name": "here", "items": [{"key": "k", "path": "k"}]})],
            ['MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: k'],
        ),
        (
            [of_files("v", secret={"secretName": "here", "items": [{"key": "k", "path": "k"}]})],
            ['MountVolume.SetUp failed for volume "v" : references non-existent secret key: k'],
        ),
        (
            [of_files("h", hostPath={"path": "/no", "type": "Directory"})],
            ['MountVolume.SetUp failed for volume "h" : hostPath type check failed: /no is not a directory'],
        ),
    ],
)
def test_what_is_told_of_a_volume_that_cannot_be_mounted(volumes, messages):
    assert told_of(volumes, Lookup()) == messages


def changed(obj, **parts):
    return {key: {**each, **parts.get(key, {})} for key, each in obj.items()}


NOT_BOUND = "pv.Spec.ClaimRef indicating it is not yet bound to the claim"
PLACE = "unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]"


@pytest.mark.parametrize(
    ("claim", "volume", "problem"),
    [
        (None, None, 'failed to fetch PVC from API server: persistentvolumeclaims "data" not found'),
        (changed(BOUND, metadata={"deletionTimestamp": "now"}), None, "PVC is being deleted"),
        (changed(BOUND, status={"phase": "Pending"}), None, "PVC is not bound"),
        (changed(BOUND, spec={"volumeName": ""}), None, "PVC has empty pvc.Spec.VolumeName"),
        (BOUND, None, 'failed to fetch PV pv from API server: persistentvolumes "pv" not found'),
        (
            BOUND,
            {"spec": {}},
            f"found PV object pv but it has a nil {NOT_BOUND}",
        ),
        (
            BOUND,
            {"spec": {"claimRef": {"uid": "c0"}}},
            "found PV object pv but its pv.Spec.ClaimRef.UID c0 does not point to claim.UID c1",
        ),
    ],
)
def test_what_is_told_of_a_claim_that_stands_for_nothing_yet(claim, volume, problem):
    volumes = [of_files("v", persistentVolumeClaim={"claimName": "data"})]
    assert told_of(volumes, Lookup(claim, volume)) == [
        f"Unable to attach or mount volumes: {PLACE}: error processing PVC d/data: {problem}"
    ]


def test_all_claims_are_told_of_together_after_the_other_volumes():
    volumes = [
        of_files("w", persistentVolumeClaim={"claimName": "two"}),
        of_files("v", persistentVolumeClaim={"claimName": "one"}),
        of_files("s", secret={"secretName": "b"}),
    ]
    lacking, which = "failed to fetch PVC from API server: persistentvolumeclaims", "volumes=[v w]"
    of_claims = (
        f"Unable to attach or mount volumes: unmounted {which}, unattached volumes=[], "
        f'failed to process {which}: error processing PVC d/one: {lacking} "one" not found; '
        f'error processing PVC d/two: {lacking} "two" not found'
    )
    of_secret = 'MountVolume.SetUp failed for volume "s" : secret "b" not found'
    assert told_of(volumes, Lookup()) == [of_secret, of_claims]


def test_a_claim_that_a_pod_did_not_make_is_not_its_ephemeral_one():
    volumes = [of_files("v", ephemeral={"volumeClaimTemplate": {}})]
    problem = "PVC d/p-v was not created for pod d/p (pod is not owner)"
    assert told_of(volumes, Lookup(BOUND)) == [f"Unable to attach or mount volumes: {PLACE}: {problem}"]


# --- images and the node ----------------------------------------------------------------------------------


async def test_what_is_told_of_images(node):
    async def idle(container):
        await container.terminating.wait()

    node.images["here:1"] = idle
    await node.run("a", containers=[{"name": "c", "image": "here:1"}])
    await node.run("b", containers=[{"name": "c", "image": "gone:1"}])
    await node.run("c", containers=[{"name": "c", "image": "gone:1", "imagePullPolicy": "Never"}])
    await node.clock.sleep(5)
    await node.run("d", containers=[{"name": "c", "image": "here:1"}])
    node.images["files:1"] = idle
    mounting = {"name": "c", "image": "here:1", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    await node.run("e", containers=[mounting], volumes=[{"name": "v", "image": {"reference": "files:1"}}])
    await node.clock.sleep(5)
    told = set(node.recorder.events)
    assert {
        ("Normal", "Pulling", 'Pulling image "here:1"'),
        ("Normal", "Pulling", 'Pulling image "gone:1"'),
        ("Normal", "Pulling", 'Pulling image "files:1"'),
        (
            "Normal",
            "Pulled",
            'Container image "here:1" already present on machine and can be accessed by the pod',
        ),
        (
            "Warning",
            "ErrImageNeverPull",
            'Container image "gone:1" is not present with pull policy of Never',
        ),
        ("Normal", "BackOff", 'Back-off pulling image "gone:1"'),
        ("Warning", "Failed", "Error: ErrImagePull"),
        ("Warning", "Failed", "Error: ImagePullBackOff"),
        ("Warning", "Failed", "Error: ErrImageNeverPull"),
    } <= told
    pulled = re.compile(
        r'Successfully pulled image "(here|files):1" in 1ms \(1ms including waiting\). Image size: \d+ bytes.'
    )
    matches = [pulled.fullmatch(message) for _, reason, message in told if reason == "Pulled"]
    assert {each.group(1) for each in matches if each} == {"here", "files"}
    assert any(
        message.startswith('Failed to pull image "gone:1": rpc error: code = NotFound desc = ')
        for _, _, message in told
    )


async def test_a_command_that_is_not_there_is_told_and_never_began(node):
    node.images["shell"] = make_registry().resolve("busybox")
    await node.run(containers=[{"name": "c", "image": "shell", "command": ["gone"]}], restartPolicy="Never")
    await node.clock.sleep(5)
    pod = await node.get()
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], state["reason"], state["exitCode"]) == ("Failed", "StartError", 128)
    assert state["startedAt"] == "1970-01-01T00:00:00Z"
    assert state["message"].endswith('process: exec: "gone": executable file not found in $PATH: unknown')
    assert ("Warning", "Failed", f"Error: {state['message']}") in node.recorder.events


async def test_what_is_told_when_a_node_has_no_address_left(node):
    problem = ""
    while not problem:
        try:
            node.machine.pod_addresses.take()
        except AddressPoolExhausted as error:
            problem = str(error)
    await node.run()
    await node.clock.sleep(5)
    assert ("Warning", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {problem}") in (
        node.recorder.events
    )


async def test_what_is_told_of_the_node(node):
    await node.clock.sleep(5)
    before = [each for each in node.recorder.events if each[1].startswith("Node")]
    node.machine.fail()
    await node.clock.sleep(60)
    node.recorder.events.clear()
    node.machine.boot()
    await node.clock.sleep(5)
    reboot = f"Node n1 has been rebooted, boot id: {node.machine.boot_id}"
    assert ("Normal", "Starting", "Starting kubelet.") in node.recorder.events
    assert ("Warning", "Rebooted", reboot) in node.recorder.events
    assert all(message == f"Node n1 status is now: {reason}" for _, reason, message in before)


def test_all_that_is_told_outside_of_steps_is_known():
    known = {"Pulling", "Pulled", "FailedMount", "FailedCreatePodSandBox", "Starting", "Rebooted"}
    known |= {"Unhealthy", "ProbeWarning", "NodeNotSchedulable", "NodeSchedulable", "NodeReady"}
    known |= {"NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"}
    known |= {"Resize"}  # of four Events, which test_kubelet_changes.py compares
    word = re.compile(r"[A-Z][a-z]+([A-Z][A-Za-z]+)*")
    found = set()
    for module in files.files("kubelite.node").iterdir():
        if not module.name.endswith(".py"):
            continue
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in {"record", "_record_of_node"}:
                texts = (each.value for each in ast.walk(call) if isinstance(each, ast.Constant))
                found |= {text for text in texts if isinstance(text, str) and word.fullmatch(text)}
    assert found - {"Normal", "Warning"} <= known


# --- what is missing, but not needed ------------------------------------------------------------------------


async def test_missing_pull_secrets_are_told_of_and_the_pod_runs(node):
    here = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "here"}}
    await node.client.create(SECRETS, here, "default")
    names = ("gone", "here", "lost")
    await node.run(imagePullSecrets=[{"name": name} for name in names])
    await node.until(lambda pod: pod["status"].get("phase") == "Running")
    text = "Unable to retrieve some image pull secrets (gone, lost); "
    text += "attempting to pull the image may not succeed."
    assert ("Warning", "FailedToRetrieveImagePullSecret", text) in node.recorder.events


NO_NAMESERVERS = (
    "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is:"
)
NO_SEARCH = (
    "Search Line limits were exceeded, some search paths have been omitted, the applied search line is:"
)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"searches": ["a.b"], "nameservers": ["1.1.1.1"]}, []),
        (
            {"nameservers": ["1.1.1.1", "2.2.2.2", "3.3.3.3"]},
            [f"{NO_NAMESERVERS} 9.9.9.9 1.1.1.1 2.2.2.2"],
        ),
        ({"searches": ["a" * 2000, "b" * 40]}, [f"{NO_SEARCH} d.svc.x svc.x x {'a' * 2000}"]),
    ],
)
def test_dns_settings_beyond_the_limits_are_told_of(config, told):
    pod = {"metadata": {"name": "p", "namespace": "d"}, "spec": {"dnsConfig": config}}
    found = list(warnings(pod, Lookup(), "9.9.9.9", "x"))
    assert found == [("DNSConfigForming", text) for text in told]
