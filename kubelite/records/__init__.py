"""Small classes with named fields: attrs' classes, whose methods are made when they are first called.

attrs writes and compiles methods for each class when it is defined. Some two hundred messages, intents and
states are imported with kubelite, and few of them are ever made in one process: compiling them took two
fifths of the time that its import takes. Here a class gets its slots when it is defined, and `__init__`,
`__eq__` and `__hash__` when they are first called.

The meaning is that of `attrs.frozen`, `attrs.define`, `attrs.field`, `attrs.evolve` and `attrs.fields`, with
those of their options that are used here. To a type checker they are attrs', which is why it knows of fields,
defaults and `evolve`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import Attribute as Field
    from attrs import define, evolve, field, fields, frozen
    from attrs.exceptions import FrozenInstanceError
else:
    from kubelite.records.making import Field, FrozenInstanceError, define, evolve, field, fields, frozen

__all__ = ["Field", "FrozenInstanceError", "define", "evolve", "field", "fields", "frozen"]
