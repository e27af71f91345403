"""Edits of Python source by its syntax tree. Each keeps line ends, comments and quotes, and changes nothing when the source is right already."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from outcome import WrongSetting

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Keyword:
    """A keyword that each call of this function must have (`value`, a Python literal), or must not have (None)."""

    call: str
    name: str
    value: str | None


@dataclass(frozen=True)
class Assignment:
    """`expression` is None where a loop or the like assigns; `value` is None when it is not a string literal; `node` is where the literal stands."""

    line: int
    expression: ast.expr | None
    value: str | None
    node: ast.Constant | None


@lru_cache(maxsize=1024)
def parse(file: str, data: bytes) -> ast.Module:
    """WrongSetting, with the line, when it is not Python."""
    try:
        return ast.parse(data)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise WrongSetting(
            f"{file}: not valid Python{f' (line {line})' if line else ''}: {getattr(error, 'msg', None) or error}"
        ) from None


class Positions:
    """From the positions of the syntax tree (line, byte in it) to offsets."""

    def __init__(self, data: bytes) -> None:
        # The syntax tree does not count a byte order mark.
        self._starts = [len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0]
        offset = 0
        for line in data.split(b"\n"):
            offset += len(line) + 1
            self._starts.append(offset)

    def start(self, node: ast.expr | ast.keyword | ast.stmt) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.keyword | ast.stmt) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset


# --- assignments -------------------------------------------------------------------------------------------------------------


def assignments(tree: ast.Module, name: str) -> list[Assignment]:
    """All of them, in functions too, in the order of the lines. A declaration without a value is none."""
    values: dict[ast.Name, ast.expr | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            values.update({target: node.value for target in node.targets if isinstance(target, ast.Name)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            values[node.target] = node.value or node.target
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name:
            value = values.get(node)
            if value is node:
                continue
            literal = value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
            found.append(Assignment(node.lineno, value, str(literal.value) if literal else None, literal))
    return sorted(found, key=lambda assignment: assignment.line)


def set_literal(file: str, data: bytes, name: str, value: str) -> bytes:
    """Each assignment of a string literal to the name gets the new value, in its quotes. WrongSetting for one of anything else, or none.

    `value` has neither quotes nor backslashes."""
    lines = data.decode().splitlines()
    found = assignments(parse(file, data), name)
    wanted = f'wanted is a line like {name}: str = "..."'
    if not found:
        raise WrongSetting(f"{file}: {name} is not assigned; {wanted}")
    wrong = next((assignment for assignment in found if assignment.node is None), None)
    if wrong:
        raise WrongSetting(
            f"{file}: line {wrong.line} is {lines[wrong.line - 1].strip()!r}: {name} must be a string literal, as task pods load the model without this deployment's environment variables; {wanted}"
        )
    positions = Positions(data)
    for assignment in reversed(found):
        assert assignment.node is not None
        if assignment.value != value:
            start, end = positions.start(assignment.node), positions.end(assignment.node)
            quote = data[end - 1 : end]
            data = data[:start] + quote + value.encode() + quote + data[end:]
    return data


# --- imports -----------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def imports(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """By each name that `from MODULE import X [as name]` makes: the module, and X; dots before a relative module are kept."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, (_module(node), alias.name))
    return found


def imported_from(tree: ast.Module, name: str) -> tuple[str, str] | None:
    """The module that a name comes from, and its name there."""
    return imports(tree).get(name)


def imported_modules(tree: ast.Module) -> list[str]:
    """What may be a module among the imports, relative ones with their dots."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = _module(node)
            found += [module, *(f"{module}{'' if module.endswith('.') else '.'}{alias.name}" for alias in node.names)]
    return found


def set_import(file: str, data: bytes, functions: set[str], old: str, new: str, defined: set[str]) -> bytes:
    """Each `from MODULE import F`, in any form, imports from `new`, where F is one of its `functions` and MODULE matches the pattern `old`.

    Other names of the statement must be among `defined`, the names that `new` has."""
    tree = parse(file, data)
    statements = [
        (node, names)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (names := sorted({alias.name for alias in node.names} & functions))
    ]
    of_runtime = [(node, names) for node, names in statements if re.fullmatch(old, _module(node))]
    if not of_runtime and statements:
        node, names = statements[0]
        raise WrongSetting(
            f"{file}: line {node.lineno} imports {', '.join(names)} from {_module(node)}; wanted is `from {new} import {', '.join(names)}`"
        )
    if not of_runtime:
        raise WrongSetting(
            f"{file}: none of the functions of {new}.py ({', '.join(sorted(functions)) or 'it has none'}) is imported by a `from ... import`; wanted is `from {new} import` of one of them"
        )
    positions = Positions(data)
    for node, names in sorted(of_runtime, key=lambda statement: statement[0].lineno, reverse=True):
        module = _module(node)
        if module == new:
            continue
        others = sorted({alias.name for alias in node.names} - set(names) - defined)
        if others:
            raise WrongSetting(
                f"{file}: line {node.lineno} imports {', '.join(others)} from {module}, too, which {new}.py does not define: import {', '.join(names)} in a line of its own"
            )
        start = positions.start(node)
        found = re.compile(rb"from[ \t\\\r\n]+(" + re.escape(module.encode()) + rb")\b").match(data, start)
        if not found:
            raise WrongSetting(
                f"{file}: line {node.lineno} imports {', '.join(names)} in a form that cannot be edited; wanted is `from {new} import {', '.join(names)}`"
            )
        data = data[: found.start(1)] + new.encode() + data[found.end(1) :]
    return data


def _module(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def defined_functions(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def defined_names(tree: ast.Module) -> set[str]:
    """What a module defines or imports, at any depth of `if` and `try`, and not in functions or classes."""
    names: set[str] = set()
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        else:
            pending.extend(ast.iter_child_nodes(node))
    return names


# --- keywords of a call ------------------------------------------------------------------------------------------------------


def called(tree: ast.Module, call: ast.Call) -> str:
    """The name of what is called, as its own module has it; "" for what has none."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    if isinstance(call.func, ast.Name):
        origin = imported_from(tree, call.func.id)
        return origin[1] if origin else call.func.id
    return ""


def calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(tree, node) == name:
            yield node


def argument(call: ast.Call, keyword: str, position: int | None = None) -> ast.expr | None:
    """What the call gives for a parameter, by its name or by its place."""
    given = next((given.value for given in call.keywords if given.arg == keyword), None)
    if (
        given is None
        and position is not None
        and position < len(call.args)
        and not any(isinstance(one, ast.Starred) for one in call.args)
    ):
        return call.args[position]
    return given


def _comma_after(data: bytes, begin: int, end: int) -> int | None:
    """Where the comma between an argument and the closing bracket is, if any; comments are skipped."""
    for found in re.finditer(rb"#[^\n]*|,", data[begin:end]):
        if found[0] == b",":
            return begin + found.start()
    return None


def _with_keyword(data: bytes, call: ast.Call, keyword: str, value: str) -> bytes:
    positions = Positions(data)
    new = f"{keyword}={value}".encode()
    close = positions.end(call) - 1
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    if not arguments:
        return data[:close] + new + data[close:]
    last = max(arguments, key=positions.end)
    last_end = positions.end(last)
    comma = _comma_after(data, last_end, close)
    rest = last_end if comma is None else comma + 1
    line_start = data.rfind(b"\n", 0, positions.start(last)) + 1
    before = data[line_start : positions.start(last)]
    if before.strip(b" \t"):
        # The arguments stand behind one another.
        return data[:rest] + (b", " if comma is None else b" ") + new + data[rest:]
    line_end = data.find(b"\n", rest, close)
    if line_end < 0:
        # The closing bracket stands behind the last argument.
        newline = b"\r\n" if data[line_start - 2 : line_start] == b"\r\n" else b"\n"
        return data[:rest] + (b"," if comma is None else b"") + newline + before + new + data[rest:]
    newline = b"\r\n" if data[line_end - 1 : line_end] == b"\r" else b"\n"
    middle = data[rest : line_end + 1]
    return (
        data[:rest]
        + (b"," if comma is None else b"")
        + middle
        + before
        + new
        + (b"" if comma is None else b",")
        + newline
        + data[line_end + 1 :]
    )


def _without_keyword(data: bytes, call: ast.Call, keyword: ast.keyword) -> bytes:
    positions = Positions(data)
    start, end, close = positions.start(keyword), positions.end(keyword), positions.end(call) - 1
    comma = _comma_after(data, end, close)
    after = end if comma is None or data[end:comma].strip() else comma + 1
    line_start = data.rfind(b"\n", 0, start) + 1
    line_end = data.find(b"\n", after)
    if (
        not data[line_start:start].strip()
        and line_end >= 0
        and re.fullmatch(rb"[ \t]*(#[^\n]*)?\r?", data[after:line_end])
    ):
        return data[:line_start] + data[line_end + 1 :]
    if after > end:
        return data[:start] + data[after:].lstrip(b" \t")
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    earlier = [positions.end(argument) for argument in arguments if positions.end(argument) <= start]
    begin = max(earlier, default=start)
    return data[:begin] + data[end:]


def set_keyword(file: str, data: bytes, keyword: Keyword) -> bytes:
    for _ in range(100):
        found = list(calls(parse(file, data), keyword.call))
        if not found:
            raise WrongSetting(
                f"{file}: there is no call {keyword.call}(...), which must get the keyword {keyword.name}"
            )
        for call in found:
            present = next((argument for argument in call.keywords if argument.arg == keyword.name), None)
            if keyword.value is None and present is not None:
                data = _without_keyword(data, call, present)
                break
            if keyword.value is not None and present is None:
                data = _with_keyword(data, call, keyword.name, keyword.value)
                break
            if (
                keyword.value is not None
                and present is not None
                and ast.dump(present.value) != ast.dump(ast.parse(keyword.value, mode="eval").body)
            ):
                positions = Positions(data)
                data = (
                    data[: positions.start(present.value)]
                    + keyword.value.encode()
                    + data[positions.end(present.value) :]
                )
                break
        else:
            return data
    raise WrongSetting(f"{file}: keyword {keyword.name} of {keyword.call}(...) could not be set")


def keyword_values(file: str, data: bytes, keyword: Keyword) -> list[str]:
    """What the calls give the keyword at present, as it is written there."""
    text = data.decode("utf-8-sig")
    return [
        ast.get_source_segment(text, argument.value) or ""
        for call in calls(parse(file, data), keyword.call)
        for argument in call.keywords
        if argument.arg == keyword.name
    ]
