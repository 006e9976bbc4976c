"""What is in volumes whose content comes from the API: ConfigMaps, Secrets, downward API, tokens. Pure.

Source: pkg/volume/{configmap,secret,downwardapi,projected}.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final, NamedTuple

from kubelite.apimachinery.scheme import Object
from kubelite.images.files import FileSystem
from kubelite.node.environment import ConfigError, Lookup, PodFacts, field_value, resource_value
from kubelite.node.securitycontext import group_of_files, owner_of_files
from kubelite.node.tokens import Tokens, spec_of

FILE_MODE: Final = 0o644
TOKEN_MODE: Final = 0o600
"""Of tokens that belong to a user or a group of the pod."""


class MountError(Exception):
    """Volumes cannot be mounted yet; the texts are those of the FailedMount Events."""

    def __init__(self, *texts: str) -> None:
        super().__init__("; ".join(texts))
        self.texts = texts


class Payload(NamedTuple):
    """One file of a volume."""

    data: bytes
    mode: int = FILE_MODE
    uid: int = 0


class Sources(NamedTuple):
    """Where contents come from.

    Attributes:
        facts: The pod, for the downward API.
        lookup: ConfigMaps and Secrets.
        tokens: Service account tokens that were asked for.
        host: The files of the node, for hostPath.
    """

    facts: PodFacts
    lookup: Lookup
    tokens: Tokens
    host: FileSystem


def payload_of(volume: Object, sources: Sources) -> dict[str, Payload] | None:
    """The files of a volume that comes from the API; None for other volumes.

    Raises:
        MountError: A source is missing.
    """
    try:
        match volume:
            case {"configMap": source}:
                return _config_map(source, sources, source.get("defaultMode"))
            case {"secret": source}:
                renamed = {**source, "name": source.get("secretName") or ""}
                return _secret(renamed, sources, source.get("defaultMode"))
            case {"downwardAPI": source}:
                return _downward(source, sources, source.get("defaultMode"))
            case {"projected": source}:
                return _all_projected(source, sources)
            case _:
                return None
    except (MountError, ConfigError) as error:
        raise MountError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from error


def _all_projected(source: Object, sources: Sources) -> dict[str, Payload]:
    """The files of all sources; what is wrong with them is said of all together."""
    files: dict[str, Payload] = {}
    problems: list[str] = []
    for inner in source.get("sources") or ():
        try:
            files.update(_projected(inner, sources, source.get("defaultMode")))
        except (MountError, ConfigError) as error:
            problems.append(str(error))
    if problems:
        raise MountError(problems[0] if len(problems) == 1 else f"[{', '.join(dict.fromkeys(problems))}]")
    return files


def _projected(source: Object, sources: Sources, mode: int | None) -> dict[str, Payload]:
    match source:
        case {"configMap": inner}:
            return _config_map(inner, sources, mode)
        case {"secret": inner}:
            return _secret(inner, sources, mode)
        case {"downwardAPI": inner}:
            return _downward(inner, sources, mode)
        case {"serviceAccountToken": inner}:
            token = sources.tokens.get(spec_of(inner))
            if token is None:
                return {}
            pod = sources.facts.pod
            uid, shared = owner_of_files(pod), group_of_files(pod) is None
            bits = (mode or FILE_MODE) if uid is None and shared else TOKEN_MODE
            return {inner["path"]: Payload(token.text.encode(), bits, uid or 0)}
        case _:
            return {}


def _config_map(source: Object, sources: Sources, mode: int | None) -> dict[str, Payload]:
    namespace, name = sources.facts.pod["metadata"]["namespace"], source.get("name") or ""
    found = sources.lookup.config_map(namespace, name)
    if found is None:
        if source.get("optional"):
            return {}
        raise MountError(f'configmap "{name}" not found')
    data = {key: text.encode() for key, text in (found.get("data") or {}).items()}
    data.update({key: base64.b64decode(text) for key, text in (found.get("binaryData") or {}).items()})
    return _items(data, source, mode, "configmap references non-existent config key: {key}")


def _secret(source: Object, sources: Sources, mode: int | None) -> dict[str, Payload]:
    namespace, name = sources.facts.pod["metadata"]["namespace"], source.get("name") or ""
    found = sources.lookup.secret(namespace, name)
    if found is None:
        if source.get("optional"):
            return {}
        raise MountError(f'secret "{name}" not found')
    data = {key: base64.b64decode(text) for key, text in (found.get("data") or {}).items()}
    return _items(data, source, mode, "references non-existent secret key: {key}")


def _items(data: Mapping[str, bytes], source: Object, mode: int | None, missing: str) -> dict[str, Payload]:
    default = FILE_MODE if mode is None else mode
    items = source.get("items")
    if not items:
        return {key: Payload(content, default) for key, content in data.items()}
    files = {}
    for item in items:
        if item["key"] in data:
            own = item.get("mode")
            files[item["path"]] = Payload(data[item["key"]], default if own is None else own)
        elif not source.get("optional"):
            raise MountError(missing.format(key=item["key"]))
    return files


def _downward(source: Object, sources: Sources, mode: int | None) -> dict[str, Payload]:
    files = {}
    for item in source.get("items") or ():
        if "fieldRef" in item:
            text = field_value(item["fieldRef"]["fieldPath"], sources.facts)
        else:
            text = resource_value(item["resourceFieldRef"], {}, sources.facts)
        own = item.get("mode")
        files[item["path"]] = Payload(text.encode(), own or mode or FILE_MODE)
    return files
