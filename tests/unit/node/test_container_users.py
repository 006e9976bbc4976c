"""Who containers run as, and whom the files of volumes belong to."""

from __future__ import annotations

import pytest

from kubelite.images.builtin import make_registry
from kubelite.images.files import FileSystem
from kubelite.images.inodes import Directory
from kubelite.images.registry import image
from kubelite.node.containerstate import ContainerState, Kind, Stage, Terminated, restarts, spec_of
from kubelite.node.environment import ConfigError, PodFacts, container_environment
from kubelite.node.etcfiles import hostname_of, kernel_hostname
from kubelite.node.payloads import Payload, Sources
from kubelite.node.procfiles import capabilities, forbidden_setting, proc_directory
from kubelite.node.securitycontext import check_non_root, owner_of_files, user_of
from kubelite.node.volumeowner import WRITABLE, give_to_group
from kubelite.node.volumes import image_volume, make_volumes, mount_volumes, write_payload

AGNHOST = make_registry().resolve("registry.k8s.io/e2e-test-images/agnhost:2.47")
BUSYBOX = make_registry().resolve("busybox:1.36")


def pod_of(context=None, *containers, **spec):
    metadata = {"name": "p", "namespace": "n", "uid": "u"}
    named = [{"name": f"c{at}", **each} for at, each in enumerate(containers)]
    return {"metadata": metadata, "spec": {"securityContext": context or {}, "containers": named, **spec}}


def running(context, own=None, image=BUSYBOX):
    container = {"name": "c0", "securityContext": own or {}}
    return user_of(pod_of(context, container), container, image)


def test_a_container_beats_its_pod_and_both_beat_the_image():
    assert running({}).uid == 0
    assert running({"runAsUser": 1001, "runAsGroup": 2001}).gid == 2001
    user = running({"runAsUser": 1001, "runAsGroup": 2001}, {"runAsUser": 1002, "runAsGroup": 2002})
    assert (user.uid, user.gid, user.groups) == (1002, 2002, (2002,))


def test_a_user_whom_the_image_knows_has_its_groups_unless_the_policy_is_strict():
    context = {"runAsUser": 1000, "supplementalGroups": [60000]}
    assert running(context, image=AGNHOST).groups == (1000, 50000, 60000)
    assert running({**context, "supplementalGroupsPolicy": "Strict"}, image=AGNHOST).groups == (1000, 60000)
    assert running(context).groups == (0, 60000)
    assert running({"fsGroup": 5, "supplementalGroups": [7]}).groups == (0, 7, 5)


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        ({"runAsNonRoot": True}, "container has runAsNonRoot and image will run as root"),
        ({"runAsNonRoot": True, "runAsUser": 0}, "container's runAsUser breaks non-root policy"),
        ({"runAsNonRoot": True, "runAsUser": 1}, None),
        ({"runAsUser": 0}, None),
    ],
)
def test_who_is_not_to_be_root_is_refused_as_root(context, problem):
    container = {"name": "c0"}
    if problem is None:
        check_non_root(pod_of(context, container), container, BUSYBOX)
        return
    with pytest.raises(ConfigError) as caught:
        check_non_root(pod_of(context, container), container, BUSYBOX)
    assert str(caught.value) == f'{problem} (pod: "p_n(u)", container: c0)'
    assert caught.value.reason == "CreateContainerConfigError"


def test_tokens_belong_to_the_user_whom_all_containers_have():
    own = {"securityContext": {"runAsUser": 5}}
    assert owner_of_files(pod_of({"runAsUser": 5}, {}, own)) == 5
    assert owner_of_files(pod_of({}, {}, own)) is None
    assert owner_of_files(pod_of({}, {})) is None


class Lookup:
    def config_map(self, _namespace, _name):
        return {"data": {"k": "v"}}

    secret = claim = config_map


def volumes_of(context, *volumes):
    pod = pod_of(context, {}, volumes=list(volumes))
    made = make_volumes(Sources(PodFacts(pod, "", "", {}), Lookup(), {}, FileSystem()), 1.0)
    files = FileSystem()
    mount_volumes(
        files,
        {"volumeMounts": [{"name": each["name"], "mountPath": f"/{each['name']}"} for each in volumes]},
        made,
        {},
    )
    return files


