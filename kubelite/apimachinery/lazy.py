"""What is imported only when it is first used.

Tables of what is rarely needed name it by `"package.module:name"`; `load` imports the module at the first
call. Errors of the import are those of whoever needs it: they are raised from `load`, each time.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any


@cache
def load(where: str) -> Any:
    """What a module holds under a name.

    Args:
        where: `"package.module:name"`.

    Raises:
        ImportError: There is no such module, or it cannot be imported.
        AttributeError: The module has no such name.
    """
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)
