import gzip
import json

from kubelite.api import facts, generate
from kubelite.api.typeddicts import render_types

DEFINITIONS = {
    "io.k8s.api.core.v1.Box": {
        "type": "object",
        "required": ["lid"],
        "properties": {
            "sides": {
                "type": ["array", "null"],
                "items": {"$ref": "#/$defs/io.k8s.api.core.v1.Side"},
                "x-kubernetes-patch-merge-key": "name",
                "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
            "lid": {"type": "boolean"},
            "made": {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.Time"},
        },
        "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Box"}],
    },
    "io.k8s.api.core.v1.Side": {"type": "object", "properties": {"name": {"type": "string"}}},
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": {"type": "string", "format": "date-time"},
}


def test_definitions_are_reduced_to_one_text_for_each_type():
    schema = generate.reduce_schema(
        "1.36", DEFINITIONS, {"k8s.io.api.core.v1.Box": [[2, "made", "T"], [1, "lid", "bool"]]}
    )
    assert schema["types"] == [
        "lid!:b;made:2;sides:[1|strategy=merge|key=name|list=map|keys=name",
        "name:s",
        "=T",
    ]
    assert schema["kinds"] == {"v1 Box": 0}


def test_the_same_facts_give_the_same_bytes(tmp_path):
    sizes = [generate.write_gzip(tmp_path / name, {"a": 1}) for name in ("one", "two")]
    assert sizes[0] == sizes[1] == (tmp_path / "one").stat().st_size
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert json.loads(gzip.decompress((tmp_path / "one").read_bytes())) == {"a": 1}


def test_a_version_without_facts_is_refused(capsys, tmp_path):
    assert generate.main(["9.99", "--into", str(tmp_path)]) == 2
    assert "error:" in capsys.readouterr().err


def test_the_written_types_are_those_of_the_packaged_facts():
    from pathlib import Path

    written = Path(generate.__file__).with_name("types.py").read_text()
    assert written == render_types(facts.read_packaged("schema"))
