"""What an awk program knows: its variables, and the record with its fields.

Fields are cut when they are first asked for; a changed field makes the record anew, a changed record its
fields.

Source: POSIX.1-2017, Utilities, awk, Variables and Special Variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from kubelite.images.busybox.awk.functions import fields_of
from kubelite.images.busybox.awk.values import NUMBER_FORMAT, SUBSEP, Input, Value, number_of, text_of

Array: TypeAlias = dict[str, Value]
Cell: TypeAlias = "Value | Array"
FIELDS_MAX: Final = 100_000
"""More fields of a record are refused."""


class AwkError(Exception):
    """The program cannot go on; the text is what awk says."""


class Memory:
    """Variables and the record."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.globals: dict[str, Cell] = {
            "FS": " ",
            "OFS": " ",
            "ORS": "\n",
            "RS": "\n",
            "SUBSEP": SUBSEP,
            "CONVFMT": NUMBER_FORMAT,
            "OFMT": NUMBER_FORMAT,
            "FILENAME": None,
            "NR": 0.0,
            "FNR": 0.0,
            "RSTART": 0.0,
            "RLENGTH": -1.0,
            "ENVIRON": {name: Input(value) for name, value in environment.items()},
        }
        self.frames: list[dict[str, Cell]] = []
        self._record: str = ""
        self._fields: list[Value] | None = []

    # --- variables

    def _scope(self, name: str) -> dict[str, Cell]:
        return self.frames[-1] if self.frames and name in self.frames[-1] else self.globals

    def cell(self, name: str) -> Cell:
        """A variable or array; None if it was never set."""
        return self._scope(name).get(name)

    def get(self, name: str) -> Value:
        """The value of a variable."""
        if name == "NF":
            return float(len(self.fields))
        value = self._scope(name).get(name)
        return None if isinstance(value, dict) else value

    def text(self, name: str) -> str:
        """The value of a variable as a string."""
        return text_of(self.get(name))

    def set(self, name: str, value: Value) -> None:
        """Sets a variable.

        Raises:
            AwkError: It is an array.
        """
        if name == "NF":
            self._resize(int(number_of(value)))
            return
        scope = self._scope(name)
        if isinstance(known := scope.get(name), dict) and known:
            raise AwkError(f"can't assign to {name}; it's an array name.")
        scope[name] = value

    def array(self, name: str) -> Array:
        """An array, made when it is first named.

        Raises:
            AwkError: The name is that of a variable.
        """
        scope = self._scope(name)
        found = scope.get(name)
        if found is None:
            found = scope[name] = {}
        if not isinstance(found, dict):
            raise AwkError(f"can't use {name} as an array; it's a variable.")
        return found

    # --- the record

    @property
    def record(self) -> str:
        """`$0`."""
        return self._record

    def set_record(self, text: str) -> None:
        """A new record."""
        self._record = text
        self._fields = None

    @property
    def fields(self) -> list[Value]:
        """`$1` and what follows."""
        if self._fields is None:
            separator = self.text("FS")
            if not self.text("RS") and separator != " ":
                separator = f"({separator})|\n"  # in paragraphs a newline separates, too
            self._fields = [Input(each) for each in fields_of(self._record, separator)]
        return self._fields

    def field(self, index: float) -> Value:
        """A field; one that is not there is not set."""
        number = self._number(index)
        if number == 0:
            return Input(self._record)
        return self.fields[number - 1] if number <= len(self.fields) else None

    def set_field(self, index: float, value: Value) -> None:
        """Sets a field, and with it the record."""
        number = self._number(index)
        if number == 0:
            self.set_record(text_of(value, self.text("CONVFMT")))
            return
        fields = self.fields
        fields += [None] * (number - len(fields))
        fields[number - 1] = value
        self._join()

    def _number(self, index: float) -> int:
        if not 0 <= index <= FIELDS_MAX:
            raise AwkError("Access to negative field" if index < 0 else "too many fields")
        return int(index)

    def _resize(self, count: int) -> None:
        fields = self.fields
        del fields[self._number(float(count)) :]
        fields += [None] * (count - len(fields))
        self._join()

    def _join(self) -> None:
        layout = self.text("CONVFMT")
        self._record = self.text("OFS").join(text_of(each, layout) for each in self.fields)
