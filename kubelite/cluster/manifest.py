"""What `apply` accepts: YAML or JSON text, a path, an object, or several of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kubelite.apimachinery.scheme import Object

Manifest = str | Path | Mapping[str, Any] | Iterable["Manifest"]


def load_manifest(manifest: Manifest) -> list[Object]:
    """All objects of a manifest, in their order.

    Args:
        manifest: YAML or JSON text (several documents are fine), the path of such a file or of a folder
            of them, an object, a `List` of objects, or an iterable of any of these. A one-line text that
            ends in `.yaml`, `.yml` or `.json` is taken for a path.

    Raises:
        ValueError: The text does not parse, or an object lacks apiVersion or kind.
        TypeError: A document is not an object.
        FileNotFoundError: There is no such file.
    """
    return list(_objects(manifest))


def _objects(manifest: Manifest) -> Iterator[Object]:
    if isinstance(manifest, Path):
        yield from _files(manifest)
    elif isinstance(manifest, str):
        if "\n" not in manifest and manifest.endswith((".yaml", ".yml", ".json")):
            yield from _files(Path(manifest))
        else:
            for document in _documents(manifest):
                yield from _flatten(document)
    elif isinstance(manifest, Mapping):
        yield from _flatten(manifest)
    else:
        if not isinstance(manifest, Iterable):
            raise TypeError(f"a manifest is a text, a path or objects, not {type(manifest).__name__}")
        for part in manifest:
            yield from _objects(part)


def _documents(text: str) -> Iterable[object]:
    from kubelite.apimachinery import codec  # noqa: PLC0415 - not needed for manifests that are objects

    return codec.parse_yaml_documents(text)


def _files(path: Path) -> Iterator[Object]:
    paths = [path]
    if path.is_dir():
        paths = sorted(each for each in path.iterdir() if each.suffix in {".yaml", ".yml", ".json"})
    for each in paths:
        for document in _documents(each.read_text(encoding="utf-8")):
            yield from _flatten(document)


def _flatten(document: object) -> Iterator[Object]:
    if document is None:
        return
    if not isinstance(document, Mapping):
        raise TypeError(f"a manifest holds objects with apiVersion and kind, not {type(document).__name__}")
    for field in ("apiVersion", "kind"):
        if not document.get(field):
            raise ValueError(f"a manifest's object lacks {field!r}: {dict(document)!r:.80}")
        if not isinstance(document[field], str):
            raise TypeError(f"{field} of a manifest's object must be a text, not {document[field]!r:.80}")
    if document["kind"] == "List" and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _flatten(item)
    else:
        yield dict(document)
