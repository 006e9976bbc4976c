"""What a program of a python image may import, and its built-ins.

Modules that only calculate are the real ones. Those that reach the host are stood in for (`standins`), or are
the real source run anew over the others (logging, argparse, random), so that nothing of this process changes.
Modules beside the program are found in the container's files.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import posixpath
from collections.abc import Callable, Mapping
from functools import partial
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from kubelite.images.python import standins, web
from kubelite.images.python.standins import make_module
from kubelite.images.python.streams import TextInput, TextOutput, open_file
from kubelite.images.shell.process import decode

if TYPE_CHECKING:
    import asyncio

    from kubelite.images.shell.process import Process
    from kubelite.runtime.handoff import Handoff

CALCULATING: Final = frozenset(
    [
        "__future__",
        "abc",
        "array",
        "base64",
        "binascii",
        "bisect",
        "calendar",
        "collections",
        "colorsys",
        "configparser",
        "contextlib",
        "copy",
        "csv",
        "dataclasses",
        "decimal",
        "difflib",
        "enum",
        "errno",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "html",
        "inspect",
        "ipaddress",
        "itertools",
        "json",
        "keyword",
        "math",
        "numbers",
        "operator",
        "pprint",
        "re",
        "reprlib",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "traceback",
        "types",
        "typing",
        "unicodedata",
        "uuid",
        "weakref",
        "zlib",
    ]
)
"""Modules that are the real ones, and theirs below them."""
PARTS: Final = frozenset({"urllib.parse", "urllib.error"})
RUN_ANEW: Final = frozenset({"argparse", "logging", "random", "shlex"})
"""Modules whose source runs over the modules of the container."""
_FOR_THEM: Final = frozenset({"_collections_abc", "_random", "_sha2", "_sha512", "threading"})
"""What such sources need besides."""
_ABSENT: Final = frozenset(["exit", "quit", "input", "open", "print", "breakpoint", "help", "__import__"])


class World:
    """One program's built-ins and modules.

    Args:
        process: The command.
        handoff: Where its waiting is done.
        filename: Of the program.
        argv: `sys.argv`.
        owned: Tasks that end with the program.
    """

    def __init__(
        self,
        process: Process,
        handoff: Handoff,
        filename: str,
        argv: list[str],
        owned: list[asyncio.Task[None]],
    ) -> None:
        self.process = process
        self.container = process.container
        self.owned = owned
        self.wait = handoff.wait
        self.stdout = TextOutput(self.wait, process.out)
        self.stderr = TextOutput(self.wait, process.err)
        self.stdin = TextInput(self.wait, process.stdin)
        self.handlers: dict[int, Any] = {}
        self.at_exit: list[Callable[[], Any]] = []
        self._filename = filename
        self.folder = posixpath.dirname(process.path(filename)) if filename[:1] != "<" else process.cwd
        self._loaded: dict[str, ModuleType] = {}
        self._builtins = {
            **{name: value for name, value in vars(builtins).items() if name not in _ABSENT},
            "__import__": self.import_,
            "open": partial(open_file, self.container.files, process.path),
            "print": self._print,
            "input": self._input,
            "exit": self.exit,
            "quit": self.exit,
        }
        self.argv = argv
        self._made: Mapping[str, Callable[[], ModuleType]] = {
            **{name: partial(make, self) for name, make in standins.MAKE.items()},
            "urllib.request": partial(web.make_requests, self),
            "http.server": partial(web.make_servers, self),
        }

    def execute(self, code: CodeType) -> None:
        """Run the program."""
        try:
            exec(code, {"__name__": "__main__", "__builtins__": self._builtins, "__file__": self._filename})  # noqa: S102
        finally:
            while self.at_exit:
                self.at_exit.pop()()

    def now(self) -> float:
        """Unix seconds of the cluster's clock, which only the loop can ask."""

        async def ask() -> float:
            return self.container.clock.now()

        return float(self.wait(ask))

    def monotonic(self) -> float:
        """Seconds of the cluster's clock."""

        async def ask() -> float:
            return self.container.clock.monotonic()

        return float(self.wait(ask))

    # --- built-ins

    def _print(self, *values: Any, **options: Any) -> None:
        print(*values, **{"file": self.stdout, **options})  # noqa: T201 - to the container

    def _input(self, prompt: object = "") -> str:
        self.stdout.write(str(prompt))
        line = self.stdin.readline()
        if not line:
            raise EOFError("EOF when reading a line")
        return line.rstrip("\n")

    def exit(self, code: Any = None) -> None:
        """End the program.

        Raises:
            SystemExit: Always.
        """
        raise SystemExit(code)

    def import_(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - as __import__ has them
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: tuple[str, ...] = (),
        level: int = 0,
    ) -> Any:
        """`__import__` of the program.

        Raises:
            ModuleNotFoundError: There is no such module in the container.
        """
        importing = str((globals or {}).get("__name__", ""))
        anew = importing.partition(".")[0] in RUN_ANEW
        if level:
            name = f"{importing.rpartition('.')[0]}.{name}".strip(".")
        module = self._load(name, anew=anew)
        for part in fromlist or ():
            if not hasattr(module, part) and self._knows(f"{name}.{part}"):
                setattr(module, part, self._load(f"{name}.{part}", anew=anew))
        if fromlist or "." not in name:
            return module
        top, _, below = name.partition(".")
        outer = self._load(top, anew=anew)
        if not hasattr(outer, below.partition(".")[0]):
            setattr(outer, below, module)
        return outer

    def _knows(self, name: str) -> bool:
        return name in self._made or name in PARTS or name.partition(".")[0] in CALCULATING

    def _load(self, name: str, *, anew: bool) -> ModuleType:
        if name in self._loaded:
            return self._loaded[name]
        if name in self._made:
            module = self._made[name]()
        elif name in RUN_ANEW:
            return self._run_anew(name)
        elif name.partition(".")[0] in CALCULATING or name in PARTS or (anew and name in _FOR_THEM):
            module = importlib.import_module(name)
        else:
            return self._from_files(name)
        self._loaded[name] = module
        return module

    def _run_anew(self, name: str) -> ModuleType:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        code = spec.loader.get_code(name)  # type: ignore[attr-defined]
        module = make_module(name, __builtins__=self._builtins, __path__=[])
        self._loaded[name] = module
        exec(code, vars(module))  # noqa: S102 - a module of the standard library
        if name == "random":
            vars(module)["seed"](self.container.random.uniform(0, 1))
        return module

    def _from_files(self, name: str) -> ModuleType:
        files, base = self.container.files, posixpath.join(self.folder, name.replace(".", "/"))
        path = next((each for each in (f"{base}.py", f"{base}/__init__.py") if files.is_file(each)), None)
        if path is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = make_module(name, __builtins__=self._builtins, __file__=path)
        self._loaded[name] = module
        exec(compile(decode(files.read(path)), path, "exec", dont_inherit=True), vars(module))  # noqa: S102
        return module
