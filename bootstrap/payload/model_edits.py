"""The edits that make a DataSurface model this deployment's: literals of eco.py and rte_azure.py, or of the model's own modules that
these import them from. Everything that cannot be edited is told at once, with file and line."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from outcome import Refused, WrongSetting, progress
from python_source import Keyword, assignments, defined_names, imported_from, keyword_values, parse, set_import, set_keyword, set_literal

ECO = "eco.py"
RTE = "rte_azure.py"
RUNTIME_FUNCTION = "createDemoRTE"
ASSEMBLY_CALL = "YellowAzureExternalAirflow3AndMergeDatabase"


@dataclass(frozen=True)
class Values:
    owner: str
    name: str
    namespace: str
    sql_server_fqdn: str
    pg_fqdn: str
    datasurface_version: str


@dataclass(frozen=True)
class _Literal:
    """A name of the model, the file that is asked for it first, and the template's placeholder for its value, if it has one."""

    file: str
    name: str
    value: str
    placeholder: str = ""


def _literals(values: Values) -> list[_Literal]:
    return [
        _Literal(ECO, "GIT_REPO_OWNER", values.owner),
        _Literal(ECO, "GIT_REPO_NAME", values.name),
        _Literal(RTE, "KUB_NAME_SPACE", values.namespace, "PLACEHOLDER_NAMESPACE"),
        _Literal(RTE, "MERGE_HOST", values.sql_server_fqdn, "PLACEHOLDER_SQL_SERVER_FQDN"),
        _Literal(RTE, "AIRFLOW_HOST", values.pg_fqdn, "PLACEHOLDER_PG_FQDN"),
        _Literal(RTE, "DATASURFACE_VERSION", values.datasurface_version),
    ]


_EXTRA = re.compile(r"(?P<absent>!)?(?:(?P<call>[A-Za-z_]\w*)\.)?(?P<keyword>[A-Za-z_]\w*)(?:\s*=\s*(?P<value>.+))?", re.DOTALL)
EXTRAS_TEXT = 'a JSON list of "keyword=literal", "Call.keyword=literal" or, for a keyword that must not be there, "!keyword"'


def parse_extras(text: str) -> list[Keyword]:
    def wrong(reason: str) -> WrongSetting:
        return WrongSetting(f"RTE_EXTRAS is {text!r}: {reason}; wanted is {EXTRAS_TEXT}")

    try:
        entries = json.loads(text)
    except ValueError as error:
        raise wrong(str(error)) from None
    if not isinstance(entries, list):
        raise wrong("it is no list")
    extras = []
    for entry in entries:
        found = _EXTRA.fullmatch(entry.strip()) if isinstance(entry, str) else None
        if not found or (found["absent"] is None) == (found["value"] is None):
            raise wrong(f"{entry!r} is none of these")
        if found["value"] is not None:
            try:
                ast.literal_eval(found["value"].strip())
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                raise wrong(f"{found['value']!r} is no Python literal") from None
        extras.append(Keyword(found["call"] or ASSEMBLY_CALL, found["keyword"], found["value"].strip() if found["value"] is not None else None))
    return extras


