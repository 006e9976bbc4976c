"""The variables of a shell: texts, and the arrays of bash.

Invariant: an array's name by itself means its element 0, so that name is a text, too, while there is one.
Source: POSIX.1-2017, Shell Command Language, 2.5 Parameters and Variables; the Bash Reference Manual, 6.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from kubelite.images.shell.control import ShellError

Key = int | str
"""The number of an element, or its word in an associative array."""


class Array:
    """The elements of one array, in the order of their numbers; those of an associative one as they came."""

    def __init__(self, *, associative: bool = False) -> None:
        self.associative = associative
        self._elements: dict[Key, str] = {}

    def __repr__(self) -> str:
        return f"<Array {self._elements}>"

    def __len__(self) -> int:
        return len(self._elements)

    def get(self, key: Key) -> str | None:
        """An element, if there is one."""
        return self._elements.get(key)

    def set(self, key: Key, value: str) -> None:
        """Sets an element."""
        unordered = not self.associative and key not in self._elements and self.next_number > int(key)
        self._elements[key] = value
        if unordered:
            self._elements = dict(sorted(self._elements.items()))

    def remove(self, key: Key) -> None:
        """Removes an element, if there is one."""
        self._elements.pop(key, None)

    @property
    def next_number(self) -> int:
        """The number behind the last one."""
        return int(next(reversed(self._elements), -1)) + 1

    def keys(self) -> list[Key]:
        """The numbers or words of all elements."""
        return list(self._elements)

    def values(self) -> list[str]:
        """All elements."""
        return list(self._elements.values())

    def copied(self) -> Array:
        """The same, apart from this one."""
        made = Array(associative=self.associative)
        made._elements = dict(self._elements)
        return made


@attrs.frozen
class Hidden:
    """What a local variable hides."""

    value: str | None
    array: Array | None
    exported: bool
    constant: bool
    traits: frozenset[str]
    reference: str | None


class Variables(dict[str, str]):
    """Shell variables; those in `constant` cannot be set.

    Attributes:
        constant: Names of read-only variables.
        arrays: By name; element 0 is a text of that name, too.
        traits: Attributes of `declare` by name: `i`, `l`, `u`.
        references: Names that stand for other names (`declare -n`).
        computed: Names of variables that the shell itself makes a value for, until they are set.
        compute: Makes it.

    Raises:
        ShellError: A read-only variable is set or unset.
    """

    def __init__(self, values: Mapping[str, str], constant: set[str] | None = None) -> None:
        super().__init__(values)
        self.constant = set[str]() if constant is None else constant
        self.arrays: dict[str, Array] = {}
        self.traits: dict[str, frozenset[str]] = {}
        self.references: dict[str, str] = {}
        self.computed: frozenset[str] = frozenset()
        self.compute: Callable[[str], str] = str

    def __setitem__(self, name: str, value: str) -> None:
        if name in self.constant:
            self.check(name)
        dict.__setitem__(self, name, value)
        if name in self.arrays:
            self.arrays[name].set("0" if self.arrays[name].associative else 0, value)
        if name in self.computed:
            self.computed -= {name}

    def check(self, name: str) -> None:
        """Sees that a variable may be set.

        Raises:
            ShellError: It is read-only.
        """
        if name in self.constant:
            raise ShellError(f"{name}: is read only")

    def get(self, name: str, default: Any = None) -> Any:
        """The text of a variable."""
        if name in self:
            return self[name]
        return self.compute(name) if name in self.computed else default

    def pop(self, name: str, default: Any = None) -> Any:
        """Unsets a variable."""
        self.arrays.pop(name, None)
        self.traits.pop(name, None)
        if name in self.computed:
            self.computed -= {name}
        return super().pop(name, default)

    def resolve(self, name: str) -> str:
        """The name that a reference stands for; any other name is itself."""
        if self.references:
            for _ in range(len(self.references)):
                name = self.references.get(name, name)
        return name

    def copied(self) -> Variables:
        """The same in a subshell."""
        made = Variables(self, set(self.constant))
        if self.arrays:
            made.arrays = {name: array.copied() for name, array in self.arrays.items()}
        made.traits, made.references = dict(self.traits), dict(self.references)
        made.computed, made.compute = self.computed, self.compute
        return made

    # -- arrays

    def make_array(self, name: str, *, associative: bool = False, empty: bool = False) -> Array:
        """The array of a name: that there is, or made of the text of that name; `empty` for a new one."""
        self.check(name)
        found = self.arrays.get(name)
        if found is None or empty:
            kind = associative or (found is not None and found.associative)
            made = self.arrays[name] = Array(associative=kind)
            if empty:
                super().pop(name, None)
            elif name in self:
                made.set("0" if kind else 0, self[name])
            found = made
        return found

    def set_element(self, name: str, key: Key, value: str) -> None:
        """Sets an element; makes the array if there is none."""
        self.make_array(name).set(key, value)
        if str(key) == "0":
            super().__setitem__(name, value)

    def set_elements(self, name: str, values: Iterable[str]) -> None:
        """Makes an array of values."""
        self.make_array(name, empty=True)
        for at, value in enumerate(values):
            self.set_element(name, at, value)

    def remove_element(self, name: str, key: Key) -> None:
        """Unsets an element."""
        self.check(name)
        if name in self.arrays:
            self.arrays[name].remove(key)
        if str(key) == "0":
            super().pop(name, None)

    def element(self, name: str, key: Key) -> str | None:
        """An element; a text is element 0."""
        array = self.arrays.get(name)
        if array is not None:
            return array.get(key)
        return self.get(name) if str(key) == "0" else None

    def elements(self, name: str) -> list[str]:
        """All elements; of a text itself."""
        if name in self.arrays:
            return self.arrays[name].values()
        value = self.get(name)
        return [] if value is None else [value]

    def is_associative(self, name: str) -> bool:
        """Whether the subscripts of an array are words."""
        return name in self.arrays and self.arrays[name].associative

    # -- hiding

    def hide(self, name: str, *, exported: bool) -> Hidden:
        """What a variable is now, to be restored later."""
        array = self.arrays.get(name)
        return Hidden(
            super().get(name),
            array.copied() if array is not None else None,
            exported,
            name in self.constant,
            self.traits.get(name, frozenset()),
            self.references.get(name),
        )

    def restore(self, name: str, hidden: Hidden) -> None:
        """Makes a variable what it was, be it read-only or not."""
        self.pop(name)
        self.references.pop(name, None)
        (self.constant.add if hidden.constant else self.constant.discard)(name)
        if hidden.array is not None:
            self.arrays[name] = hidden.array
        if hidden.value is not None:
            super().__setitem__(name, hidden.value)
        if hidden.traits:
            self.traits[name] = hidden.traits
        if hidden.reference is not None:
            self.references[name] = hidden.reference
