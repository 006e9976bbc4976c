"""Which kinds an API server serves, by its discovery documents: pure, but for the asking.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from kubelite.apimachinery.scheme import Object, Resource

if TYPE_CHECKING:
    from kubelite.client.http import HTTPClient

AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


async def discover(client: HTTPClient) -> list[Resource]:
    """All kinds that are served, the preferred version of each group first.

    Raises:
        APIError: The server refuses, or cannot be reached.
    """
    found: list[Resource] = []
    for path in ("/api", "/apis"):
        document = await client.document(path, AGGREGATED)
        if document.get("kind") == "APIGroupDiscoveryList":
            found += read_aggregated(document)
            continue
        versions = (
            [("", each) for each in document.get("versions") or ()]
            if path == "/api"
            else [
                (group["name"], each["version"])
                for group in document.get("groups") or ()
                for each in preferred_first(group)
            ]
        )
        for group, version in versions:
            prefix = f"/apis/{group}/{version}" if group else f"/api/{version}"
            found += read_list(group, version, await client.document(prefix))
    return found


def preferred_first(group: Object) -> list[Object]:
    """The versions of a group, as `/apis` tells them."""
    preferred = (group.get("preferredVersion") or {}).get("version")
    versions: list[Object] = group.get("versions") or []
    return sorted(versions, key=lambda each: each["version"] != preferred)


def read_aggregated(document: Object) -> Iterator[Resource]:
    """The kinds of an aggregated discovery document."""
    for group in document.get("items") or ():
        for version in group.get("versions") or ():
            for each in version.get("resources") or ():
                kind = (each.get("responseKind") or {}).get("kind") or ""
                if not kind or not each.get("verbs"):
                    continue
                yield Resource(
                    group["metadata"].get("name") or "",
                    version["version"],
                    each["resource"],
                    kind,
                    each.get("scope") == "Namespaced",
                    singular=each.get("singularResource") or "",
                    short_names=tuple(each.get("shortNames") or ()),
                    categories=tuple(each.get("categories") or ()),
                    subresources=tuple(sub["subresource"] for sub in each.get("subresources") or ()),
                    verbs=tuple(each["verbs"]),
                )


def read_list(group: str, version: str, document: Object) -> Iterator[Resource]:
    """The kinds of an APIResourceList."""
    entries = document.get("resources") or ()
    for each in entries:
        if "/" in each["name"]:
            continue
        prefix = f"{each['name']}/"
        yield Resource(
            group,
            version,
            each["name"],
            each["kind"],
            bool(each.get("namespaced")),
            singular=each.get("singularName") or "",
            short_names=tuple(each.get("shortNames") or ()),
            categories=tuple(each.get("categories") or ()),
            subresources=tuple(
                sub["name"].removeprefix(prefix) for sub in entries if sub["name"].startswith(prefix)
            ),
            verbs=tuple(each.get("verbs") or ()),
        )
