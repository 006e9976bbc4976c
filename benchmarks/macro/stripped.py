"""What hooks cost that are off: the same work with the places out of the code at which they would be called.

Run as a script, in a process of its own: `python -m benchmarks.macro.stripped taken-out|off|on PODS` makes a
ReplicationController's pods in virtual time, by one seed, and prints how many bytecodes of Python that took.
A clock could not tell: what is looked for is smaller than what it varies by.

Taken out are, by what they say in the source: everything that is done with causes (`kubelite.runtime.causes`,
the write log), with observers of messages (`kubelite.runtime.instrument`), and with fault plans.
"""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import FrameType
from typing import Any, Final, Self, cast

NODES: Final = 5
OFF: Final[Mapping[str, bool | None]] = {
    "instrument.hooks": None,
    "self._faults.engine": None,
    "self._log is not None": False,
    "causes.current.get()": None,
    "current.get()": None,
    "cause_of(event, self.base['metadata'].get('resourceVersion', ''))": None,
    "self._causes.take(key)": None,
}
"""What these are where nothing is on."""
CALLS: Final = (
    "current.set",
    "current.reset",
    "causes.current.set",
    "causes.current.reset",
    "self._causes.note",
    "self._causes.keep",
    "instrument.watched.add",
    "_follow",
)
"""Nothing comes of these calls."""
MODULES: Final = ("kubelite.runtime.causes", "kubelite.runtime.instrument")
"""Which are themselves left as they are."""


class Settled(ast.Constant):
    """A value that stands where something was taken out."""


class Taken(ast.NodeTransformer):
    """Takes them out of a module.

    Attributes:
        count: How many places there were.
    """

    def __init__(self) -> None:
        self.count = 0

    def visit(self, node: ast.AST) -> Any:
        """What takes the place of a node."""
        if isinstance(node, ast.Attribute | ast.Call | ast.Compare) and (text := ast.unparse(node)) in OFF:
            if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
                self.count += 1
                return Settled(OFF[text])
            return node
        return super().visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """A call of which nothing comes."""
        return self._without(node, node.value)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """The same, with what it gives kept for later."""
        return self._without(node, node.value)

    def _without(self, node: ast.stmt, value: ast.expr) -> ast.AST:
        if isinstance(value, ast.Call) and ast.unparse(value.func) in CALLS:
            self.count += 1
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> Any:
        """What is done only where something is on."""
        self.generic_visit(node)
        match _value(node.test):
            case True:
                return node.body
            case False:
                return node.orelse or ast.copy_location(ast.Pass(), node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """`and` and `or` with what is settled."""
        self.generic_visit(node)
        neutral = isinstance(node.op, ast.And)
        values = [each for each in node.values if _value(each) is not neutral]
        if any(_value(each) is (not neutral) for each in values):
            return Settled(not neutral)
        if not values:
            return Settled(neutral)
        return values[0] if len(values) == 1 else ast.BoolOp(node.op, values)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """`is None` and `is not None` of what is settled."""
        self.generic_visit(node)
        left = node.left.value if isinstance(node.left, ast.NamedExpr) else node.left
        if isinstance(left, Settled) and ast.unparse(node.comparators[0]) == "None":
            match node.ops[0]:
                case ast.Is():
                    return Settled(left.value is None)
                case ast.IsNot():
                    return Settled(left.value is not None)
        return node


def _value(node: ast.expr) -> bool | None:
    """Whether it is true; None if that is not settled."""
    return bool(node.value) if isinstance(node, Settled) else None


class Loader(SourceFileLoader):
    """Compiles modules of kubelite from their source, with or without the places."""

    taken_out = True
    places = 0

    def get_code(self, fullname: str) -> Any:
        """Never from a cache."""
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path))
        if self.taken_out and fullname not in MODULES:
            taken = Taken()
            tree = ast.fix_missing_locations(taken.visit(tree))
            Loader.places += taken.count
        return compile(tree, path, "exec", dont_inherit=True)


class Finder(MetaPathFinder):
    """Finds kubelite's modules."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """With the loader above."""
        if fullname.partition(".")[0] != "kubelite":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(fullname, cast("str", spec.origin))
        return spec


class Bytecodes:
    """Counts those that are executed."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Self:
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _called(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self._traced

    def _traced(self, _frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "opcode":
            self.count += 1
        return self._traced


async def work(pods: int, **options: Any) -> int:
    """Bytecodes from the POST until all pods are Ready; run it once before, for what is imported late."""
    import kubelite  # noqa: PLC0415 - through the finder
    from kubelite.testing import VirtualClock  # noqa: PLC0415 - as above

    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "pause"}]}}
    manifest = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "web"},
        "spec": {"replicas": pods, "selector": labels, "template": template},
    }
    async with kubelite.Cluster(nodes=NODES, clock=VirtualClock(), seed=1, **options) as cluster:
        with Bytecodes() as bytecodes:
            await cluster.apply(manifest)
            await cluster.wait_for("rc/web", "ready", timeout=600)
        return bytecodes.count


def main() -> None:
    """Prints bytecodes, and how many places were taken out."""
    mode, pods = sys.argv[1], int(sys.argv[2])
    Loader.taken_out = mode == "taken-out"
    sys.meta_path.insert(0, Finder())
    options = {} if mode == "on" else {"causes_max": 0}
    asyncio.run(work(1, **options))
    count = asyncio.run(work(pods, **options))
    print(count, Loader.places)


if __name__ == "__main__":
    main()