class _Model:
    """The Python files of a working copy, as they are to be; nothing is written before `save`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, bytes] = {}
        self._new: dict[str, bytes] = {}

    def has(self, file: str) -> bool:
        path = self._folder / file
        return path.is_file() and not path.is_symlink()

    def source(self, file: str) -> bytes:
        if file not in self._read:
            if not self.has(file):
                raise WrongSetting(f"{file} is not in the model's main branch: it must be a model of the shape of DataSurface's demo model, or an empty repository (then the template is taken)")
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
            parts = module.lstrip(".").split(".")
            folder = Path(file).parent if module.startswith(".") else Path()
            target = str(folder.joinpath(*parts)) + ".py"
            if module.startswith("..") or not self.has(target):
                raise WrongSetting(f"{file}: {name} comes from {module}, which is not a module of the model that can be edited ({target} is not there): assign it in {file}, as a string literal")
            if target in seen:
                break
            file, name = target, name_there
        return file, name

    def save(self) -> list[str]:
        """Writes the files that have changed; returns their names."""
        changed = sorted(file for file, data in self._new.items() if data != self._read[file])
        for file in changed:
            (self._folder / file).write_bytes(self._new[file])
        return changed


def _set_runtime(model: _Model) -> None:
    module = RTE.removesuffix(".py")
    model.replace(ECO, set_import(ECO, model.source(ECO), RUNTIME_FUNCTION, r"rte_\w+", module, defined_names(model.tree(RTE))))


def _set(model: _Model, literal: _Literal) -> None:
    file, name = model.home_of(literal.file, literal.name)
    model.replace(file, set_literal(file, model.source(file), name, literal.value))


def _set_extra(model: _Model, extra: Keyword, say: Callable[[str], None]) -> None:
    before = keyword_values(RTE, model.source(RTE), extra)
    model.replace(RTE, set_keyword(RTE, model.source(RTE), extra))
    if before and before != keyword_values(RTE, model.source(RTE), extra):
        say(f"{RTE}: {extra.name}={', '.join(before)} of {extra.call} is {'removed' if extra.value is None else f'replaced by {extra.value}'}: the release line of this image wants it so")


def _refuse_placeholders(model: _Model) -> None:
    for number, line in enumerate(model.source(RTE).decode().splitlines(), 1):
        left = re.search(r"PLACEHOLDER_\w+", line.split("#")[0])
        if left:
            raise WrongSetting(f"{RTE}: line {number} has {left[0]}, for which this deployment has no value")


def edit_model(folder: Path, values: Values, extras: list[Keyword], say: Callable[[str], None] = progress) -> list[str]:
    """Edits the files in place; returns those that changed. WrongSetting names everything that cannot be edited, and then nothing is written."""
    model = _Model(folder)
    # Whatever is no model at all is told alone.
    model.tree(ECO)
    model.tree(RTE)
    literals = _literals(values)
    # Anywhere, as the vendor's walkthrough does with sed.
    for literal in literals:
        if literal.placeholder:
            model.replace(RTE, re.sub(rb"\b%s\b" % literal.placeholder.encode(), literal.value.encode(), model.source(RTE)))
    steps: list[Callable[[], None]] = [
        lambda: _set_runtime(model),
        *(lambda literal=literal: _set(model, literal) for literal in literals),
        *(lambda extra=extra: _set_extra(model, extra, say) for extra in extras),
        lambda: _refuse_placeholders(model),
    ]
    wrong: list[str] = []
    for step in steps:
        try:
            step()
        except WrongSetting as fault:
            wrong.append(str(fault))
    if wrong:
        raise WrongSetting("; ".join(wrong))
    return model.save()


def refuse_foreign_values(folder: Path, values: Values, repository: str) -> None:
    """Refuses a model whose namespace or hosts are another deployment's: its jobs and DAGs read this repository, and would write to our databases.

    A placeholder of the template is nobody's. What the files say when Python reads them counts, each assignment."""
    model = _Model(folder)
    # Whatever is no model at all is told first.
    model.tree(ECO)
    said: dict[str, list[str]] = {}
    lines: dict[str, list[str]] = {}
    for literal in _literals(values):
        file, name = model.home_of(literal.file, literal.name)
        for found in assignments(model.tree(file), name):
            if literal.placeholder and found.value not in (None, literal.value, literal.placeholder):
                said.setdefault(file, []).append(f"{name} is {found.value!r}, and this deployment's is {literal.value!r}")
                lines.setdefault(file, []).append(f'{name}: str = "{literal.placeholder}"')
    if said:
        foreign = "; ".join(f"in its {file} {'; '.join(texts)}" for file, texts in said.items())
        wanted = "; ".join(f"in {file}: {', '.join(dict.fromkeys(texts))}" for file, texts in lines.items())
        raise Refused(
            f"{repository} belongs to another deployment: {foreign}. Nothing was changed. Forgotten a variable? Give this environment its own repository (MODEL_REPO, or datasurface.modelRepository). "
            f"Meant, because the other deployment is gone or this one has new names? Commit to main of {repository}, {wanted}; then deploy again: npx cdktf deploy '*'"
        )
