"""What a container is started with: command, environment, files, ports, of pod, image and node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from kubelite.apimachinery.scheme import Object
from kubelite.images.files import FileSystem
from kubelite.network import NetworkNamespace
from kubelite.node import etcfiles
from kubelite.node.cgroupfiles import cgroup_directory
from kubelite.node.cri import TERMINATION_LOG, ContainerConfig
from kubelite.node.environment import PodFacts, command_line, container_environment
from kubelite.node.procfiles import may_change_network, proc_directory
from kubelite.node.rootfs import ANYBODY, make_root, mount_file
from kubelite.node.securitycontext import check_non_root, user_of
from kubelite.node.variables import Variables
from kubelite.node.volumes import Volume, mount_volumes, read_volume

if TYPE_CHECKING:
    from kubelite.images.registry import Image
    from kubelite.node.machine import Machine
    from kubelite.node.workerhost import WorkerHost

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where images that say nothing have their programs."""
DEFAULT_HOME: Final = "/root"


def container_config(
    host: WorkerHost,
    raw: Object,
    attempt: int,
    *,
    facts: PodFacts,
    volumes: Mapping[str, Volume],
    network: NetworkNamespace,
    resources: Callable[[], Object],
) -> ContainerConfig:
    """What a container is started with.

    Args:
        host: Knows the images, and what is looked up.
        raw: The container as the pod's spec has it.
        attempt: Which start of it this is.
        facts: Of the pod.
        volumes: Of the pod.
        network: Of the pod.
        resources: Tells what the container has of the node, which may change while it runs.

    Raises:
        ConfigError: It cannot be had: a key of a ConfigMap is not there, a path is not allowed.
        ImageNotFound: The image is gone.
    """
    pod = facts.pod
    metadata, machine = pod["metadata"], host.machine
    found = host.images.resolve(raw["image"])
    check_non_root(pod, raw, found)
    links = pod["spec"].get("enableServiceLinks") is not False
    variables = container_environment(
        raw,
        facts,
        host.lookup,
        host.services_of(metadata["namespace"], links=links),
        partial(read_volume, volumes),
    )
    hostname = etcfiles.kernel_hostname(pod, machine.config.cluster_domain, machine.name)
    first = {"PATH": DEFAULT_PATH, **dict(found.env), "HOSTNAME": hostname}
    env = Variables(first, *variables.layers)
    if "HOME" not in env:
        env = Variables(*env.layers, {"HOME": DEFAULT_HOME if user_of(pod, raw, found).uid == 0 else "/"})
    working_dir = raw.get("workingDir") or found.working_dir
    if any("subPath" in mount or "subPathExpr" in mount for mount in raw.get("volumeMounts") or ()):
        mount_volumes(FileSystem(), raw, volumes, variables)

    return ContainerConfig(
        pod_uid=metadata["uid"],
        pod_name=metadata["name"],
        namespace=metadata["namespace"],
        name=raw["name"],
        attempt=attempt,
        image_name=raw["image"],
        image=found,
        shell=host.images.shell,
        argv=command_line(raw, found.entrypoint, variables, found.default_args),
        env=env,
        working_dir=working_dir,
        hostname=hostname,
        node_name=machine.name,
        ip=network.address,
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        ports=tuple(
            port["containerPort"]
            for port in raw.get("ports") or ()
            if (port.get("protocol") or "TCP") == "TCP"
        ),
        network=network,
        make_files=partial(
            _make_files, machine, pod, raw, variables, volumes, working_dir, network, found, resources
        ),
        stdin=bool(raw.get("stdin")),
        stdin_once=bool(raw.get("stdinOnce")),
        termination_path=raw.get("terminationMessagePath") or TERMINATION_LOG,
        termination_from_log=raw.get("terminationMessagePolicy") == "FallbackToLogsOnError",
    )


def _make_files(
    machine: Machine,
    pod: Object,
    raw: Object,
    variables: Mapping[str, str],
    volumes: Mapping[str, Volume],
    working_dir: str,
    network: NetworkNamespace,
    image: Image,
    resources: Callable[[], Object],
) -> FileSystem:
    files = make_root(machine, image, working_dir)
    config = machine.config
    dns = etcfiles.dns_settings(pod, config.cluster_dns, config.cluster_domain)
    mount_file(files, "/etc/hosts", _hosts(machine, pod, network))
    mount_file(files, "/etc/resolv.conf", etcfiles.resolv_conf(dns))
    hostname = etcfiles.kernel_hostname(pod, config.cluster_domain, machine.name)
    mount_file(files, "/etc/hostname", f"{hostname}\n")
    mount_file(files, raw.get("terminationMessagePath") or TERMINATION_LOG, "", ANYBODY)
    mount_volumes(files, raw, volumes, variables)
    user = user_of(pod, raw, image)
    files.mount("/sys/fs/cgroup", cgroup_directory(resources))
    files.mount("/proc", proc_directory(pod, raw, user))
    files.user = attrs.evolve(user, net_admin=user.uid == 0 and may_change_network(raw))
    files.read_only = bool((raw.get("securityContext") or {}).get("readOnlyRootFilesystem"))
    return files


def _hosts(machine: Machine, pod: Object, network: NetworkNamespace) -> str:
    if pod["spec"].get("hostNetwork"):
        return etcfiles.host_network_hosts_file(pod, machine.files.read_text("/etc/hosts"))
    return etcfiles.hosts_file(pod, network.address, machine.config.cluster_domain)
