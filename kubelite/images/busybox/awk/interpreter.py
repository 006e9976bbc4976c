"""Runs an awk program over records.

Source: POSIX.1-2017, Utilities, awk, Input Files and Extended Description.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kubelite.images.busybox.awk import functions
from kubelite.images.busybox.awk.memory import Array, AwkError, Cell, Memory
from kubelite.images.busybox.awk.reading import Records, Streams, write
from kubelite.images.busybox.awk.syntax import (
    Assign,
    Binary,
    Block,
    Call,
    Conditional,
    Delete,
    Element,
    Evaluate,
    Expression,
    Field,
    ForIn,
    Function,
    Getline,
    Group,
    If,
    In,
    Leave,
    Loop,
    Number,
    Place,
    Print,
    Program,
    Regex,
    Rule,
    Statement,
    Step,
    Text,
    Unary,
    Variable,
)
from kubelite.images.busybox.awk.values import (
    Input,
    Value,
    calculate,
    compare,
    is_true,
    number_of,
    text_of,
)
from kubelite.images.busybox.formats import escape
from kubelite.images.shell.process import Process
from kubelite.images.shell.streams import open_file
from kubelite.runtime.tasks import checkpoint

LOOPS_BEFORE_YIELD: Final = 256
CALLS_MAX: Final = 200
"""How deep functions may call each other."""


class _Flow(Exception):  # noqa: N818 - control flow, not an error
    """`next`, `exit`, `break`, …."""

    def __init__(self, how: str, value: Value = None) -> None:
        super().__init__(how)
        self.how, self.value = how, value


class Interpreter:
    """One run of a program.

    Args:
        program: What to run.
        process: The command, with its streams and files.
        operands: Files to read, and assignments between them.
    """

    def __init__(self, program: Program, process: Process, operands: Sequence[str]) -> None:
        self._program = program
        self._process = process
        self._random = process.container.random
        self.memory = Memory(process.env)
        self._streams = Streams(process)
        arguments = dict(enumerate(["awk", *operands]))
        self.memory.globals["ARGV"] = {str(number): Input(text) for number, text in arguments.items()}
        self.memory.globals["ARGC"] = float(len(arguments))
        self._argument = 1
        self._read_any = False
        self._records: Records | None = None
        self._in_range: set[int] = set()
        self._rounds = 0
        self._status = 0

    async def run(self) -> int:
        """Runs the program to its end; gives the exit status.

        Raises:
            AwkError: It cannot go on.
        """
        program = self._program
        try:
            if await self._all(program.begin) and (program.rules or program.end):
                await self._main()
        except _Flow as flow:
            self._take_status(flow)
        try:
            await self._all(program.end)
        except _Flow as flow:
            self._take_status(flow)
        await self._streams.close_all()
        return self._status

    def assign(self, name: str, text: str) -> None:
        """`-v name=text`."""
        self.memory.set(name, Input(escape(text)[0]))

    def _take_status(self, flow: _Flow) -> None:
        if flow.how != "exit":
            raise AwkError(f"`{flow.how}' used in the wrong place") from flow
        if flow.value is not None:
            self._status = int(number_of(flow.value)) & 0xFF

    async def _all(self, blocks: Sequence[Block]) -> bool:
        for block in blocks:
            await self._execute(block)
        return True

    async def _main(self) -> None:
        while (record := await self._next_record()) is not None:
            self.memory.set_record(record)
            try:
                for number, rule in enumerate(self._program.rules):
                    if await self._applies(number, rule):
                        await self._execute(rule.body)
            except _Flow as flow:
                if flow.how == "nextfile":
                    self._records = None
                elif flow.how != "next":
                    raise
            await self._breathe()

    async def _applies(self, number: int, rule: Rule) -> bool:
        if rule.first is None:
            return True
        if rule.last is None:
            return is_true(await self._value(rule.first))
        if number not in self._in_range:
            if not is_true(await self._value(rule.first)):
                return False
            self._in_range.add(number)
        if is_true(await self._value(rule.last)):
            self._in_range.discard(number)
        return True

    # --- input

    async def _next_record(self) -> str | None:
        """The next record of the operands' files, or of standard input if they name none."""
        while True:
            if self._records is None and not await self._open_next():
                return None
            assert self._records is not None
            record = await self._records.next(self.memory.text("RS"))
            if record is not None:
                self._count("NR", "FNR")
                return record
            self._records = None

    def _count(self, *names: str) -> None:
        for name in names:
            self.memory.set(name, number_of(self.memory.get(name)) + 1)

    async def _open_next(self) -> bool:
        arguments = self.memory.array("ARGV")
        while self._argument < number_of(self.memory.get("ARGC")):
            text = text_of(arguments.get(str(self._argument)))
            self._argument += 1
            name, equals, value = text.partition("=")
            if equals and name.isidentifier():
                self.assign(name, value)
            elif text:
                self._read_any = True
                if await self._open(text):
                    return True
        if self._read_any:
            return False
        self._read_any = True
        return await self._open("-")

    async def _open(self, name: str) -> bool:
        process = self._process
        try:
            source = process.stdin if name == "-" else open_file(process.container.files, process.path(name))
        except OSError as error:
            await process.fail(f"{name}: {error.strerror}")
            self._status = 2
            return False
        self._records = Records(source)
        self.memory.set("FILENAME", None if name == "-" else name)
        self.memory.set("FNR", 0.0)
        return True

    async def _getline(self, expression: Getline) -> Value:
        try:
            if expression.source is None:
                record = await self._next_record()
            else:
                name = await self._text(expression.source)
                records = await self._streams.input(name, expression.kind)
                record = await records.next(self.memory.text("RS"))
        except OSError:
            return -1.0
        if record is None:
            return 0.0
        if expression.kind == "|":
            self._count("NR")
        if expression.place is None:
            self.memory.set_record(record)
        else:
            await self._assign(expression.place, Input(record))
        return 1.0

    # --- statements

    async def _breathe(self) -> None:
        self._rounds += 1
        if self._rounds % LOOPS_BEFORE_YIELD == 0:
            await checkpoint()

    async def _execute(self, statement: Statement) -> None:
        match statement:
            case Evaluate(expression):
                await self._value(expression)
            case Print():
                await self._print(statement)
            case Block(body):
                for each in body:
                    await self._execute(each)
            case If(condition, yes, no):
                if is_true(await self._value(condition)):
                    await self._execute(yes)
                elif no is not None:
                    await self._execute(no)
            case Loop():
                await self._loop(statement)
            case ForIn(name, array, body):
                for key in tuple(self.memory.array(array)):
                    self.memory.set(name, Input(key))
                    if not await self._round(body):
                        break
            case Delete(array, None):
                self.memory.array(array).clear()
            case Delete(array, keys) if keys is not None:
                self.memory.array(array).pop(await self._key(keys), None)
            case Leave(how, value):
                raise _Flow(how, None if value is None else await self._value(value))

    async def _loop(self, loop: Loop) -> None:
        if loop.before is not None:
            await self._execute(loop.before)
        if loop.body_first and not await self._round(loop.body):
            return
        while loop.condition is None or is_true(await self._value(loop.condition)):
            if not await self._round(loop.body):
                return
            if loop.after is not None:
                await self._execute(loop.after)

    async def _round(self, body: Statement) -> bool:
        """One round of a loop; tells whether it goes on."""
        await self._breathe()
        try:
            await self._execute(body)
        except _Flow as flow:
            if flow.how == "break":
                return False
            if flow.how != "continue":
                raise
        return True

    async def _print(self, statement: Print) -> None:
        values = [await self._value(item) for item in statement.items]
        if statement.formatted:
            text = functions.formatted(text_of(values[0]) if values else "", values[1:])
        else:
            layout = self.memory.text("OFMT")
            parts = [text_of(value, layout) for value in values] if values else [self.memory.record]
            text = self.memory.text("OFS").join(parts) + self.memory.text("ORS")
        if statement.target is None:
            await self._process.out(text)
            return
        name = await self._text(statement.target)
        await write(await self._streams.output(name, statement.redirection), text)

    # --- expressions

    async def _text(self, expression: Expression) -> str:
        return text_of(await self._value(expression), self.memory.text("CONVFMT"))

    async def _number(self, expression: Expression) -> float:
        return number_of(await self._value(expression))

    async def _key(self, keys: Sequence[Expression]) -> str:
        if len(keys) == 1:
            return await self._text(keys[0])
        return self.memory.text("SUBSEP").join([await self._text(key) for key in keys])

    async def _value(self, expression: Expression) -> Value:
        match expression:
            case Number(value) | Text(value):
                return value
            case Variable(name):
                return self.memory.get(name)
            case Field(index):
                return self.memory.field(await self._number(index))
            case Element(array, keys):
                key = await self._key(keys)
                return self.memory.array(array).setdefault(key, None)
            case Binary():
                return await self._binary(expression)
            case Assign(place, operator, value):
                new = await self._value(value)
                if operator:
                    new = calculate(operator, await self._number(place), number_of(new))
                return await self._assign(place, new)
            case Step(place, by, behind):
                before = await self._number(place)
                await self._assign(place, before + by)
                return before if behind else before + by
            case Unary("!", operand):
                return float(not is_true(await self._value(operand)))
            case Unary(sign, operand):
                number = await self._number(operand)
                return -number if sign == "-" else number
            case Conditional(condition, yes, no):
                return await self._value(yes if is_true(await self._value(condition)) else no)
            case Regex(pattern):
                return float(functions.regex(pattern).search(self.memory.record) is not None)
            case In(keys, array):
                return float(await self._key(keys) in self.memory.array(array))
            case Group(items):
                return await self._value(items[0]) if len(items) == 1 else await self._key(items)
            case Call():
                return await self._call(expression)
            case Getline():
                return await self._getline(expression)

    async def _assign(self, place: Place, value: Value) -> Value:
        match place:
            case Variable(name):
                self.memory.set(name, value)
            case Field(index):
                self.memory.set_field(await self._number(index), value)
            case Element(array, keys):
                key = await self._key(keys)
                self.memory.array(array)[key] = value
        return value

    async def _binary(self, expression: Binary) -> Value:
        operator, left, right = expression.operator, expression.left, expression.right
        if operator in {"&&", "||"}:
            holds = is_true(await self._value(left))
            if holds == (operator == "&&"):
                holds = is_true(await self._value(right))
            return float(holds)
        if operator in {"~", "!~"}:
            text = await self._text(left)
            found = functions.regex(await self._pattern(right)).search(text) is not None
            return float(found == (operator == "~"))
        one, two = await self._value(left), await self._value(right)
        if operator == " ":
            layout = self.memory.text("CONVFMT")
            return text_of(one, layout) + text_of(two, layout)
        if operator in "+-*/%^":
            return calculate(operator, number_of(one), number_of(two))
        return float(compare(operator, one, two))

    async def _pattern(self, expression: Expression) -> str:
        return expression.pattern if isinstance(expression, Regex) else await self._text(expression)

    # --- functions

    async def _call(self, call: Call) -> Value:
        name, args = call.name, call.args
        if (function := self._program.functions.get(name)) is not None:
            return await self._call_own(function, args)
        if (builtin := functions.CALCULATING.get(name)) is not None:
            try:
                return builtin([await self._value(arg) for arg in args])
            except IndexError:
                raise AwkError(f"too few arguments for {name}") from None
        match name, args:
            case "length", ():
                return float(len(self.memory.record))
            case "length", (Variable(array),) if isinstance(cell := self.memory.cell(array), dict):
                return float(len(cell))
            case "length", (arg,):
                return float(len(await self._text(arg)))
            case "split", (text, Variable(array), *rest):
                return await self._split(await self._text(text), array, rest)
            case "sub" | "gsub", (pattern, replacement, *rest):
                place = rest[0] if rest else Field(Number(0.0))
                return await self._substitute(pattern, replacement, place, everywhere=name == "gsub")
            case "match", (text, pattern):
                return await self._match(await self._text(text), await self._pattern(pattern))
            case "system", (command,):
                return float(await self._streams.run(await self._text(command)))
            case "close", (stream, *_):
                return float(await self._streams.close(await self._text(stream)))
            case "fflush", _:
                return 0.0
            case "rand", ():
                return self._random.uniform(0.0, 1.0)
            case "srand", _:
                return 0.0
            case "systime", ():
                return float(int(self._process.container.clock.now()))
            case "strftime", _:
                values = [await self._value(arg) for arg in args]
                return functions.strftime(values, self._process.container.clock.now())
        raise AwkError(f"calling undefined function {name}")

    async def _split(self, text: str, array: str, rest: Sequence[Expression]) -> float:
        if rest and isinstance(rest[0], Regex):
            parts = functions.split_by(rest[0].pattern, text)
        else:
            separator = await self._text(rest[0]) if rest else self.memory.text("FS")
            parts = functions.fields_of(text, separator)
        found = self.memory.array(array)
        found.clear()
        found.update(functions.array_of(parts))
        return float(len(parts))

    async def _substitute(
        self, pattern: Expression, replacement: Expression, place: Expression, *, everywhere: bool
    ) -> float:
        new, count = functions.substitute(
            await self._pattern(pattern),
            await self._text(replacement),
            await self._text(place),
            everywhere=everywhere,
        )
        if count and isinstance(place, Variable | Field | Element):
            await self._assign(place, new)
        return float(count)

    async def _match(self, text: str, pattern: str) -> float:
        found = functions.regex(pattern).search(text)
        start = 0 if found is None else found.start() + 1
        self.memory.set("RSTART", float(start))
        self.memory.set("RLENGTH", -1.0 if found is None else float(found.end() - found.start()))
        return float(start)

    async def _call_own(self, function: Function, args: Sequence[Expression]) -> Value:
        memory = self.memory
        frame: dict[str, Cell] = dict.fromkeys(function.parameters)
        unset: list[tuple[str, Array]] = []
        for parameter, arg in zip(function.parameters, args, strict=False):
            if not isinstance(arg, Variable):
                frame[parameter] = await self._value(arg)
                continue
            cell = memory.cell(arg.name) if arg.name != "NF" else memory.get("NF")
            if cell is None:  # the function may make an array of it
                made: Array = {}
                unset.append((arg.name, made))
                cell = made
            frame[parameter] = cell
        if len(memory.frames) >= CALLS_MAX:
            raise AwkError("function calls are nested too deeply")
        memory.frames.append(frame)
        try:
            await self._execute(function.body)
        except _Flow as flow:
            if flow.how != "return":
                raise
            return flow.value
        finally:
            memory.frames.pop()
            for name, made in unset:
                if made and memory.cell(name) is None:
                    memory.array(name).update(made)
        return None
