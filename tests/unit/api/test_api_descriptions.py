"""Descriptions for `kubectl explain`, with and without the extra that holds them."""

import json
import sys

import pytest

from kubelite.api import descriptions, facts
from kubelite.api.resources import CONFIGMAPS, subresource_of
from kubelite.apimachinery import openapi
from kubelite.apimachinery.openapi_schemas import Knowledge

CONFIG_MAP = "io.k8s.api.core.v1.ConfigMap"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A stand-in for the package, with one definition."""
    folder = tmp_path / "kubernetes_validate" / "kubernetes-json-schema" / f"v{facts.VERSION}.0-local"
    folder.mkdir(parents=True)
    (tmp_path / "kubernetes_validate" / "__init__.py").write_text("")
    definition = {"description": "Holds settings.", "properties": {"data": {"description": "The settings."}}}
    (folder / "_definitions.json").write_text(json.dumps({"$defs": {CONFIG_MAP: definition}}))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "kubernetes_validate", raising=False)
    descriptions._descriptions.cache_clear()
    yield
    descriptions._descriptions.cache_clear()
    sys.modules.pop("kubernetes_validate", None)


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes_validate", None)
    descriptions._descriptions.cache_clear()
    yield
    descriptions._descriptions.cache_clear()


def test_types_and_fields_are_described_where_the_package_is(installed):
    assert descriptions.description_of(CONFIG_MAP) == "Holds settings."
    assert descriptions.description_of(CONFIG_MAP, "data") == "The settings."
    assert descriptions.description_of(CONFIG_MAP, "none") == ""


def test_nothing_is_said_where_it_is_not(absent):
    assert descriptions.description_of(CONFIG_MAP) == ""


def test_documents_hold_what_is_said(installed):
    knowledge = Knowledge(facts.type_of, subresource_of, description_of=descriptions.description_of)
    document = openapi.build_v3("", "v1", [CONFIGMAPS], knowledge)
    schema = document["components"]["schemas"][CONFIG_MAP]
    assert schema["description"] == "Holds settings."
    assert schema["properties"]["data"]["description"] == "The settings."
    assert "description" not in schema["properties"]["binaryData"]
