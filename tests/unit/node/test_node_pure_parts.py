"""Environment, volumes, logs, probes and the files in /etc."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery.timestamps import parse_time
from kubelite.images.files import FileSystem
from kubelite.images.inodes import Directory
from kubelite.node.environment import (
    ConfigError,
    PodFacts,
    command_line,
    container_environment,
    expand,
    resource_value,
    service_environment,
)
from kubelite.node.etcfiles import dns_settings, hosts_file, resolv_conf
from kubelite.node.lifecycle import go_duration
from kubelite.node.logs import ContainerLog, LogOptions
from kubelite.node.payloads import MountError, Payload, Sources
from kubelite.node.probes import Prober, initial_state, observe, probe_spec
from kubelite.node.volumes import make_volumes, mount_volumes, update_volumes, write_payload


class Lookup:
    def __init__(self, config_maps=(), secrets=()):
        self.config_maps, self.secrets = dict(config_maps), dict(secrets)

    def config_map(self, namespace, name):
        return self.config_maps.get(name)

    def secret(self, namespace, name):
        return self.secrets.get(name)


def make_pod(**spec):
    metadata = {"name": "web-1", "namespace": "shop", "uid": "u", "labels": {"b": "2", "a": 'x"y'}}
    return {"metadata": metadata, "spec": {"containers": [{"name": "c"}], **spec}}


def facts(pod=None):
    return PodFacts(pod or make_pod(), "10.0.0.1", "10.9.9.9", {"cpu": "8", "memory": "1Gi"})


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("$$(A)", "$(A)"),
        ("$(MISSING)/x", "$(MISSING)/x"),
        ("a$(A)b$(B)", "a1b2"),
        ("$A $(A", "$A $(A"),
        ("end$", "end$"),
    ],
)
def test_expansion(text, expanded):
    assert expand(text, {"A": "1", "B": "2"}) == expanded


@given(st.text("$(A)B"))
def test_what_is_escaped_comes_out_as_it_was(text):
    assert expand(text.replace("$", "$$"), {"A": "1", "B": "2"}) == text


def test_environment_order():
    lookup = Lookup(
        {"one": {"data": {"X": "one", "Y": "one"}}, "two": {"data": {"Y": "two"}}},
        {"s": {"data": {"K": base64.b64encode(b"secret").decode()}}},
    )
    container = {
        "envFrom": [{"configMapRef": {"name": "one"}}, {"prefix": "P_", "configMapRef": {"name": "two"}}],
        "env": [
            {"name": "X", "value": "own $(Y) $(Z)"},
            {"name": "Z", "value": "late"},
            {"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "K"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "L", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['b']"}}},
            {"name": "NO", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "k", "optional": True}}},
        ],
    }
    env = container_environment(container, facts(), lookup, {"S": "service"})
    assert env == {
        "S": "service",
        "X": "own one $(Z)",
        "Y": "one",
        "P_Y": "two",
        "Z": "late",
        "K": "secret",
        "IP": "10.0.0.1",
        "L": "2",
    }
    assert command_line({"command": ["run"], "args": ["$(Y)"]}, ("image",), env) == ("run", "one")
    assert command_line({"args": ["x"]}, ("image",), env) == ("image", "x")
    assert command_line({"args": ["x"]}, ("image",), env, ("default",)) == ("image", "x")
    assert command_line({"command": ["run"]}, ("image",), env, ("default",)) == ("run",)
    assert command_line({}, ("image",), env, ("default",)) == ("image", "default")


def test_a_missing_source_is_a_config_error():
    with pytest.raises(ConfigError, match='configmap "no" not found'):
        container_environment({"envFrom": [{"configMapRef": {"name": "no"}}]}, facts(), Lookup(), {})


def test_resource_fields_round_up():
    container = {"resources": {"requests": {"cpu": "1250m"}}}
    assert resource_value({"resource": "requests.cpu"}, container, facts()) == "2"
    assert resource_value({"resource": "requests.cpu", "divisor": "1m"}, container, facts()) == "1250"
    assert resource_value({"resource": "limits.cpu"}, container, facts()) == "8"
    assert resource_value({"resource": "limits.memory", "divisor": "1Mi"}, container, facts()) == "1024"
    assert resource_value({"resource": "requests.memory"}, container, facts()) == "0"


def test_service_variables():
    def service(name, namespace, ip, *ports):
        return {
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"clusterIP": ip, "ports": list(ports)},
        }

    services = [
        service("kubernetes", "default", "10.0.0.1", {"name": "https", "port": 443}),
        service("back-end", "shop", "10.0.0.2", {"port": 80, "protocol": "TCP"}),
        service("headless", "shop", "None", {"port": 80}),
        service("other", "default", "10.0.0.3", {"port": 80}),
    ]
    env = service_environment(services, "shop", links=True)
    assert env["BACK_END_SERVICE_HOST"] == "10.0.0.2"
    assert env["BACK_END_PORT_80_TCP"] == "tcp://10.0.0.2:80"
    assert env["KUBERNETES_SERVICE_PORT_HTTPS"] == "443"
    assert not any("OTHER" in name or "HEADLESS" in name for name in env)
    assert all(name.startswith("KUBERNETES") for name in service_environment(services, "shop", links=False))


def test_volumes_swap_their_content_at_once():
    lookup = Lookup({"cm": {"data": {"a": "1", "b": "2"}}})
    pod = make_pod(volumes=[{"name": "v", "configMap": {"name": "cm"}}, {"name": "e", "emptyDir": {}}])
    sources = Sources(facts(pod), lookup, {}, FileSystem())
    volumes = make_volumes(sources, 1.0)
    one, two = FileSystem(), FileSystem()
    mounts = [{"name": "v", "mountPath": "/etc/v", "readOnly": True}, {"name": "e", "mountPath": "/e"}]
    for files in (one, two):
        mount_volumes(files, {"volumeMounts": mounts}, volumes, {})
    assert one.read("/etc/v/a") == b"1"
    assert [name for name in one.list("/etc/v") if not name.startswith("..")] == ["a", "b"]
    with pytest.raises(OSError, match="Read-only"):
        one.write("/etc/v/a", "x")
    one.write("/e/shared", "hello")
    assert two.read_text("/e/shared") == "hello"
    lookup.config_maps["cm"] = {"data": {"a": "new"}}
    update_volumes(volumes, sources, 2.0)
    assert two.read("/etc/v/a") == b"new"
    assert not two.exists("/etc/v/b")


def test_a_missing_volume_source_says_so():
    pod = make_pod(volumes=[{"name": "v", "secret": {"secretName": "no"}}])
    with pytest.raises(MountError, match='MountVolume.SetUp failed for volume "v" : secret "no" not found'):
        make_volumes(Sources(facts(pod), Lookup(), {}, FileSystem()), 1.0)


def test_downward_files_are_sorted_and_quoted():
    item = {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}
    pod = make_pod(volumes=[{"name": "v", "downwardAPI": {"items": [item]}}])
    volumes = make_volumes(Sources(facts(pod), Lookup(), {}, FileSystem()), 1.0)
    assert FileSystem(volumes["v"]).read_text("/labels") == 'a="x\\"y"\nb="2"'


def test_sub_paths():
    directory = Directory()
    write_payload(directory, {"key": Payload(b"x")}, 1.0)
    files = FileSystem()
    mounts = [{"name": "v", "mountPath": "/file", "subPath": "key"}]
    mount_volumes(files, {"volumeMounts": mounts}, {"v": directory}, {})
    write_payload(directory, {"key": Payload(b"y")}, 2.0)
    assert files.read("/file") == b"x"
    bad = [{"name": "v", "mountPath": "/f", "subPathExpr": "$(UP)"}]
    with pytest.raises(ConfigError):
        mount_volumes(files, {"volumeMounts": bad}, {"v": directory}, {"UP": "../.."})


@pytest.mark.parametrize("target", ["loop", "nowhere/x", "key/below"])
def test_a_sub_path_that_leads_nowhere_is_a_config_error(target):
    directory = Directory()
    inside = FileSystem(directory)
    inside.write("/key", "x")
    inside.symlink(target, "/loop")
    with pytest.raises(ConfigError, match='failed to prepare subPath for volumeMount "v"'):
        mount_volumes(
            FileSystem(),
            {"volumeMounts": [{"name": "v", "mountPath": "/f", "subPath": "loop"}]},
            {"v": directory},
            {},
        )


def test_a_sub_path_follows_links_from_where_they_stand():
    directory = Directory()
    inside = FileSystem(directory)
    inside.mkdir("/releases/2")
    inside.write("/releases/2/index", "two")
    inside.symlink("2", "/releases/current")
    files = FileSystem()
    mounts = [{"name": "v", "mountPath": "/www", "subPath": "releases/current"}]
    mount_volumes(files, {"volumeMounts": mounts}, {"v": directory}, {})
    assert files.read_text("/www/index") == "two"


@pytest.mark.parametrize("paths", [("a", "a/b"), ("a/b", "a")])
def test_files_of_a_volume_that_stand_in_each_others_way_are_not_mounted(paths):
    with pytest.raises(MountError, match="is a directory|not a directory"):
        write_payload(Directory(), {path: Payload(b"x") for path in paths}, 1.0)


def test_a_path_of_the_node_below_a_file_is_not_mounted():
    host = FileSystem()
    host.write("/file", "")
    pod = make_pod(volumes=[host_path("/file/below", "DirectoryOrCreate")])
    with pytest.raises(MountError, match="hostPath type check failed: /file/below is not a directory"):
        make_volumes(Sources(facts(pod), Lookup(), {}, host), 1.0)


def test_a_link_of_the_node_is_followed():
    host = FileSystem()
    host.mkdir("/data/1")
    host.symlink("1", "/data/now")
    volumes = make_volumes(
        Sources(facts(make_pod(volumes=[host_path("/data/now", "Directory")])), Lookup(), {}, host), 1.0
    )
    assert volumes["h"] is host.node("/data/1")


@pytest.mark.parametrize(
    ("seconds", "text"), [(10, "10s"), (80, "1m20s"), (300, "5m0s"), (3600, "1h0m0s"), (7265, "2h1m5s")]
)
def test_durations_are_as_go_prints_them(seconds, text):
    assert go_duration(seconds) == text


def test_a_mount_inside_of_another_is_seen_in_whatever_order_they_are_named():
    outer, inner, files = Directory(), Directory(), FileSystem()
    write_payload(inner, {"key": Payload(b"x")}, 1.0)
    mounts = [{"name": "inner", "mountPath": "/data/in/"}, {"name": "outer", "mountPath": "/data"}]
    mount_volumes(files, {"volumeMounts": mounts}, {"outer": outer, "inner": inner}, {})
    assert files.read("/data/in/key") == b"x"


def test_a_sub_path_needs_all_its_variables():
    mounts = [{"name": "v", "mountPath": "/f", "subPathExpr": "$(B)/$(EMPTY)/$(A)/$(C)"}]
    with pytest.raises(ConfigError, match="^missing value for B, EMPTY$"):
        mount_volumes(
            FileSystem(), {"volumeMounts": mounts}, {"v": Directory()}, {"A": "a", "C": "c", "EMPTY": ""}
        )


def host_path(path, type_=None):
    return {"name": "h", "hostPath": {"path": path, **({"type": type_} if type_ else {})}}


@pytest.mark.parametrize("type_", ["", "File", "FileOrCreate"])
def test_files_of_the_node_are_mounted(type_):
    host, files = FileSystem(), FileSystem()
    host.mkdir("/etc")
    host.write("/etc/machine-id", "abc")
    volumes = make_volumes(
        Sources(facts(make_pod(volumes=[host_path("/etc/machine-id", type_)])), Lookup(), {}, host), 1.0
    )
    mount_volumes(files, {"volumeMounts": [{"name": "h", "mountPath": "/id"}]}, volumes, {})
    assert files.read_text("/id") == "abc"
    files.write("/id", "def")
    assert host.read_text("/etc/machine-id") == "def"


def test_a_file_of_the_node_is_made_where_that_is_asked_for():
    host = FileSystem()
    host.mkdir("/var")
    make_volumes(
        Sources(facts(make_pod(volumes=[host_path("/var/new", "FileOrCreate")])), Lookup(), {}, host), 1.0
    )
    assert host.read("/var/new") == b""


def test_a_line_that_is_too_long_has_its_time_once():
    log = ContainerLog(lambda: 1.0)
    log.write("stdout", b"x" * 20_000)
    log.write("stdout", b"y\nshort\n")
    first, second = log.read(LogOptions(timestamps=True)).splitlines()
    assert first == b"1970-01-01T00:00:01.000000000Z " + b"x" * 20_000 + b"y"
    assert second == b"1970-01-01T00:00:01.000000000Z short"


@pytest.mark.parametrize(
    ("type_", "what"), [("File", "file"), ("Socket", "socket file"), ("Directory", "directory")]
)
def test_what_the_node_does_not_have_is_not_mounted(type_, what):
    host = FileSystem()
    host.write("/file", "")
    host.mkdir("/directory")
    path = "/file" if type_ == "Directory" else "/directory"
    with pytest.raises(MountError, match=f"hostPath type check failed: {path} is not a {what}"):
        make_volumes(Sources(facts(make_pod(volumes=[host_path(path, type_)])), Lookup(), {}, host), 1.0)


def test_etc_files():
    pod = make_pod(hostAliases=[{"ip": "1.2.3.4", "hostnames": ["a", "b"]}], subdomain="sub")
    hosts = hosts_file(pod, "10.0.0.1", "cluster.local")
    assert "10.0.0.1\tweb-1.sub.shop.svc.cluster.local\tweb-1\n" in hosts
    assert hosts.endswith("1.2.3.4\ta\tb\n")
    settings = dns_settings(pod, "10.96.0.10", "cluster.local")
    assert resolv_conf(settings) == (
        "search shop.svc.cluster.local svc.cluster.local cluster.local\n"
        "nameserver 10.96.0.10\noptions ndots:5\n"
    )
    alone = dns_settings(make_pod(dnsPolicy="None", dnsConfig={"nameservers": ["9.9.9.9"]}), "1", "d")
    assert resolv_conf(alone) == "nameserver 9.9.9.9\n"
    assert (settings.ndots, alone.ndots) == (5, 1)


def test_logs_are_bounded_and_cut_as_asked():
    times = iter(range(1_767_225_600, 1_767_226_600))
    log = ContainerLog(lambda: float(next(times)), bytes_max=30)
    log.write("stdout", b"one\ntwo\nthr")
    log.write("stderr", b"err\n")
    log.write("stdout", b"ee\n")
    assert log.read(LogOptions()) == b"one\ntwo\nerr\nthree\n"
    assert log.read(LogOptions(tail_lines=1)) == b"three\n"
    assert log.read(LogOptions(tail_lines=0)) == b""
    assert log.read(LogOptions(since=1_767_225_602)) == b"err\nthree\n"
    assert log.read(LogOptions(limit_bytes=5)) == b"one\nt"
    assert log.read(LogOptions(tail_lines=1, timestamps=True)) == b"2026-01-01T00:00:03.000000000Z three\n"
    log.write("stdout", b"x" * 20 + b"\n")
    assert log.read(LogOptions()) == b"three\n" + b"x" * 20 + b"\n"
    log.write("stdout", b"tail")
    log.close()
    assert log.read(LogOptions()).endswith(b"tail")
    assert "closed" in repr(log)


@given(st.floats(1_700_000_000, 1_900_000_000))
def test_the_time_that_a_log_line_shows_finds_the_line(now):
    log = ContainerLog(lambda: now)
    log.write("stdout", b"x\n")
    shown = log.read(LogOptions(timestamps=True)).split()[0].decode()
    assert log.read(LogOptions(since=parse_time(shown))) == b"x\n"


@given(st.lists(st.booleans()), st.integers(1, 4), st.integers(1, 4))
def test_probe_thresholds(outcomes, success, failure):
    spec = probe_spec("readiness", {"successThreshold": success, "failureThreshold": failure})
    state = initial_state("readiness")
    for index, outcome in enumerate(outcomes):
        before = state.healthy
        state, changed = observe(state, spec, success=outcome)
        threshold = success if outcome else failure
        recent = outcomes[max(0, index + 1 - threshold) : index + 1]
        reached = len(recent) == threshold and set(recent) == {outcome}
        assert changed == (reached and before is not outcome)
        assert state.healthy == (outcome if reached else before)


def test_a_prober_has_one_timer_and_no_task_while_it_waits():
    timers, tasks_ = [], []

    class Timer:
        def cancel(self):
            timers.remove(self)

    def call_later(delay, function):
        timer = Timer()
        timer.delay, timer.function = delay, function
        timers.append(timer)
        return timer

    prober = Prober(
        probe_spec("liveness", {"initialDelaySeconds": 3, "periodSeconds": 7}),
        check=None,
        call_later=call_later,
        pace=lambda call: call(),
        start_task=lambda coroutine: (tasks_.append(coroutine), coroutine.close()),
        tell=print,
        changed=print,
    )
    prober.start()
    assert [timer.delay for timer in timers] == [3]
    timers.pop().function()
    assert [timer.delay for timer in timers] == [7]
    assert len(tasks_) == 1
    prober.stop()
    assert not timers
    assert "liveness" in repr(prober)
