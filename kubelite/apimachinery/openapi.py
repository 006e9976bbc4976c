"""OpenAPI documents of a server's kinds: version 3 by group version, version 2 for everything.

Pure: what is known of kinds is handed in, and whoever serves the documents keeps them. A document may share
parts within itself and with the facts, so it is not to be changed.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from kubelite.apimachinery.openapi_paths import Paths, group_tag, group_word
from kubelite.apimachinery.openapi_schemas import V2, V3, Definitions, Knowledge
from kubelite.apimachinery.scheme import Object, Resource

VERSION: Final = "v1.36.3"
"""What the documents call the server, if it does not say."""


OPENID_PATHS: Final = {
    ".well-known/openid-configuration": "getServiceAccountIssuerOpenIDConfiguration",
    "openid/v1/jwks": "getServiceAccountIssuerOpenIDKeyset",
}


def document_path(group: str, version: str = "") -> str:
    """A document's path below /openapi/v3: `apis/apps/v1`, and without version `apis/apps`."""
    return "/".join(part for part in ("apis" if group else "api", group, version) if part)


def build_v3(
    group: str,
    version: str,
    resources: Iterable[Resource],
    knowledge: Knowledge,
    *,
    server_version: str = VERSION,
) -> Object:
    """The version 3 document of a group version.

    Args:
        group: "" for the core group.
        version: Of the group.
        resources: Those of other group versions are passed over.
        knowledge: Where the facts are asked for.
        server_version: As in `info`.
    """
    definitions = Definitions(V3, knowledge)
    paths = Paths(definitions)
    own = [each for each in resources if (each.group, each.version) == (group, version)]
    if any(knowledge.schema_of(each) is None for each in own):
        _add_version(paths, group, version)
    for resource in own:
        paths.add_resource(resource)
    return _v3(paths, definitions, server_version)


def build_v3_discovery(path: str, knowledge: Knowledge, *, server_version: str = VERSION) -> Object:
    """The version 3 document of a path of discovery: `api`, `apis`, `apis/GROUP`, `version` or OpenID's."""
    definitions = Definitions(V3, knowledge)
    paths = Paths(definitions)
    first, _, group = path.partition("/")
    if path == "version":
        paths.add_document("/version/", "getCodeVersion", "version", "")
    elif path == "apis":
        paths.add_document("/apis/", "getAPIVersions", "apis", "APIGroupList")
    elif path in OPENID_PATHS:
        paths.add_document(
            f"/{path}/", OPENID_PATHS[path], "WellKnown" if path.startswith(".") else "openid", ""
        )
    else:
        _add_group(paths, group if first == "apis" else "")
    return _v3(paths, definitions, server_version)


def build_v3_index(documents: Mapping[str, str]) -> Object:
    """The document of /openapi/v3.

    Args:
        documents: The path of each document below /openapi/v3 ("api/v1") with its `document_hash`.
    """
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest.upper()}"}
            for path, digest in sorted(documents.items())
        }
    }


def document_hash(body: bytes) -> str:
    """The hash of an encoded document, as URLs and entity tags have it."""
    return hashlib.sha512(body).hexdigest().upper()


def build_v2(resources: Iterable[Resource], knowledge: Knowledge, *, server_version: str = VERSION) -> Object:
    """The version 2 document of all resources."""
    definitions = Definitions(V2, knowledge)
    paths = Paths(definitions)
    paths.add_document("/version/", "getCodeVersion", "version", "")
    paths.add_document("/apis/", "getAPIVersions", "apis", "APIGroupList")
    seen: set[tuple[str, ...]] = set()
    for resource in resources:
        paths.add_resource(resource)
        if knowledge.schema_of(resource) is not None:
            continue
        if (resource.group,) not in seen:
            _add_group(paths, resource.group)
        if (resource.group, resource.version) not in seen:
            _add_version(paths, resource.group, resource.version)
        seen |= {(resource.group,), (resource.group, resource.version)}
    return {
        "swagger": "2.0",
        "info": _info(server_version),
        "paths": paths.as_dict(),
        "definitions": definitions.as_dict(),
    }


def _v3(paths: Paths, definitions: Definitions, server_version: str) -> Object:
    return {
        "openapi": "3.0.0",
        "info": _info(server_version),
        "paths": paths.as_dict(),
        "components": {"schemas": definitions.as_dict()},
    }


def _info(server_version: str) -> Object:
    return {"title": "Kubernetes", "version": server_version}


def _add_group(paths: Paths, group: str) -> None:
    kind = "APIGroup" if group else "APIVersions"
    paths.add_document(f"/{document_path(group)}/", f"get{group_word(group)}{kind}", group_tag(group), kind)


def _add_version(paths: Paths, group: str, version: str) -> None:
    name = f"get{group_word(group, version)}APIResources"
    path = f"/{document_path(group, version)}/"
    paths.add_document(path, name, group_tag(group, version), "APIResourceList")
