"""Writes `types.py`: a TypedDict for each type that an object of a served kind may hold.

Only the generator uses this module. What is written passes the house rules as it stands.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubelite.api.facts import split_fields
from kubelite.api.resources import SERVED

_ALSO: Final = (
    "v1 Binding",
    "v1 DeleteOptions",
    "v1 Status",
    "autoscaling/v1 Scale",
    "policy/v1 Eviction",
)
"""Kinds that are sent to subresources or answered by all kinds."""

_SCALARS: Final = {
    "s": "str",
    "y": "str",
    "i": "int",
    "l": "int",
    "d": "float",
    "b": "bool",
    "o": "dict[str, Any]",
    "=Q": "str",
    "=I": "int | str",
    "=T": "str",
    "=o": "dict[str, Any]",
    "=j": "Any",
}
_HEADER: Final = '''\
"""The shapes of API objects as TypedDicts, for type checkers only: import them under `TYPE_CHECKING`.

Written by `python -m kubelite.api.generate {version}`; do not edit. A type that two groups name alike has
its group before the name, except in the core group; of two versions the older one
has its version there. Times and quantities are text.
"""

from __future__ import annotations

from typing import Any, Required, TypeAlias, TypedDict'''


def render_types(schema: Mapping[str, Any]) -> str:
    """The text of `types.py`.

    Args:
        schema: as `generate.reduce_schema` returns it.
    """
    reachable = list(_reachable(schema))
    python_names = _python_names(schema, reachable)
    blocks = [_HEADER.format(version=schema["version"])]
    order = sorted(python_names, key=lambda number: python_names[number])
    blocks.extend(_render_type(schema, index, python_names) for index in order)
    kinds = sorted({_kind_key(r.api_version, r.kind) for r in SERVED})
    union = " | ".join(sorted(python_names[schema["kinds"][kind]] for kind in kinds))
    blocks.append(_render_union(union))
    return "\n\n\n".join(blocks) + "\n"


def _render_union(union: str) -> str:
    parts = union.split(" | ")
    lines = "\n".join(f"    {'| ' if number else ''}{part}" for number, part in enumerate(parts))
    return f'AnyObject: TypeAlias = (\n{lines}\n)\n"""An object of any served kind."""'


def _kind_key(api_version: str, kind: str) -> str:
    return f"{api_version} {kind}"


def _reachable(schema: Mapping[str, Any]) -> Iterator[int]:
    roots = [_kind_key(resource.api_version, resource.kind) for resource in SERVED]
    pending = [schema["kinds"][kind] for kind in (*roots, *_ALSO)]
    seen = set(pending)
    while pending:
        index = pending.pop()
        text: str = schema["types"][index]
        if text.startswith("="):
            continue
        yield index
        for _, _, shape, _ in split_fields(text):
            target = shape.lstrip("[{")
            if target.isdigit() and int(target) not in seen:
                seen.add(int(target))
                pending.append(int(target))


def _python_names(schema: Mapping[str, Any], indices: list[int]) -> dict[int, str]:
    by_last: dict[str, list[int]] = {}
    for index in indices:
        by_last.setdefault(schema["names"][index].rpartition(".")[2], []).append(index)
    names: dict[int, str] = {}
    for last, candidates in by_last.items():
        newest = {_group_and_version(schema, index)[0]: index for index in sorted(candidates)}
        for index in candidates:
            group, version = _group_and_version(schema, index)
            plain = len(newest) == 1 or group == "core"
            older = newest[group] != index
            names[index] = ("" if plain else group.capitalize()) + (version.upper() if older else "") + last
    return names


def _group_and_version(schema: Mapping[str, Any], index: int) -> tuple[str, str]:
    group, version = schema["names"][index].split(".")[-3:-1]
    return group, version


def _annotation(schema: Mapping[str, Any], shape: str, names: Mapping[int, str]) -> str:
    if shape.startswith("["):
        return f"list[{_annotation(schema, shape[1:], names)}]"
    if shape.startswith("{"):
        return f"dict[str, {_annotation(schema, shape[1:], names)}]"
    if not shape.isdigit():
        return _SCALARS[shape]
    index = int(shape)
    return names[index] if index in names else _SCALARS[schema["types"][index]]


def _render_type(schema: Mapping[str, Any], index: int, names: Mapping[int, str]) -> str:
    name = names[index]
    fields = []
    for field, required, shape, _ in split_fields(schema["types"][index]):
        annotation = _annotation(schema, shape, names)
        fields.append((field, f"Required[{annotation}]" if required else annotation))
    path = schema["names"][index].removeprefix("api.").removeprefix("apimachinery.pkg.apis.")
    group, _, _ = path.rpartition(".")
    if any(keyword.iskeyword(field) or not field.isidentifier() for field, _ in fields):
        rows = "".join(f'        "{field}": "{annotation}",\n' for field, annotation in fields)
        return f'{name} = TypedDict(\n    "{name}",\n    {{\n{rows}    }},\n    total=False,\n)'
    rows = "\n".join(f"    {field}: {annotation}" for field, annotation in fields)
    return f'class {name}(TypedDict, total=False):\n    """{name} of {group}."""\n\n{rows}'