def test_the_group_of_a_pod_may_read_files_and_write_to_empty_directories():
    files = volumes_of(
        {"fsGroup": 123},
        {"name": "cm", "configMap": {"name": "x", "defaultMode": 0o400}},
        {"name": "disk", "emptyDir": {}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
    )
    assert (files.stat("/cm/k").mode, files.stat("/cm/k").gid) == (0o440, 123)
    assert (files.stat("/disk").mode, files.stat("/disk").gid) == (0o2777, 123)
    assert files.stat("/memory").mode == 0o3777
    assert [files.medium(path) for path in ("/cm", "/disk", "/memory")] == ["", "", "tmpfs"]


def test_without_a_group_modes_are_as_written():
    files = volumes_of(
        {}, {"name": "cm", "configMap": {"name": "x", "defaultMode": 0o400}}, {"name": "e", "emptyDir": {}}
    )
    assert (files.stat("/cm/k").mode, files.stat("/cm/k").gid) == (0o400, 0)
    assert files.stat("/e").mode == 0o777


def test_files_of_a_group_are_written_anew_only_when_they_change():
    directory = Directory()
    write_payload(directory, {"a/b": Payload(b"x", 0o400)}, 1.0, 7)
    first = dict(directory.entries)
    write_payload(directory, {"a/b": Payload(b"x", 0o400)}, 2.0, 7)
    assert directory.entries == first
    write_payload(directory, {"a/b": Payload(b"y", 0o400)}, 3.0, 7)
    assert FileSystem(directory).read("/a/b") == b"y"
    assert FileSystem(directory).stat("/a/b").mode == 0o440


def test_a_group_gets_what_is_there_already():
    files = FileSystem()
    files.write("/f", "", mode=0o600)
    files.mkdir("/d", mode=0o700)
    give_to_group(files.root, 9, WRITABLE)
    assert (files.stat("/f").mode, files.stat("/f").gid) == (0o660, 9)
    assert files.stat("/d").mode == 0o2770


def test_a_sub_path_that_is_made_is_as_open_as_its_volume():
    files = FileSystem()
    volume = Directory(mode=0o3777, gid=123)
    mount_volumes(
        files, {"volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a/b"}]}, {"v": volume}, {}
    )
    assert (files.stat("/v").mode, files.stat("/v").gid) == (0o3777, 123)


def test_an_image_is_a_volume_that_nobody_changes():
    files = FileSystem()
    made = {"i": image_volume(BUSYBOX)}
    mount_volumes(files, {"volumeMounts": [{"name": "i", "mountPath": "/i"}]}, made, {})
    assert "root:x:0:0:" in files.read_text("/i/etc/passwd")
    assert files.is_file("/i/bin/sh")
    with pytest.raises(OSError, match="Read-only"):
        files.write("/i/x", "")


def test_settings_that_are_not_safe_are_forbidden():
    def asks(*names):
        return pod_of({"sysctls": [{"name": name, "value": "1"} for name in names]})

    assert forbidden_setting(asks("kernel.shm_rmid_forced", "net/ipv4/tcp_syncookies")) is None
    assert forbidden_setting(asks("kernel.shm_rmid_forced", "kernel.msgmax")) == "kernel.msgmax"


def test_proc_tells_of_settings_users_and_rights():
    context = {"runAsUser": 7, "sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}
    container = {"name": "c0", "securityContext": {"allowPrivilegeEscalation": False}}
    pod = pod_of(context, container)
    files = FileSystem(proc_directory(pod, container, user_of(pod, container, BUSYBOX)))
    assert files.read("/sys/kernel/shm_rmid_forced") == b"1\n"
    assert files.read("/sys/net/ipv4/tcp_syncookies") == b"1\n"
    lines = files.read_text("/self/status").splitlines()
    assert {"Uid:\t7\t7\t7\t7", "NoNewPrivs:\t1", "CapEff:\t0000000000000000"} <= set(lines)


def test_capabilities_are_added_and_dropped():
    def of(**context):
        return capabilities({"securityContext": context})

    assert f"{of():x}" == "a80425fb"
    assert of(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}) == 1 << 12
    assert of(capabilities={"drop": ["CHOWN"]}) == 0xA80425FA
    assert of(privileged=True) == (1 << 41) - 1


