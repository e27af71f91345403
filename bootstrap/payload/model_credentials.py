"""The credentials that the model names, against those that the deployment has: pods find no others.

An error is what fails for certain: a credential that the model uses and the settings lack, and another type than theirs. What the source does not
decide is a note: a name that is made when the model runs, a branch, code that nothing uses, a repository's credential, which only its readers
need, and a credential of the settings that the model does not name."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass

from model_files import Model
from model_reading import PROVIDER_CALL, Place, Reader
from outcome import Variable, WrongSetting
from python_source import argument, called, imported_from, imports

CREDENTIALS = Variable(
    "CREDENTIALS", "the model's other credentials (datasurface.credentials), as JSON: type by name", default="{}"
)

_CALL = "Credential"
_TYPES = "CredentialType"
# What DataSurface calls to load a model.
_ENTRY = "createEcosystem"
# The provider's own, by its arguments.
_OWN = {"gitCredential": "API_TOKEN", "mergeRW_Credential": "USER_PASSWORD"}
_BRANCHES = (ast.If, ast.IfExp, ast.Try, ast.Match, ast.While, ast.BoolOp)


def parse_credentials(text: str) -> dict[str, str]:
    try:
        types = json.loads(text)
    except ValueError as error:
        raise WrongSetting(
            f"CREDENTIALS is {text!r}: {error}; wanted is JSON of a type by each credential's name"
        ) from None
    if not isinstance(types, dict) or not all(isinstance(value, str) for value in types.values()):
        raise WrongSetting(f"CREDENTIALS is {text!r}: wanted is JSON of a type by each credential's name")
    return types


@dataclass(frozen=True)
class Comparison:
    wrong: list[str]
    notes: list[str]


class _Credentials(Reader):
    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._parents: dict[ast.AST, ast.AST] = {}
        # Where names are read: by the file that makes them, and as members of whatever.
        self._reads: dict[tuple[str, str], list[tuple[str, ast.AST]]] = {}
        self._members: dict[str, list[tuple[str, ast.AST]]] = {}
        for file in self.files:
            origins = {name: self.imported(file, name) for name in imports(self.model.parsed(file))}
            for node in ast.walk(self.model.parsed(file)):
                self._parents.update(dict.fromkeys(ast.iter_child_nodes(node), node))
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    for made in (origins.get(node.id), (file, node.id)):
                        if made is not None:
                            self._reads.setdefault(made, []).append((file, node))
                elif isinstance(node, ast.Attribute):
                    self._members.setdefault(node.attr, []).append((file, node))

    def _around(self, node: ast.AST) -> Iterator[ast.AST]:
        while (parent := self._parents.get(node)) is not None:
            yield parent
            node = parent

    def _in_repository(self, file: str, node: ast.AST) -> bool:
        return any(
            isinstance(around, ast.Call) and called(self.model.parsed(file), around).endswith("Repository")
            for around in self._around(node)
        )

    def _uses(self, file: str, name: str, scope: ast.AST) -> list[tuple[str, ast.AST]]:
        """Where a name that is made in the scope is read: there, and in other files where the scope is the module."""
        reads = self._reads.get((file, name), [])
        if isinstance(scope, ast.Module):
            return reads + self._members.get(name, [])
        return [(where, node) for where, node in reads if scope in self._around(node)]

    def _made_names(self, node: ast.AST) -> list[str]:
        """The names by which others use what stands in a statement; none for one that has no name."""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            called_from_outside = node.name == _ENTRY or bool(node.decorator_list)
            is_method = isinstance(self._parents.get(node), ast.ClassDef)
            return [] if called_from_outside or is_method else [node.name]
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        return [target.id for target in targets if isinstance(target, ast.Name)]

    def _doubt(self, call: Place) -> str:
        """Why a credential may be one that this deployment's pods never ask for; "" where nothing says so."""
        if self._in_repository(call.file, call.node):
            return "a repository's, which only its own readers need"
        for around in self._around(call.node):
            if isinstance(around, _BRANCHES):
                return "in a branch"
            names = self._made_names(around)
            scope = next(
                (
                    outer
                    for outer in self._around(around)
                    if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module))
                ),
                around,
            )
            uses = [use for name in names for use in self._uses(call.file, name, scope)]
            if names and not uses:
                return f"{names[0]} is not used"
            if uses and all(self._in_repository(file, node) for file, node in uses):
                return "a repository's, which only its own readers need"
        return ""

    def _type(self, call: Place) -> str | None:
        assert isinstance(call.node, ast.Call)
        for given in (*call.node.args, *(keyword.value for keyword in call.node.keywords)):
            if isinstance(given, ast.Attribute):
                name = str(getattr(given.value, "attr", getattr(given.value, "id", "")))
                origin = imported_from(self.model.parsed(call.file), name)
                if _TYPES in (name, origin and origin[1]):
                    return given.attr
        return None

    def _name(self, call: Place) -> str | None:
        assert isinstance(call.node, ast.Call)
        given = argument(call.node, "name", 0)
        try:
            return None if given is None else self.read_text(Place(call.file, given, f"name of {call.what}"))
        except WrongSetting:
            return None

    def _own(self) -> dict[str, str]:
        """The provider's two, by the names that the model gives them: where these differ from the settings, the names' own comparison tells it."""
        own: dict[str, str] = {}
        for provider in self.calls(PROVIDER_CALL):
            for keyword, kind in _OWN.items():
                given = self.argument(provider, keyword)
                call = self.call_of(given) if given else None
                name = self._name(call) if call else None
                if name is not None:
                    own[name] = kind
        return own

    def compare(self, listed: dict[str, str]) -> Comparison:
        own, comparison, named = self._own(), Comparison([], []), set[str]()
        for call in self.calls(_CALL):
            assert isinstance(call.node, ast.Call)
            name, kind, doubt = self._name(call), self._type(call), self._doubt(call)
            if name is None:
                comparison.notes.append(
                    f"{call.file}: line {call.node.lineno}: {ast.unparse(call.node)}: its name cannot be read without running the model, so it is not compared with datasurface.credentials"
                )
                continue
            named.add(name)
            wanted = own.get(name) or listed.get(name)
            said = ""
            if wanted is None:
                said = (
                    f"is not in datasurface.credentials: add it, as name: {name}, type: {kind or 'that of the model'}"
                )
            elif kind not in (None, wanted):
                said = f"is of the type {kind}, and {f'wanted is {wanted}' if name in own else f'datasurface.credentials says {wanted}: set type: {kind}'}"
            if said:
                text = f"{call.file}: line {call.node.lineno}: the credential {name} {said}"
                if doubt:
                    comparison.notes.append(f"{text} ({doubt}, so this is no error)")
                else:
                    comparison.wrong.append(text)
        unused = [name for name in listed if name not in named]
        if unused:
            comparison.notes.append(
                f"datasurface.credentials has {', '.join(unused)}: the model has no {_CALL}(...) of that name that can be read"
            )
        return comparison


def compare_credentials(model: Model, listed: dict[str, str]) -> Comparison:
    return _Credentials(model).compare(listed)
