"""The prose of Kubernetes' OpenAPI, for `kubectl explain`: there if the extra `explain` is installed.

The package `kubernetes-validate` holds it; nothing is loaded before an OpenAPI document is
asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from kubelite.api.facts import VERSION

Definitions = Mapping[str, dict[str, Any]]


def read_definitions(version: str) -> Definitions:
    """The definitions of Kubernetes `version` ("1.36") by name, as published.

    Raises:
        FileNotFoundError: `kubernetes-validate` is not installed or does not know the version.
    """
    try:
        folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}.0-local"
    except ModuleNotFoundError as error:
        raise FileNotFoundError("install kubernetes-validate first: it holds the definitions") from error
    document = json.loads((folder / "_definitions.json").read_bytes())
    definitions: Definitions = document["$defs"]
    return definitions


def description_of(definition: str, field: str = "") -> str:
    """What is said of a type, or of a field of it; "" if nothing is, or the extra is not installed.

    Args:
        definition: The type's full name, as `io.k8s.api.core.v1.Pod`.
        field: The JSON name of a field; empty for the type itself.
    """
    return _descriptions().get(definition, {}).get(field, "")


@cache
def _descriptions() -> Mapping[str, Mapping[str, str]]:
    """By type and field; the type itself stands under ""."""
    try:
        definitions = read_definitions(VERSION)
    except FileNotFoundError:
        return {}
    return {
        name: {
            "": each.get("description", ""),
            **{field: one.get("description", "") for field, one in (each.get("properties") or {}).items()},
        }
        for name, each in definitions.items()
    }
