"""The volumes of a pod, as directories in memory. Pure but for the directories themselves.

A volume whose content comes from the API is written as Kubernetes writes it: files are links to
`..data/NAME`, and `..data` is a link to a directory of the current version, so that an update is one swap.
A volume whose source is missing raises `MountError`: the pod waits and tries again.

Source: pkg/volume/util/atomic_writer.go, pkg/volume/{configmap,secret,downwardapi,projected,emptydir}.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Mapping
from typing import Final, TypeAlias

from kubelite.api.resourcelist import amount
from kubelite.apimachinery.meta import controller_of
from kubelite.apimachinery.scheme import Object
from kubelite.images.files import FileSystem
from kubelite.images.inodes import Directory, File, Mount, Node, Symlink
from kubelite.images.permissions import STICKY
from kubelite.images.registry import Image
from kubelite.node.environment import ConfigError, expand
from kubelite.node.payloads import MountError, Payload, Sources, payload_of
from kubelite.node.rootfs import image_files
from kubelite.node.securitycontext import group_of_files
from kubelite.node.volumeowner import READABLE, WRITABLE, give_to_group

VOLUME_MODE: Final = 0o777
PROVISIONED: Final = "pv.kubernetes.io/provisioned-by"
TMPFS: Final = "tmpfs"
_IN_MEMORY: Final = frozenset({"secret", "projected", "downwardAPI"})
_DATA: Final = "..data"
_FROM_API: Final = frozenset({"configMap", "secret", "projected", "persistentVolumeClaim", "ephemeral"})


Volume: TypeAlias = Directory | File | Mount
"""What a volume is in memory: a directory, a single file of the node, or what nobody may change."""


class ClaimError(MountError):
    """What a volume stands for cannot be found out yet."""


def make_volumes(sources: Sources, now: float) -> dict[str, Volume]:
    """Each volume of the pod, but images: these come with the containers that mount them.

    Raises:
        MountError: Sources are missing; it tells of each volume, and of all claims together.

    Source: pkg/kubelet/volumemanager/volume_manager.go, .../populator/desired_state_of_world_populator.go.
    """
    made: dict[str, Volume] = {}
    of_claims: dict[str, str] = {}
    texts: list[str] = []
    for volume in sources.facts.pod["spec"].get("volumes") or ():
        if "image" in volume:
            continue
        try:
            made[volume["name"]] = _make_volume(volume, sources, now)
        except ClaimError as error:
            of_claims[volume["name"]] = str(error)
        except MountError as error:
            texts += error.texts
    if of_claims:
        names = f"[{' '.join(sorted(of_claims))}]"
        which = f"unmounted volumes={names}, unattached volumes=[], failed to process volumes={names}"
        why = "; ".join(sorted(set(of_claims.values())))
        texts.append(f"Unable to attach or mount volumes: {which}: {why}")
    if texts:
        raise MountError(*texts)
    return made


def update_volumes(volumes: Mapping[str, Volume], sources: Sources, now: float) -> None:
    """Bring contents from the API up to date; what has become impossible stays as it was."""
    for volume in sources.facts.pod["spec"].get("volumes") or ():
        try:
            payload = payload_of(volume, sources)
            directory = volumes.get(volume["name"])
            if payload is not None and isinstance(directory, Directory):
                write_payload(directory, payload, now, group_of_files(sources.facts.pod))
        except MountError:
            continue


def has_api_content(pod: Object) -> bool:
    """Whether a pod needs a ConfigMap, a Secret, a token or a claim, for volumes, variables or images."""
    spec = pod["spec"]
    if spec.get("imagePullSecrets"):
        return True
    for volume in spec.get("volumes") or ():
        if not volume.keys().isdisjoint(_FROM_API):
            return True
    for field in ("containers", "initContainers"):
        for container in spec.get(field) or ():
            if container.get("envFrom"):
                return True
            for variable in container.get("env") or ():
                if (
                    not (variable.get("valueFrom") or {})
                    .keys()
                    .isdisjoint({"configMapKeyRef", "secretKeyRef"})
                ):
                    return True
    return False


def write_payload(
    directory: Directory, payload: Mapping[str, Payload], now: float, group: int | None = None
) -> None:
    """Let `directory` show exactly the files of `payload`; nothing happens if it does already.

    Args:
        directory: Of the volume.
        payload: Its files.
        now: Their time.
        group: The `fsGroup` of the pod, which may read them.

    Raises:
        MountError: One of the files stands where another one needs a directory.
    """
    current = directory.entries.get(_DATA)
    version = directory.entries.get(current.target) if isinstance(current, Symlink) else None
    bits = 0 if group is None else READABLE
    if isinstance(version, Directory) and _content(version) == {
        n: (p.data, p.mode | bits) for n, p in payload.items()
    }:
        return
    fresh = Directory(mtime=now)
    for path, file in payload.items():
        *parents, name = path.split("/")
        place = fresh
        for parent in parents:
            inner = place.entries.setdefault(parent, Directory(mtime=now))
            if not isinstance(inner, Directory):
                raise MountError(f"mkdir {path.rpartition('/')[0]}: not a directory")
            place = inner
        if name in place.entries:
            raise MountError(f"open {path}: is a directory")
        place.entries[name] = File(file.data, file.mode, now, file.uid)
    if group is not None:
        give_to_group(fresh, group)
    label = f"..{int(now * 1000):x}"
    while label in directory.entries:
        label += "_"
    tops = {path.split("/")[0] for path in payload}
    entries: dict[str, Node] = {label: fresh, _DATA: Symlink(label, mtime=now)}
    links = {name: Symlink(f"{_DATA}/{name}", mtime=now) for name in sorted(tops)}
    directory.entries.clear()
    directory.entries.update({**entries, **links})


def mount_volumes(
    files: FileSystem, container: Object, volumes: Mapping[str, Volume], variables: Mapping[str, str]
) -> None:
    """Mount what the container asks for.

    Args:
        files: The container's.
        container: Its spec.
        volumes: Of the pod.
        variables: What a `subPathExpr` may refer to.

    Raises:
        ConfigError: An expanded subPath leaves its volume or lacks a variable, or no volume has the name.
    """
    mounts = container.get("volumeMounts") or ()
    # As container runtimes do, so that a mount inside of another one is not hidden by it.
    for mount in sorted(mounts, key=lambda mount: posixpath.normpath(mount["mountPath"]).count("/")):
        volume = volumes.get(mount["name"])
        if volume is None:
            raise ConfigError(f"failed to find volume {mount['name']}", "CreateContainerError")
        path = mount.get("subPath") or _expanded(mount.get("subPathExpr") or "", variables)
        shown = volume.target if isinstance(volume, Mount) else volume
        target = _sub_path(shown, path, mount["name"]) if path else shown
        read_only = bool(mount.get("readOnly")) or isinstance(volume, Mount)
        files.mount(mount["mountPath"], target, read_only=read_only)


def read_volume(volumes: Mapping[str, Volume], name: str, path: str) -> str | None:
    """The text of a file in a volume; None if there is none."""
    volume = volumes.get(name)
    files = FileSystem(volume) if isinstance(volume, Directory) else FileSystem()
    return files.read_text(path) if files.is_file(path) else None


def _expanded(expression: str, variables: Mapping[str, str]) -> str:
    """A `subPathExpr` with its variables, none of which may be missing or empty."""
    missing: set[str] = set()

    class Noting(dict[str, str]):
        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
            if not variables.get(name):
                missing.add(name)
            return variables.get(name, default)

    path = expand(expression, Noting())
    if missing:
        raise ConfigError(f"missing value for {', '.join(sorted(missing))}")
    return path


def _sub_path(volume: object, path: str, name: str) -> Directory | File:
    """What stands at `path` in the volume, by value: later versions of it are not seen."""
    if path.startswith("/") or ".." in path.split("/") or not isinstance(volume, Directory):
        raise ConfigError(f'failed to prepare subPath for volumeMount "{name}" of container')
    inside = FileSystem(volume)
    parts = path.split("/")
    try:
        if not inside.exists(path):
            for end in range(1, len(parts) + 1):  # each as open as the volume itself
                inside.mkdir("/".join(parts[:end]), mode=volume.mode)
        node = inside.node(path)
    except OSError as error:  # what the pod's containers made there does not lead anywhere
        raise ConfigError(f'failed to prepare subPath for volumeMount "{name}" of container') from error
    assert isinstance(node, Directory | File)
    return node


# --- contents -------------------------------------------------------------------------------------------


def _make_volume(volume: Object, sources: Sources, now: float) -> Volume:
    if "hostPath" in volume:
        return _host_path(volume, sources.host)
    if "persistentVolumeClaim" in volume or "ephemeral" in volume:
        return _claimed(volume, sources)
    payload = payload_of(volume, sources)
    group = group_of_files(sources.facts.pod)
    directory = _empty(volume, group, now)
    if payload is not None:
        try:
            write_payload(directory, payload, now, group)
        except MountError as error:
            raise MountError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from error
    elif "emptyDir" not in volume and set(volume) != {"name"}:
        kind = next(key for key in volume if key != "name")
        raise MountError(
            f'MountVolume.SetUp failed for volume "{volume["name"]}" : no volume plugin for {kind}'
        )
    return directory


def _empty(volume: Object, group: int | None, now: float) -> Directory:
    """The directory of an emptyDir, or of a volume whose files come from the API."""
    directory = Directory(mode=VOLUME_MODE, mtime=now)
    empty = volume.get("emptyDir") or {}
    if empty.get("medium") == "Memory" or not volume.keys().isdisjoint(_IN_MEMORY):
        directory.medium, directory.mode = TMPFS, VOLUME_MODE | STICKY
        directory.size_limit = amount("memory", empty.get("sizeLimit") or "0")
    if group is not None:
        give_to_group(directory, group, WRITABLE if "emptyDir" in volume else READABLE)
    return directory


def image_volume(image: Image) -> Mount:
    """The files of an image, which nobody may change."""
    return Mount(image_files(image), read_only=True)


def _claimed(volume: Object, sources: Sources) -> Volume:
    """The volume that a claim is bound to."""
    metadata = sources.facts.pod["metadata"]
    namespace = metadata["namespace"]
    name = (volume.get("persistentVolumeClaim") or {}).get("claimName") or (
        f"{metadata['name']}-{volume['name']}"
    )
    problem = f"error processing PVC {namespace}/{name}: "
    claim = sources.lookup.claim(namespace, name)
    if claim is None:
        text = f'failed to fetch PVC from API server: persistentvolumeclaims "{name}" not found'
        raise ClaimError(problem + text)
    if claim["metadata"].get("deletionTimestamp"):
        raise ClaimError(f"{problem}PVC is being deleted")
    if (claim.get("status") or {}).get("phase") != "Bound":
        raise ClaimError(f"{problem}PVC is not bound")
    bound = claim["spec"].get("volumeName")
    if not bound:
        raise ClaimError(f"{problem}PVC has empty pvc.Spec.VolumeName")
    owner = controller_of(claim)
    if "ephemeral" in volume and (owner is None or owner["uid"] != metadata["uid"]):
        text = f"was not created for pod {namespace}/{metadata['name']} (pod is not owner)"
        raise ClaimError(f"PVC {namespace}/{name} {text}")
    found = sources.lookup.persistent_volume(bound)
    if found is None:
        text = f'failed to fetch PV {bound} from API server: persistentvolumes "{bound}" not found'
        raise ClaimError(problem + text)
    reference = found["spec"].get("claimRef")
    if reference is None:
        text = "it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim"
        raise ClaimError(f"{problem}found PV object {bound} but {text}")
    theirs, ours = reference.get("uid") or "", claim["metadata"]["uid"]
    if theirs != ours:
        text = f"its pv.Spec.ClaimRef.UID {theirs} does not point to claim.UID {ours}"
        raise ClaimError(f"{problem}found PV object {bound} but {text}")
    if "hostPath" in found["spec"]:
        source = found["spec"]["hostPath"]
        if PROVISIONED in (found["metadata"].get("annotations") or {}):
            sources.host.mkdir(source["path"], mode=VOLUME_MODE)
        return _host_path({"name": bound, "hostPath": source}, sources.host)
    if "local" in found["spec"]:
        source = {"path": found["spec"]["local"]["path"], "type": "Directory"}
        return _host_path({"name": bound, "hostPath": source}, sources.host)
    raise MountError(f'MountVolume.SetUp failed for volume "{bound}" : no volume plugin matched')


_HOST_PATH_WORDS: Final = {
    "Directory": "directory",
    "DirectoryOrCreate": "directory",
    "File": "file",
    "FileOrCreate": "file",
    "Socket": "socket file",
    "CharDevice": "character device",
    "BlockDevice": "block device",
}


_HOST_PATH_KINDS: Final[Mapping[str, tuple[type[Volume], ...]]] = {
    "": (Directory, File),
    "Directory": (Directory,),
    "DirectoryOrCreate": (Directory,),
    "File": (File,),
    "FileOrCreate": (File,),
}
"""What of the node suits which type; it has neither sockets nor devices."""


def _host_path(volume: Object, host: FileSystem) -> Volume:
    path, type_ = volume["hostPath"]["path"], volume["hostPath"].get("type") or ""
    found: object = None
    with contextlib.suppress(OSError):  # nothing can be made or found there
        if not host.exists(path):
            if type_ == "FileOrCreate":
                host.write(path, b"")
            elif type_ in {"", "DirectoryOrCreate"}:
                host.mkdir(path)
        found = host.node(path)
    if isinstance(found, Directory | File) and isinstance(found, _HOST_PATH_KINDS.get(type_, ())):
        return found
    problem = f"hostPath type check failed: {path} is not a {_HOST_PATH_WORDS.get(type_, type_)}"
    raise MountError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {problem}')


def _content(directory: Directory, prefix: str = "") -> dict[str, tuple[bytes, int]]:
    found: dict[str, tuple[bytes, int]] = {}
    for name, node in directory.entries.items():
        if isinstance(node, File):
            found[prefix + name] = (node.data, node.mode)
        elif isinstance(node, Directory):
            found.update(_content(node, f"{prefix}{name}/"))
    return found
