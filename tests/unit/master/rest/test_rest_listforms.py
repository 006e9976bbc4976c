"""Lists in every form: put together piece by piece they are what they would be as a whole."""

from __future__ import annotations

from types import SimpleNamespace

import orjson
import pytest

from kubelite.api import facts
from kubelite.api.resources import CONFIGMAPS
from kubelite.api.scheme import new_scheme
from kubelite.apimachinery import codec, protobuf
from kubelite.apimachinery.apierrors import NotAcceptable
from kubelite.apimachinery.table import make_row, make_table
from kubelite.client.item import Item
from kubelite.client.requests import Listing
from kubelite.master.rest import lists
from kubelite.master.rest.listforms import list_form
from kubelite.master.rest.negotiation import OBJECT_FORMS, negotiate
from tests.unit.master.rest.test_rest_lists import unchunked

JSON, PROTOBUF, YAML = "application/json", "application/vnd.kubernetes.protobuf", "application/yaml"
PARTIAL = ";as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
TABLE = ";as=Table;v=v1;g=meta.k8s.io"
STRATEGY = new_scheme().strategy(CONFIGMAPS)
CUSTOM = SimpleNamespace(unstructured=True, resource=CONFIGMAPS)
NOW = 1_800_000_000.0
COUNTS = (0, 1, 3, 150)


def objects(count):
    return [
        {
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": {"name": f"m{number}", "namespace": "default", "labels": {"ü": "a\nb"}},
            "data": {"x": "y" * number, "z": "- a\n- b\n"},
        }
        for number in range(count)
    ]


def plain(found, metadata):
    bare = [{"metadata": each["metadata"], "data": each["data"]} for each in found]
    return {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": bare}


def partial(found, metadata):
    parts = [
        {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": each["metadata"]}
        for each in found
    ]
    kind = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
    return {**kind, "metadata": metadata, "items": parts}


def table(found, metadata):
    columns = STRATEGY.columns("")
    rows = [make_row(each, columns, NOW, include_object="Metadata", conditions=()) for each in found]
    return make_table(columns, rows, metadata)


def custom(found, metadata):
    kind = {"apiVersion": "v1", "kind": "ConfigMapList"}
    return {**kind, "items": found, "metadata": {"continue": "", **metadata}}


ENCODERS = {
    JSON: orjson.dumps,
    "indented": lambda obj: orjson.dumps(obj, option=orjson.OPT_INDENT_2),
    YAML: codec.to_yaml,
    PROTOBUF: lambda obj: protobuf.encode(obj, facts.protobuf()),
}
FORMS = [
    *((media, "", STRATEGY, plain) for media in ENCODERS),
    *((media, PARTIAL, STRATEGY, partial) for media in ENCODERS),
    *((media, TABLE, STRATEGY, table) for media in (JSON, "indented", YAML)),
    *((media, "", CUSTOM, custom) for media in (JSON, "indented", YAML)),
]


@pytest.mark.parametrize(("media", "kind", "strategy", "whole"), FORMS)
@pytest.mark.parametrize("count", COUNTS)
def test_the_pieces_are_the_whole(media, kind, strategy, whole, count):
    listing = Listing([Item(each) for each in objects(count)], "7", remaining=2)
    form = negotiate((JSON if media == "indented" else media) + kind)
    made = list_form(listing, form, strategy, NOW, indented=media == "indented")
    expected = ENCODERS[media](whole(objects(count), {"resourceVersion": "7", "remainingItemCount": 2}))
    assert made.whole(listing.items) == expected
    if count:
        known = [made.item(item) for item in listing.items] if made.needs_size else None
        assert unchunked(lists.chunks(made, listing.items, known)) == expected


def test_what_cannot_be_had_is_refused():
    listing = Listing([], "7")
    single = negotiate("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", OBJECT_FORMS)
    for form, strategy in ((single, STRATEGY), (negotiate(PROTOBUF), CUSTOM)):
        with pytest.raises(NotAcceptable):
            list_form(listing, form, strategy, NOW)
