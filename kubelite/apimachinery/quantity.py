"""Quantities: exact decimal numbers with binary or decimal suffixes.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Context, Decimal
from functools import lru_cache, total_ordering
from typing import Final

_QUANTITY: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([eEinumkKMGTP]*[-+]?\d*)", re.ASCII)
_EXPONENT: Final = re.compile(r"[eE][+-]?\d+", re.ASCII)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_NANO: Final = Decimal("1e-9")
_BINARY_MAX: Final = Decimal(2**63 - 1)
"""What has a binary suffix is cut to this."""
_DIGITS_MAX: Final = 400
"""Digits of a number written out: far more than any amount needs, few enough to compute with."""
_EXACT: Final = Context(prec=3 * _DIGITS_MAX)
PATTERN_TEXT: Final = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"


@total_ordering
class Quantity:
    """An exact number and the family of suffixes in which it is written.

    Attributes:
        value: The number; to the nano, rounded away from zero.
        form: `binary`, `decimal` or `exponent`.
    """

    __slots__ = ("form", "value")

    def __init__(self, value: Decimal, form: str = "decimal") -> None:
        self.value = value
        self.form = form

    def __repr__(self) -> str:
        return f"<Quantity {self}>"

    def __eq__(self, other: object) -> bool:
        return self.value == other.value if isinstance(other, Quantity) else NotImplemented

    def __lt__(self, other: Quantity) -> bool:
        return self.value < other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(_EXACT.add(self.value, other.value), self.form if self.value else other.form)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(_EXACT.subtract(self.value, other.value), self.form if self.value else other.form)

    def __neg__(self) -> Quantity:
        return Quantity(-self.value, self.form)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __str__(self) -> str:
        """The canonical form: no fraction, the largest suffix that fits."""
        if self.value == 0:
            return "0"
        if self.form == "binary" and (text := self._binary()) is not None:
            return text
        return self._decimal()

    def _binary(self) -> str | None:
        if self.value != self.value.to_integral_value() or abs(self.value) < 1024:
            return None
        number, suffix = int(self.value), ""
        for name in _BINARY:
            if number % 1024:
                break
            number, suffix = number // 1024, name
        return f"{number}{suffix}"

    def _decimal(self) -> str:
        sign, digits, exponent = self.value.normalize(_EXACT).as_tuple()
        assert isinstance(exponent, int)
        number = int("".join(map(str, digits)))
        while exponent % 3:
            number, exponent = number * 10, exponent - 1
        while exponent > 18 and self.form != "exponent":
            number, exponent = number * 1000, exponent - 3
        if self.form == "exponent" and exponent:
            suffix = f"e{exponent}"
        else:
            suffix = next(name for name, power in _DECIMAL.items() if power == exponent)
        return f"{'-' if sign else ''}{number}{suffix}"

    def to_float(self) -> float:
        """The number, not exact."""
        return float(self.value)

    def milli(self) -> int:
        """Thousandths, rounded away from zero."""
        return int(_EXACT.multiply(self.value, Decimal(1000)).to_integral_value(ROUND_UP))

    def integer(self) -> int:
        """The whole number, rounded away from zero."""
        return int(self.value.to_integral_value(ROUND_UP))


@lru_cache(maxsize=4096)
def _parse(text: str) -> Quantity:
    match = _QUANTITY.fullmatch(text)
    if match is None or len(text) > _DIGITS_MAX:
        raise ValueError(f"quantities must match the regular expression '{PATTERN_TEXT}'")
    number, suffix = Decimal(match[1]), match[2]
    if suffix in _BINARY:
        value, form = min(_EXACT.multiply(number, Decimal(1024 ** _BINARY[suffix])), _BINARY_MAX), "binary"
    elif suffix in _DECIMAL:
        value, form = number.scaleb(_DECIMAL[suffix], _EXACT), "decimal"
    elif _EXPONENT.fullmatch(suffix):
        if number and abs(int(suffix[1:])) > _DIGITS_MAX:
            raise ValueError("unable to parse quantity's suffix")
        value, form = number.scaleb(int(suffix[1:]) if number else 0, _EXACT), "exponent"
    else:
        raise ValueError("unable to parse quantity's suffix")
    return Quantity(value.quantize(_NANO, ROUND_UP, _EXACT), form)


def parse(text: str | float) -> Quantity:
    """The quantity that a text or a JSON number stands for.

    Raises:
        ValueError: It is none; the text is Kubernetes'.
    """
    return _parse(text if isinstance(text, str) else repr(text))
