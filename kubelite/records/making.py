"""How the classes are made; see the package.

`define` and `frozen` put functions into the class that are the same for all classes: each, when it is called
for the first time on behalf of a class, compiles the method, puts it into the class in its own stead, and
calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from types import CellType, FunctionType
from typing import Any, Final, TypeVar

T = TypeVar("T")
FIELDS: Final = "__record_fields__"
CACHED: Final = "__cached_hash__"
NOTHING: Final = object()
"""No default."""


class FrozenInstanceError(AttributeError):
    """A field of a frozen object was to be set or deleted."""


class Field:
    """A field of a class, as `field` tells of it.

    Attributes:
        name: The attribute's.
        parameter: Of `__init__`: the name without leading underscores.
        default: What it is if it is not given; `NOTHING` if it has to be.
        factory: Makes the default.
        kw_only: Whether it can be given by name only.
        init: Whether it can be given at all.
        eq: Whether it is compared and hashed.
        repr: Whether it is shown.
        converter: Makes of what is given, or of the default, what is kept.
        validator: Called with object, field and value at the end of `__init__`.
    """

    __slots__ = (
        "converter",
        "default",
        "eq",
        "factory",
        "init",
        "kw_only",
        "name",
        "parameter",
        "repr",
        "validator",
    )

    def __init__(
        self,
        *,
        default: Any = NOTHING,
        factory: Callable[[], Any] | None = None,
        kw_only: bool = False,
        init: bool = True,
        eq: bool = True,
        repr: bool = True,  # noqa: A002 - attrs' name
        converter: Callable[[Any], Any] | None = None,
        validator: Callable[[Any, Any, Any], None] | None = None,
    ) -> None:
        self.name = self.parameter = ""
        self.default = default
        self.factory = factory
        self.kw_only = kw_only
        self.init = init
        self.eq = eq
        self.repr = repr
        self.converter = converter
        self.validator = validator

    def __repr__(self) -> str:
        return f"<Field {self.name}>"

    @property
    def is_required(self) -> bool:
        """Whether it has to be given."""
        return self.default is NOTHING and self.factory is None


field = Field


def frozen(cls: type | None = None, **options: Any) -> Any:
    """A class whose fields are set when an object is made, and never again; see `define`."""
    return define(cls, frozen=True, **options)


def define(
    cls: type | None = None,
    *,
    frozen: bool = False,
    kw_only: bool = False,
    eq: bool = True,
    repr: bool = True,  # noqa: A002 - attrs' name
    slots: bool = True,
    cache_hash: bool = False,
) -> Any:
    """A class with slots for what is annotated in its body. What its body defines itself is left alone.

    Args:
        cls: The class; None if options are given.
        frozen: Fields cannot be set.
        kw_only: The fields of this class can be given by name only.
        eq: Objects are equal if they are of the same class and their fields are equal.
        repr: Objects are shown with their fields.
        slots: Objects have nothing but their fields; else they have a dictionary, too.
        cache_hash: The hash is kept with the object.
    """

    def make(cls: type) -> type:
        names = dict(cls.__dict__)
        own = _own_fields(names, kw_only=kw_only)
        inherited: Sequence[Field] = getattr(cls, FIELDS, ())
        mine = {each.name for each in own}
        every = (*(each for each in inherited if each.name not in mine), *own)
        names[FIELDS] = every
        taken = {each.name for each in inherited}
        added = tuple(each.name for each in own if each.name not in taken)
        names["__slots__"] = (*added, *([] if slots else ["__dict__"]), *([CACHED] if cache_hash else []))
        names.setdefault(
            "__match_args__", tuple(each.name for each in every if each.init and not each.kw_only)
        )
        names.setdefault("__init__", _init)
        if repr:
            names.setdefault("__repr__", _show)
        if eq and "__eq__" not in names:
            names["__eq__"] = _equal
            names.setdefault("__hash__", _hash if frozen else None)
        if frozen:
            names["__setattr__"], names["__delattr__"] = _refuse_set, _refuse_delete
        return _rebuilt(cls, names)

    return make if cls is None else make(cls)


def _own_fields(names: dict[str, Any], *, kw_only: bool) -> list[Field]:
    """The annotated fields of a class's body, whose defaults are taken out of it."""
    found = []
    for name, annotation in names.get("__annotations__", {}).items():
        if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            continue
        given = names.pop(name, NOTHING)
        each = given if isinstance(given, Field) else Field(default=given)
        each.name, each.parameter = name, name.lstrip("_")
        each.kw_only = each.kw_only or kw_only
        found.append(each)
    return found


def _rebuilt(cls: type, names: dict[str, Any]) -> type:
    """The class anew: slots have to be known when a class is made."""
    names.pop("__dict__", None)
    names.pop("__weakref__", None)
    names["__qualname__"] = cls.__qualname__
    made: type = type(cls)(cls.__name__, cls.__bases__, names)
    for each in names.values():  # what uses `super()` knows its class by a cell
        function = getattr(each, "__func__", getattr(each, "fget", each))
        if isinstance(function, FunctionType) and "__class__" in function.__code__.co_freevars:
            cells: tuple[CellType, ...] = function.__closure__ or ()
            cells[function.__code__.co_freevars.index("__class__")].cell_contents = made
    return made


def fields(cls: type) -> tuple[Field, ...]:
    """The fields of a class, inherited ones first."""
    found: tuple[Field, ...] = getattr(cls, FIELDS)
    return found