def test_variables_come_from_files_of_volumes():
    text = "# a comment\nONE='1'\n  TWO = 'a b'\nTHREE='x\ny'\nBAD=no\n"

    def of(key, **more):
        reference = {"volumeName": "v", "path": "p", "key": key, **more}
        container = {"env": [{"name": "A", "valueFrom": {"fileKeyRef": reference}}]}
        reads = {("v", "p"): text}
        return container_environment(
            container, PodFacts(pod_of({}), "", "", {}), Lookup(), {}, lambda *at: reads.get(at)
        )

    assert [of(key)["A"] for key in ("ONE", "TWO", "THREE")] == ["1", "a b", "x\ny"]
    assert "A" not in of("BAD", optional=True)
    for reference in ({"key": "BAD"}, {"key": "ONE", "path": "none"}):
        with pytest.raises(ConfigError):
            of(**reference)


@pytest.mark.parametrize(
    ("spec", "short", "kernel"),
    [
        ({}, "p", "p"),
        ({"hostname": "h", "subdomain": "s"}, "h", "h"),
        ({"hostname": "h", "subdomain": "s", "setHostnameAsFQDN": True}, "h", "h.s.n.svc.cluster.local"),
        ({"setHostnameAsFQDN": True}, "p", "p"),
        ({"hostNetwork": True, "hostname": "h"}, "h", "node-1"),
        ({"hostnameOverride": "over.example.com", "subdomain": "s"}, "over.example.com", "over.example.com"),
    ],
)
def test_host_names(spec, short, kernel):
    pod = pod_of({}, **spec)
    assert (hostname_of(pod), kernel_hostname(pod, "cluster.local", "node-1")) == (short, kernel)


def rule(operator, code):
    exit_codes = {"operator": operator, "values": [code]}
    return {"restartPolicyRules": [{"action": "Restart", "exitCodes": exit_codes}]}


@pytest.mark.parametrize(
    ("raw", "policy", "code", "again"),
    [
        ({}, "Always", 0, True),
        ({}, "OnFailure", 0, False),
        ({}, "Never", 1, False),
        ({"restartPolicy": "Never"}, "Always", 1, False),
        ({"restartPolicy": "OnFailure"}, "Never", 1, True),
        (rule("In", 42), "Never", 42, True),
        (rule("In", 42), "Never", 1, False),
        (rule("NotIn", 0), "Never", 1, True),
    ],
)  # fmt: skip
def test_a_container_begins_again_by_its_rules_its_policy_or_its_pods(raw, policy, code, again):
    ended = Terminated(code, "Error", 0.0, 1.0, "id")
    container = ContainerState(spec_of({"name": "c", **raw}, Kind.APP), stage=Stage.EXITED, terminated=ended)
    assert restarts(container, policy) is again


def test_images_of_which_nothing_is_known_run_as_whoever_they_like():
    foreign = image(lambda: None, "factory")
    container = {"name": "c0"}
    check_non_root(pod_of({"runAsNonRoot": True}, container), container, foreign)
    unprivileged = make_registry().resolve("nginxinc/nginx-unprivileged")
    check_non_root(pod_of({"runAsNonRoot": True}, container), container, unprivileged)
    assert running({}, image=unprivileged).uid == 101


def test_only_privileged_containers_change_settings():
    path = "/sys/net/ipv4/tcp_syncookies"
    for privileged in (False, True):
        container = {"name": "c0", "securityContext": {"privileged": privileged}}
        pod = pod_of({}, container)
        files = FileSystem(proc_directory(pod, container, user_of(pod, container, BUSYBOX)))
        if privileged:
            files.write(path, "0\n")
        else:
            with pytest.raises(OSError, match="Read-only"):
                files.write(path, "0\n")
        assert files.read(path) == (b"0\n" if privileged else b"1\n")
