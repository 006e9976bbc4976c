"""The environment and the command of a container, as the kubelet puts them together. Pure.

Order: variables of Services, then `envFrom` (later beats earlier), then `env`, which may refer to what
stands before it as $(NAME); a reference to nothing stays as it is, $$ is a dollar sign.

Source: pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), third_party/forked/golang/expansion,
pkg/kubelet/envvars.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from kubelite.api.resourcelist import amount
from kubelite.apimachinery.scheme import Object
from kubelite.node.variables import Variables

CONFIG_ERROR: Final = "CreateContainerConfigError"
_FILE_LINE: Final = re.compile(r"^[ \t]*([^\s=#][^\s=]*)[ \t]*=[ \t]*'([^']*)'", re.MULTILINE)
"""A variable in a file of a volume: NAME='value', of one line or several."""

ReadVolume = Callable[[str, str], str | None]
"""The text of a file: (volume, path in it); None if there is none."""


def no_volume(_volume: str, _path: str) -> None:
    """Finds no file."""


class ConfigError(Exception):
    """A container cannot be made as its spec asks; `reason` is that of its waiting state."""

    def __init__(self, message: str, reason: str = CONFIG_ERROR) -> None:
        super().__init__(message)
        self.reason = reason


class Lookup(Protocol):
    """Where the kubelet finds what pods refer to."""

    def config_map(self, namespace: str, name: str) -> Object | None:
        """The ConfigMap, or None."""

    def secret(self, namespace: str, name: str) -> Object | None:
        """The Secret, or None."""

    def claim(self, namespace: str, name: str) -> Object | None:
        """The PersistentVolumeClaim, or None."""

    def persistent_volume(self, name: str) -> Object | None:
        """The PersistentVolume, or None."""


class PodFacts(NamedTuple):
    """What the downward API tells besides the pod itself.

    Attributes:
        pod: The pod.
        address: Its address.
        host_ip: The address of its node.
        allocatable: What the node has to give: quantities by resource name.
    """

    pod: Object
    address: str
    host_ip: str
    allocatable: Mapping[str, str]


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace $(NAME) by its value; unknown names stay, $$ gives $."""
    if "$" not in text:
        return text
    parts: list[str] = []
    position = 0
    while (at := text.find("$", position)) >= 0 and at + 1 < len(text):
        parts.append(text[position:at])
        following = text[at + 1]
        end = text.find(")", at + 2) if following == "(" else -1
        if following == "$":
            parts.append("$")
            position = at + 2
        elif end >= 0:
            name = text[at + 2 : end]
            parts.append(variables.get(name, text[at : end + 1]))
            position = end + 1
        else:
            parts.append("$" + following)
            position = at + 2
    parts.append(text[position:])
    return "".join(parts)


def command_line(
    container: Object,
    entrypoint: Sequence[str],
    env: Mapping[str, str],
    default_args: Sequence[str] = (),
) -> tuple[str, ...]:
    """The `argv` of a container: command and args; the image's entrypoint where there is no command.

    Args:
        container: As the pod's spec has it.
        entrypoint: Of the image, replaced by the container's command.
        env: What `$(NAME)` stands for: variables of the container, not those of its image.
        default_args: Of the image, replaced by the container's args and gone where it has a command.
    """
    command = [expand(part, env) for part in container.get("command") or ()]
    args = [expand(part, env) for part in container.get("args") or ()]
    if command:
        return (*command, *args)
    return (*entrypoint, *(args or default_args))


def container_environment(
    container: Object,
    facts: PodFacts,
    lookup: Lookup,
    services: Mapping[str, str],
    read: ReadVolume = no_volume,
) -> Variables:
    """All variables of a container; those of Services are shared, not copied.

    Args:
        container: Its spec.
        facts: What the downward API knows.
        lookup: ConfigMaps and Secrets.
        services: Variables of Services, see `service_environment`.
        read: Reads files of the pod's volumes.

    Raises:
        ConfigError: A ConfigMap, a Secret or a key which is not optional is missing.
    """
    own: dict[str, str] = {}
    env = Variables(services, own)
    for source in container.get("envFrom") or ():
        own.update(_from_source(source, facts.pod["metadata"]["namespace"], lookup))
    for variable in container.get("env") or ():
        if "valueFrom" in variable:
            source = variable["valueFrom"]
            if "fileKeyRef" in source:
                value = _from_file(source["fileKeyRef"], read)
            else:
                value = _value_from(source, container, facts, lookup)
            if value is not None:
                own[variable["name"]] = value
        else:
            own[variable["name"]] = expand(variable.get("value") or "", env)
    return env


def _from_source(source: Object, namespace: str, lookup: Lookup) -> dict[str, str]:
    reference = source.get("configMapRef") or source.get("secretRef") or {}
    name = reference.get("name") or ""
    if "configMapRef" in source:
        found, kind = lookup.config_map(namespace, name), "configmap"
        data = (found or {}).get("data") or {}
    else:
        found, kind = lookup.secret(namespace, name), "secret"
        data = {key: _decode(value) for key, value in ((found or {}).get("data") or {}).items()}
    if found is None and not reference.get("optional"):
        raise ConfigError(f'{kind} "{name}" not found')
    prefix = source.get("prefix") or ""
    return {prefix + key: value for key, value in data.items()}


def _from_file(reference: Object, read: ReadVolume) -> str | None:
    """The value of a `fileKeyRef`; None if it is optional and not there."""
    path, key = reference["path"], reference["key"]
    text = read(reference["volumeName"], path)
    found: dict[str, str] = dict(_FILE_LINE.findall(text or ""))
    if key in found:
        return found[key]
    if reference.get("optional"):
        return None
    raise ConfigError(
        f'file "{path}" not found'
        if text is None
        else f"environment variable key {key!r} not found in file {path!r}"
    )


