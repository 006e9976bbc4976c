"""Shell variables: texts, and in bash arrays of them.

An element is known by the name `array[key]`, so that whoever reads or sets a variable can do so with an
element. The text of an array's name is its element 0.

Source: the Bash Reference Manual, 6.7 Arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from kubelite.images.shell.control import ShellError

FIRST = "0"


@attrs.define
class Array:
    """Texts by their keys, which are numbers unless it is associative."""

    associative: bool = False
    elements: dict[str, str] = attrs.field(factory=dict)

    def ordered(self) -> dict[str, str]:
        """The elements in the order in which they are listed."""
        if self.associative:
            return self.elements
        return dict(sorted(self.elements.items(), key=lambda item: int(item[0])))

    @property
    def end(self) -> int:
        """The index behind the last element."""
        return max(map(int, self.elements), default=-1) + 1

    def copied(self) -> Array:
        """The same, to be changed on its own."""
        return Array(self.associative, dict(self.elements))


class Variables(dict[str, str]):
    """Shell variables; those in `constant` cannot be set, those in `computed` differ each time.

    Raises:
        ShellError: A read-only variable is set or unset.
    """

    def __init__(
        self,
        values: Mapping[str, str],
        constant: Iterable[str] = (),
        arrays: Mapping[str, Array] | None = None,
        computed: Mapping[str, Callable[[], str]] | None = None,
    ) -> None:
        super().__init__(values)
        self._computed = computed or {}
        self.constant = set(constant)
        self.arrays = {name: array.copied() for name, array in (arrays or {}).items()}

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a variable or an element."""
        if name[-1:] != "]":
            value = super().get(name)
            if value is None and name in self._computed:
                return self._computed[name]()
            return default if value is None else value
        base, key = split_element(name)
        return self.elements(base).get(key, default)

    def __setitem__(self, name: str, value: str) -> None:
        base, key = split_element(name)
        if base in self.constant:
            raise ShellError(f"{base}: is read only")
        if key or base in self.arrays:
            if base not in self.arrays:
                self.declare(base)
            self.arrays[base].elements[key or FIRST] = value
        if not key or key == FIRST:
            super().__setitem__(base, value)

    def pop(self, name: str, default: Any = None) -> Any:
        """Unset a variable, an array, or an element."""
        base, key = split_element(name)
        if not key:
            self.arrays.pop(base, None)
        elif base in self.arrays:
            self.arrays[base].elements.pop(key, None)
        return super().pop(base, default) if not key or key == FIRST else default

    def declare(self, name: str, *, associative: bool = False) -> None:
        """Make an array of a name; a text that it had is element 0."""
        if name not in self.arrays:
            before = super().get(name)
            self.arrays[name] = Array(associative, {} if before is None else {FIRST: before})

    def elements(self, name: str) -> Mapping[str, str]:
        """What `${name[@]}` lists; a text is an array of one."""
        if (array := self.arrays.get(name)) is not None:
            return array.ordered()
        text = super().get(name)
        return {} if text is None else {FIRST: text}

    def kept(self, name: str) -> str | Array | None:
        """What a name stands for, to be put back later."""
        array = self.arrays.get(name)
        return super().get(name) if array is None else array.copied()

    def put_back(self, name: str, kept: str | Array | None) -> None:
        """Make a name stand for what it did when it was `kept`."""
        self.pop(name)
        if isinstance(kept, Array):
            self.arrays[name] = kept
            if (text := kept.elements.get(FIRST)) is not None:
                super().__setitem__(name, text)
        elif kept is not None:
            self[name] = kept

    def copied(self) -> Variables:
        """The same in a subshell."""
        return Variables(self, self.constant, self.arrays, self._computed)


def split_element(name: str) -> tuple[str, str]:
    """`array[key]` into both; a plain name has no key."""
    base, bracket, key = name.partition("[")
    return (base, key[:-1]) if bracket else (name, "")