def evolve(obj: T, **changes: Any) -> T:
    """An object like another, but for some fields.

    Raises:
        TypeError: There is no such field.
    """
    cls: Any = type(obj)
    places, read = _places(cls)
    if read is None:
        for each in fields(type(obj)):
            if each.init and each.parameter not in changes:
                changes[each.parameter] = getattr(obj, each.name)
        return type(obj)(**changes)
    values = [*read(obj)]
    for name, value in changes.items():
        if name not in places:
            raise TypeError(f"{type(obj).__name__} has no field {name}")
        values[places[name]] = value
    return type(obj)(*values)


@cache
def _places(cls: Any) -> tuple[Mapping[str, int], Callable[[Any], tuple[Any, ...]] | None]:
    """Where each parameter stands, and what reads all fields; None if some are not given so."""
    every = fields(cls)
    if len(every) < 2 or not all(each.init and not each.kw_only for each in every):
        return {}, None
    places = {each.parameter: place for place, each in enumerate(every)}
    return places, attrgetter(*(each.name for each in every))


# --- the methods that make themselves -----------------------------------------------------------------------


def _init(self: Any, *args: Any, **kwargs: Any) -> None:
    _put(self, "__init__", _init, _compile_init)(self, *args, **kwargs)


def _equal(self: Any, other: object) -> Any:
    return _put(self, "__eq__", _equal, _compile_eq)(self, other)


def _hash(self: Any) -> int:
    found: int = _put(self, "__hash__", _hash, _compile_hash)(self)
    return found


def _put(self: Any, name: str, stub: Any, make: Callable[[type], Any]) -> Any:
    """Puts the method into the class that waits for it: the first one which still has the stub."""
    owner = next(each for each in type(self).__mro__ if each.__dict__.get(name) is stub)
    method = make(owner)
    setattr(owner, name, method)
    return method


def _show(self: Any) -> str:
    shown = ", ".join(
        f"{each.name}={getattr(self, each.name, ...)!r}" for each in fields(type(self)) if each.repr
    )
    return f"{type(self).__qualname__.rpartition('>.')[2]}({shown})"


def _refuse_set(_: object, name: str, __: object) -> None:
    raise FrozenInstanceError(f"{name} cannot be set")


def _refuse_delete(_: object, name: str) -> None:
    raise FrozenInstanceError(f"{name} cannot be deleted")


def _compile_init(cls: type) -> Any:
    known: dict[str, Any] = {"NOTHING": NOTHING}
    positional: list[str] = []
    named: list[str] = []
    body: list[str] = []
    is_frozen = getattr(cls, "__setattr__") is _refuse_set  # noqa: B009 - as an attribute, mypy takes it for a method
    for number, each in enumerate(fields(cls)):
        value = each.parameter
        if each.init:
            (named if each.kw_only else positional).append(_parameter(each, number, known))
            if each.factory is not None:
                body.append(f"if {value} is NOTHING: {value} = make{number}()")
        elif each.is_required:  # `__attrs_post_init__` sets it
            continue
        else:
            value = f"make{number}()" if each.factory is not None else f"default{number}"
        if each.converter is not None:
            known[f"convert{number}"] = each.converter
            value = f"convert{number}({value})"
        known[f"make{number}"], known[f"default{number}"] = each.factory, each.default
        if is_frozen:
            known[f"set{number}"] = getattr(cls, each.name).__set__
            body.append(f"set{number}(self, {value})")
        else:
            body.append(f"self.{each.name} = {value}")
    for number, each in enumerate(fields(cls)):
        if each.validator is not None:
            known[f"validate{number}"], known[f"field{number}"] = each.validator, each
            body.append(f"validate{number}(self, field{number}, self.{each.name})")
    if hasattr(cls, "__attrs_post_init__"):
        body.append("self.__attrs_post_init__()")
    parameters = ", ".join(["self", *positional, *(["*", *named] if named else [])])
    return _compile(cls, "__init__", parameters, body or ["pass"], known)


def _parameter(each: Field, number: int, known: dict[str, Any]) -> str:
    if each.is_required:
        return each.parameter
    if each.factory is not None:
        return f"{each.parameter}=NOTHING"
    known[f"default{number}"] = each.default
    return f"{each.parameter}=default{number}"


def _compile_eq(cls: type) -> Any:
    same = " and ".join(f"self.{each.name} == other.{each.name}" for each in fields(cls) if each.eq)
    body = ["if other.__class__ is not self.__class__: return NotImplemented", f"return {same or True}"]
    return _compile(cls, "__eq__", "self, other", body, {})


def _compile_hash(cls: type) -> Any:
    values = ", ".join(("cls", *(f"self.{each.name}" for each in fields(cls) if each.eq)))
    body, known = [f"return hash(({values},))"], {"cls": cls}
    if CACHED in vars(cls):
        known["keep"] = vars(cls)[CACHED].__set__
        body = [
            f"try: return self.{CACHED}",
            "except AttributeError: pass",
            f"made = hash(({values},))",
            "keep(self, made)",
            "return made",
        ]
    return _compile(cls, "__hash__", "self", body, known)


def _compile(cls: type, name: str, parameters: str, body: Sequence[str], known: Mapping[str, Any]) -> Any:
    text = f"def {name}({parameters}):\n " + "\n ".join(body)
    made: dict[str, Any] = {}
    exec(compile(text, f"<{name} of {cls.__qualname__}>", "exec"), dict(known), made)  # noqa: S102 - from names of fields
    method = made[name]
    method.__module__, method.__qualname__ = cls.__module__, f"{cls.__qualname__}.{name}"
    return method
