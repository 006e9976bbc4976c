"""Records mean what attrs' classes mean, and make their methods when these are first called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite import records
from kubelite.records import making

R = TypeVar("R")


@records.frozen
class Point:
    """A point."""

    kind: ClassVar[str] = "point"

    x: int
    y: int = 2
    _hidden: list[int] = records.field(factory=list, eq=False, repr=False)
    label: str = records.field(default="", kw_only=True)


@records.frozen(kw_only=True)
class Solid(Point):
    """A point with a height."""

    z: int


@records.frozen
class Pair:
    """Fields that are given in their order."""

    first: Any
    _second: Any


def test_fields_are_given_by_place_or_name_and_have_defaults():
    point = Point(1, label="a", hidden=[3])
    assert (point.x, point.y, point._hidden, point.label) == (1, 2, [3], "a")
    assert Point(1)._hidden is not Point(1)._hidden
    assert Point.kind == "point"


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1, 2, [], "label"), {}), ((1,), {"x": 1}), ((1,), {"other": 1})]
)
def test_what_init_does_not_take_is_a_type_error(args, kwargs):
    with pytest.raises(TypeError):
        Point(*args, **kwargs)


def test_inherited_fields_come_first_and_may_be_followed_by_named_ones():
    solid = Solid(1, 5, z=7)
    assert (solid.x, solid.y, solid.z) == (1, 5, 7)
    assert [each.name for each in records.fields(Solid)] == ["x", "y", "_hidden", "label", "z"]
    assert Point.__match_args__ == ("x", "y", "_hidden")
    assert not hasattr(solid, "__dict__")


def test_it_shows_its_fields_as_attrs_does():
    assert repr(Solid(1, z=7)) == "Solid(x=1, y=2, label='', z=7)"


def test_a_frozen_one_refuses_to_be_set_or_deleted():
    point = Point(1)
    with pytest.raises(records.FrozenInstanceError, match="x cannot be set"):
        point.x = 3
    with pytest.raises(records.FrozenInstanceError, match="x cannot be deleted"):
        del point.x
    assert point.x == 1


def test_equal_are_those_of_one_class_with_equal_fields():
    assert Point(1) == Point(1, hidden=[4])
    assert Point(1) != Point(2)
    assert Point(1) != Solid(1, z=1)
    assert Point(1).__eq__(1) is NotImplemented
    assert hash(Point(1)) == hash(Point(1, hidden=[4])) != hash(Point(2))


def test_a_cached_hash_is_computed_once():
    asked = []

    class Part:
        def __hash__(self) -> int:
            asked.append(self)
            return 5

    @records.frozen(cache_hash=True)
    class Kept:
        part: Part

    part = Part()
    one, two = Kept(part), Kept(part)
    assert hash(one) == hash(one) == hash(two)
    assert len(asked) == 2
    assert [each.name for each in records.fields(Kept)] == ["part"]


def test_one_that_changes_is_not_hashed_unless_it_is_not_compared():
    @records.define
    class Counter:
        count: int = 0

    @records.define(eq=False)
    class Thing:
        count: int = 0

    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)
    assert Thing() != Thing()
    assert len({Thing(), Thing()}) == 2


def test_a_changed_copy_has_what_is_not_changed():
    assert records.evolve(Solid(1, z=7, label="a"), y=9) == Solid(1, 9, z=7, label="a")
    assert records.evolve(Pair(1, 2), second=[3]) == Pair(1, [3])
    with pytest.raises(TypeError, match="Pair has no field third"):
        records.evolve(Pair(1, 2), third=1)
    assert records.evolve(Point(1), hidden=[2])._hidden == [2]
    with pytest.raises(TypeError):
        records.evolve(Point(1), other=1)


def test_what_the_body_defines_is_left_alone():
    @records.frozen
    class Own:
        value: int

        def __repr__(self) -> str:
            return "<Own>"

        def __hash__(self) -> int:
            return 7

        def __eq__(self, other: object) -> bool:
            return True

    assert (repr(Own(1)), hash(Own(1)), Own(1) == Own(2)) == ("<Own>", 7, True)


def test_validators_are_called_and_then_what_follows_init():
    def positive(obj: Any, field: Any, value: int) -> None:
        if value <= 0:
            raise ValueError(f"{field.name} of {obj!r}")

    @records.frozen
    class Checked:
        value: int = records.field(default=1, validator=positive)
        twice: int = records.field(init=False)
        thrice: int = records.field(init=False, default=0)
        made: list[int] = records.field(init=False, factory=list)
        text: str = records.field(default=1, converter=str)

        def __attrs_post_init__(self) -> None:
            object.__setattr__(self, "twice", self.value * 2)

    assert (Checked(3).twice, Checked(3).thrice, Checked(3).made) == (6, 0, [])
    assert (Checked().text, Checked(text=7).text) == ("1", "7")
    with pytest.raises(TypeError):
        Checked(1, twice=2)
    with pytest.raises(ValueError, match="value of"):
        Checked(0)


def test_generic_and_abstract_bases_and_super_work():
    class Base(ABC, Generic[R]):
        @abstractmethod
        def get(self) -> R: ...

        def text(self) -> str:
            return "base"

    @records.frozen
    class Made(Base[int]):
        value: int

        def get(self) -> int:
            return self.value

        def text(self) -> str:
            return super().text() + " and more"

        @property
        def longer(self) -> str:
            return super().text() * 2

        @classmethod
        def make(cls) -> Made:
            assert super().__init__
            return cls(4)

    made = Made.make()
    assert (made.get(), made.text(), made.longer) == (4, "base and more", "basebase")
    with pytest.raises(TypeError, match="abstract"):
        Base()


def test_methods_are_compiled_for_a_class_when_an_object_of_it_first_needs_them():
    @records.frozen
    class First:
        value: int

    @records.frozen
    class Second(First):
        other: int = 0

    assert First.__init__ is Second.__init__ is making._init
    assert Second(1) == Second(1)
    assert First.__init__ is making._init
    assert Second.__init__ is not making._init
    assert First.__hash__ is making._hash
    assert First(2).value == 2
    assert First.__init__ is not Second.__init__


def test_a_subclass_that_is_no_record_may_extend_init():
    class Named(Point):
        def __init__(self, name: str) -> None:
            super().__init__(5)
            object.__setattr__(self, "name", name)

    assert (Named("a").x, Named("b").name) == (5, "b")


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=4), st.data())
def test_it_is_equal_shown_and_hashed_as_by_attrs(shapes, data):
    """A dumb oracle: the same class by attrs."""
    names = [f"f{number}" for number in range(len(shapes))]
    values = [data.draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names))) for _ in "ab"]
    made = []
    for library in (attrs, records):
        body: dict[str, Any] = {"__annotations__": dict.fromkeys(names, "int"), "__qualname__": "X"}
        for name, (kw_only, eq, shown) in zip(names, shapes, strict=True):
            body[name] = library.field(kw_only=kw_only, eq=eq, repr=shown)
        cls = library.frozen(type("X", (), body))
        positional = [index for index, (kw_only, *_) in enumerate(shapes) if not kw_only]
        named = [index for index, (kw_only, *_) in enumerate(shapes) if kw_only]
        one, two = (
            cls(*(each[index] for index in positional), **{names[index]: each[index] for index in named})
            for each in values
        )
        made.append((repr(one), one == two, hash(one) == hash(two), cls.__match_args__, cls.__slots__))
    attrs_made, records_made = made
    assert records_made[:4] == attrs_made[:4]
    assert set(records_made[4]) == set(attrs_made[4]) - {"__weakref__"}
