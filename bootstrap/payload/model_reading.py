"""Reads a model's source without running it: calls, where their arguments come from, and the texts that these are."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from model_files import Model
from outcome import WrongSetting
from python_source import argument, assignments, calls, imported_from

ECO = "eco.py"
RTE = "rte_azure.py"
# Modules of runtime environments: eco.py imports one of them.
OTHER_RUNTIMES = r"rte_\w+"
PROVIDER_CALL = "YellowPlatformServiceProvider"


@dataclass(frozen=True)
class Place:
    """A piece of the model's source."""

    file: str
    node: ast.expr
    # What it is, for messages.
    what: str

    def __str__(self) -> str:
        return f"{self.file}: line {self.node.lineno}: {self.what}"


class Reader:
    """`wrong` is what cannot be read, or is not as it should be."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.files = model.reached(
            RTE, ECO, but=lambda file, module: file == ECO and re.match(rf"{OTHER_RUNTIMES}(\.|$)", module) is not None
        )
        self.wrong: list[str] = []

    def calls(self, name: str) -> list[Place]:
        return [
            Place(file, call, f"{name}(...)") for file in self.files for call in calls(self.model.parsed(file), name)
        ]

    def argument(self, call: Place, keyword: str, position: int | None = None) -> Place | None:
        """What a call gives for a parameter; that it gives nothing is told."""
        assert isinstance(call.node, ast.Call)
        given = argument(call.node, keyword, position)
        if given is None:
            self.wrong.append(f"{call} has no argument {keyword}")
            return None
        return Place(call.file, given, f"{keyword} of {call.what}")

    def call_of(self, place: Place) -> Place | None:
        """The call that makes a value: where the value stands, by a name that it is assigned to, or by a function of the model that returns it."""
        seen: list[ast.expr] = []
        file, node = place.file, place.node
        while node not in seen:
            seen.append(node)
            tree = self.model.parsed(file)
            if isinstance(node, ast.Call):
                origin = self._function(file, node)
                if origin is None:
                    return Place(file, node, place.what)
                file, node = origin
            elif isinstance(node, ast.Name):
                values = [found.expression for found in assignments(tree, node.id) if found.expression is not None]
                if len(values) == 1:
                    node = values[0]
                    continue
                home = self.imported(file, node.id)
                if values or home is None:
                    break
                file, node = home[0], ast.copy_location(ast.Name(home[1], ast.Load()), node)
        self.wrong.append(f"{place} is not a call, nor the name of one, so that its name cannot be read")
        return None

    def _function(self, file: str, call: ast.Call) -> tuple[str, ast.expr] | None:
        """What a function of the model returns, where that is one expression."""
        if not isinstance(call.func, ast.Name):
            return None
        file, name = self.imported(file, call.func.id) or (file, call.func.id)
        for node in ast.walk(self.model.parsed(file)):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                returned = [
                    one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value is not None
                ]
                return (file, returned[0]) if len(returned) == 1 else None
        return None

    def imported(self, file: str, name: str) -> tuple[str, str] | None:
        """The file of the model that a name is imported from, and its name there."""
        origin = imported_from(self.model.parsed(file), name)
        if origin is None:
            return None
        target = self.model.file_of(file, origin[0])
        return (target, origin[1]) if target else None

    def read_text(self, place: Place) -> str | None:
        """The text that an expression is; None where it cannot be read without running the model. WrongSetting for a name that comes from elsewhere."""
        if isinstance(place.node, ast.Constant) and isinstance(place.node.value, str):
            return place.node.value
        if isinstance(place.node, ast.Name):
            file, name = self.model.home_of(place.file, place.node.id)
            values = {found.value for found in assignments(self.model.parsed(file), name)}
            if len(values) == 1:
                return values.pop()
        return None

    def text(self, place: Place) -> str | None:
        """The same; that it cannot be read is told."""
        try:
            text = self.read_text(place)
        except WrongSetting as fault:
            self.wrong.append(f"{place}: {fault}")
            return None
        if text is None:
            self.wrong.append(
                f"{place} is {ast.unparse(place.node)!r}, and not a string literal, nor a name that one is assigned to: DataSurface's names must be readable without running the model"
            )
        return text