def _value_from(source: Object, container: Object, facts: PodFacts, lookup: Lookup) -> str | None:
    namespace = facts.pod["metadata"]["namespace"]
    match source:
        case {"fieldRef": reference}:
            return field_value(reference["fieldPath"], facts)
        case {"resourceFieldRef": reference}:
            return resource_value(reference, container, facts)
        case {"configMapKeyRef": reference}:
            found = lookup.config_map(namespace, reference.get("name") or "")
            return _key(
                found, reference, "configmap", "ConfigMap", namespace, (found or {}).get("data") or {}
            )
        case {"secretKeyRef": reference}:
            found = lookup.secret(namespace, reference.get("name") or "")
            data = {key: _decode(value) for key, value in ((found or {}).get("data") or {}).items()}
            return _key(found, reference, "secret", "Secret", namespace, data)
        case _:
            return None


def _key(
    found: Object | None, reference: Object, kind: str, proper: str, namespace: str, data: Mapping[str, str]
) -> str | None:
    name, key = reference.get("name") or "", reference["key"]
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f'{kind} "{name}" not found')
    if key not in data:
        if reference.get("optional"):
            return None
        raise ConfigError(f"couldn't find key {key} in {proper} {namespace}/{name}")
    return data[key]


def _decode(value: str) -> str:
    return base64.b64decode(value).decode(errors="replace")


# --- downward API ---------------------------------------------------------------------------------------


def field_value(path: str, facts: PodFacts) -> str:
    """The value of a `fieldRef`.

    Raises:
        ConfigError: There is no such field.
    """
    metadata, spec = facts.pod["metadata"], facts.pod["spec"]
    simple = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName") or "",
        "spec.serviceAccountName": spec.get("serviceAccountName") or "",
        "status.hostIP": facts.host_ip,
        "status.hostIPs": facts.host_ip,
        "status.podIP": facts.address,
        "status.podIPs": facts.address,
    }
    if path in simple:
        return str(simple[path])
    name, bracket, key = path.partition("[")
    values = metadata.get(name.removeprefix("metadata.")) or {}
    if name not in {"metadata.labels", "metadata.annotations"}:
        raise ConfigError(f"unsupported fieldPath: {path}")
    if bracket:
        return str(values.get(key.rstrip("]").strip("'\""), ""))
    return "\n".join(f"{key}={_quoted(value)}" for key, value in sorted(values.items()))


def _quoted(value: str) -> str:
    """As Go's %q, which is what the files of the downward API hold."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def resource_value(reference: Object, container: Object, facts: PodFacts) -> str:
    """The value of a `resourceFieldRef`, in units of its divisor, rounded up.

    A limit that is not set reads as what the node has to give, a missing request as 0.

    Raises:
        ConfigError: There is no such resource field, or no such container.
    """
    owner = container
    if name := reference.get("containerName"):
        spec = facts.pod["spec"]
        candidates = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
        owner = next((candidate for candidate in candidates if candidate["name"] == name), {})
        if not owner:
            raise ConfigError(f"container {name} not found")
    side, _, resource = reference["resource"].partition(".")
    if side not in {"limits", "requests"} or not resource:
        raise ConfigError(f"unsupported container resource : {reference['resource']}")
    amounts = (owner.get("resources") or {}).get(side) or {}
    text = amounts.get(resource, facts.allocatable.get(resource, "0") if side == "limits" else "0")
    divisor = reference.get("divisor") or "0"
    unit = amount(resource, divisor) or amount(resource, "1")
    return str(-(-amount(resource, text) // unit))


# --- services -------------------------------------------------------------------------------------------


def service_environment(services: Iterable[Object], namespace: str, *, links: bool) -> dict[str, str]:
    """The variables that tell a container of the Services that exist when it starts.

    Args:
        services: All Services.
        namespace: That of the pod.
        links: Its `enableServiceLinks`; without, only `kubernetes` is told of.
    """
    env: dict[str, str] = {}
    chosen: dict[str, Object] = {}
    for service in services:
        metadata = service["metadata"]
        if not service["spec"].get("ports") or service["spec"].get("clusterIP") in {None, "", "None"}:
            continue
        if metadata["namespace"] == namespace and (links or metadata["name"] == "kubernetes"):
            chosen[metadata["name"]] = service
        elif metadata["namespace"] == "default" and metadata["name"] == "kubernetes":
            chosen.setdefault("kubernetes", service)
    for name in sorted(chosen):
        _add_service(env, name, chosen[name]["spec"])
    return env


def _add_service(env: dict[str, str], name: str, spec: Mapping[str, Any]) -> None:
    prefix = name.upper().replace("-", "_")
    host, ports = spec["clusterIP"], spec["ports"]
    env[f"{prefix}_SERVICE_HOST"] = host
    env[f"{prefix}_SERVICE_PORT"] = str(ports[0]["port"])
    for port in ports:
        if port.get("name"):
            env[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
    for index, port in enumerate(ports):
        protocol = port.get("protocol") or "TCP"
        number = str(port["port"])
        url = f"{protocol.lower()}://{host}:{number}"
        if index == 0:
            env[f"{prefix}_PORT"] = url
        link = f"{prefix}_PORT_{number}_{protocol.upper()}"
        env[link] = url
        env[f"{link}_PROTO"] = protocol.lower()
        env[f"{link}_PORT"] = number
        env[f"{link}_ADDR"] = host
