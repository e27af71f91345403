"""The Python files of a model's working copy."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

from outcome import WrongSetting
from python_source import assignments, imported_from, imported_modules, parse


class Model:
    """The Python files of a working copy, as they are to be; nothing is written before `save`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, bytes] = {}
        self._new: dict[str, bytes] = {}
        # Of files that are looked at and never edited.
        self._seen: dict[str, bytes] = {}

    def has(self, file: str) -> bool:
        path = self._folder / file
        return path.is_file() and not path.is_symlink()

    def source(self, file: str) -> bytes:
        if file not in self._read:
            if not self.has(file):
                raise WrongSetting(
                    f"{file} is not in the model's main branch: it must be a model of the shape of DataSurface's demo model, or an empty repository (then the template is taken)"
                )
            data = (self._folder / file).read_bytes()
            try:
                data.decode()
            except UnicodeDecodeError as error:
                raise WrongSetting(f"{file}: not UTF-8: {error}") from None
            if re.search(rb"\r(?!\n)", data):
                raise WrongSetting(f"{file}: has line ends that are a single carriage return: convert it")
            self._read[file] = self._new[file] = data
        return self._new[file]

    def tree(self, file: str) -> ast.Module:
        return parse(file, self.source(file))

    def replace(self, file: str, data: bytes) -> None:
        self._new[file] = data

    def home_of(self, file: str, name: str) -> tuple[str, str]:
        """The file that assigns the name, and its name there: names that are imported from a module of the model are followed."""
        seen: list[str] = []
        while not assignments(self.tree(file), name):
            seen.append(file)
            origin = imported_from(self.tree(file), name)
            if origin is None:
                break
            module, name_there = origin
            target = self.file_of(file, module)
            if target is None:
                raise WrongSetting(
                    f"{file}: {name} comes from {module}, which is not a module of the model: assign it in {file}, as a string literal"
                )
            if target in seen:
                break
            file, name = target, name_there
        return file, name

    def file_of(self, file: str, module: str) -> str | None:
        """The model's file of a module that `file` imports; one of a folder above it is none."""
        path = (Path(file).parent if module.startswith(".") else Path()).joinpath(*module.lstrip(".").split("."))
        candidates = [] if module.startswith("..") else [f"{path}.py", str(path / "__init__.py")]
        return next((candidate for candidate in candidates if self.has(candidate)), None)

    def reached(self, *files: str, but: Callable[[str, str], bool]) -> list[str]:
        """The files of the model that these import, directly or not, and themselves. `but` says of a file's import that it is not followed."""
        pending, found = list(files), list[str]()
        while pending:
            file = pending.pop(0)
            if file in found or not self.has(file):
                continue
            found.append(file)
            modules = [module for module in imported_modules(self.parsed(file)) if not but(file, module)]
            pending += [target for module in modules if (target := self.file_of(file, module))]
        return found

    def parsed(self, file: str) -> ast.Module:
        """Of a file that is read and never edited, in whatever encoding."""
        if file in self._read:
            return self.tree(file)
        if file not in self._seen:
            self._seen[file] = (self._folder / file).read_bytes()
        return parse(file, self._seen[file])

    def save(self) -> list[str]:
        """Writes the files that have changed; returns their names."""
        changed = sorted(file for file, data in self._new.items() if data != self._read[file])
        for file in changed:
            (self._folder / file).write_bytes(self._new[file])
        return changed
