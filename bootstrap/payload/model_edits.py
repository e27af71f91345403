"""The edits that make a DataSurface model this deployment's: literals of eco.py and rte_azure.py, or of the model's own modules that
these import them from. Everything that cannot be edited, or has another name than the settings, is told at once, with file and line."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from model_credentials import compare_credentials
from model_files import Model
from model_names import ASSEMBLY_CALL, Names, disagreements, images_of_their_own
from model_reading import ECO, OTHER_RUNTIMES, RTE
from outcome import Refused, WrongSetting, progress
from python_source import (
    Keyword,
    assignments,
    defined_functions,
    defined_names,
    keyword_values,
    set_import,
    set_keyword,
    set_literal,
)


@dataclass(frozen=True)
class Values:
    owner: str
    name: str
    namespace: str
    sql_server_fqdn: str
    pg_fqdn: str
    datasurface_version: str
    names: Names
    # Type by name.
    credentials: dict[str, str] = field(default_factory=dict)
    # Of the image, when the settings give one.
    image_digest: str = ""

    @property
    def image_version(self) -> str:
        """What the model writes behind the v of its image's tag (docs/facts.md#image-of-tasks)."""
        return f"{self.datasurface_version}@{self.image_digest}" if self.image_digest else self.datasurface_version


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
        _Literal(RTE, "DATASURFACE_VERSION", values.image_version),
    ]


_EXTRA = re.compile(
    r"(?P<absent>!)?(?:(?P<call>[A-Za-z_]\w*)\.)?(?P<keyword>[A-Za-z_]\w*)(?:\s*=\s*(?P<value>.+))?", re.DOTALL
)
EXTRAS_TEXT = (
    'a JSON list of "keyword=literal", "Call.keyword=literal" or, for a keyword that must not be there, "!keyword"'
)


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
        extras.append(
            Keyword(
                found["call"] or ASSEMBLY_CALL,
                found["keyword"],
                found["value"].strip() if found["value"] is not None else None,
            )
        )
    return extras


def _set_runtime(model: Model) -> None:
    tree = model.tree(RTE)
    model.replace(
        ECO,
        set_import(
            ECO,
            model.source(ECO),
            defined_functions(tree),
            OTHER_RUNTIMES,
            RTE.removesuffix(".py"),
            defined_names(tree),
        ),
    )


def _set(model: Model, literal: _Literal) -> None:
    file, name = model.home_of(literal.file, literal.name)
    model.replace(file, set_literal(file, model.source(file), name, literal.value))


def _set_extra(model: Model, extra: Keyword, say: Callable[[str], None]) -> None:
    before = keyword_values(RTE, model.source(RTE), extra)
    model.replace(RTE, set_keyword(RTE, model.source(RTE), extra))
    if before and before != keyword_values(RTE, model.source(RTE), extra):
        say(
            f"{RTE}: {extra.name}={', '.join(before)} of {extra.call} is {'removed' if extra.value is None else f'replaced by {extra.value}'}: the release line of this image wants it so"
        )


def _refuse_placeholders(model: Model) -> None:
    for number, line in enumerate(model.source(RTE).decode().splitlines(), 1):
        left = re.search(r"PLACEHOLDER_\w+", line.split("#")[0])
        if left:
            raise WrongSetting(f"{RTE}: line {number} has {left[0]}, for which this deployment has no value")


def _refuse(found: list[str]) -> None:
    if found:
        raise WrongSetting("; ".join(found))


def _compare_credentials(model: Model, listed: dict[str, str], say: Callable[[str], None]) -> None:
    comparison = compare_credentials(model, listed)
    for note in comparison.notes:
        say(f"note: {note}")
    _refuse(comparison.wrong)


def edit_model(folder: Path, values: Values, extras: list[Keyword], say: Callable[[str], None] = progress) -> list[str]:
    """Edits the files in place; returns those that changed. WrongSetting names everything that cannot be edited, and then nothing is written."""
    model = Model(folder)
    # Whatever is no model at all is told alone.
    model.tree(ECO)
    model.tree(RTE)
    literals = _literals(values)
    # Anywhere, as the vendor's walkthrough does with sed.
    for literal in literals:
        if literal.placeholder:
            model.replace(
                RTE, re.sub(rb"\b%s\b" % literal.placeholder.encode(), literal.value.encode(), model.source(RTE))
            )
    steps: list[Callable[[], None]] = [
        lambda: _set_runtime(model),
        *(lambda literal=literal: _set(model, literal) for literal in literals),
        *(lambda extra=extra: _set_extra(model, extra, say) for extra in extras),
        lambda: _refuse_placeholders(model),
        lambda: _refuse(disagreements(model, values.names)),
        lambda: _compare_credentials(model, values.credentials, say),
        lambda: _refuse(images_of_their_own(model, values.names) if values.image_digest else []),
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
    model = Model(folder)
    # Whatever is no model at all is told first.
    model.tree(ECO)
    said: dict[str, list[str]] = {}
    lines: dict[str, list[str]] = {}
    for literal in _literals(values):
        file, name = model.home_of(literal.file, literal.name)
        for found in assignments(model.tree(file), name):
            if literal.placeholder and found.value not in (None, literal.value, literal.placeholder):
                said.setdefault(file, []).append(
                    f"{name} is {found.value!r}, and this deployment's is {literal.value!r}"
                )
                lines.setdefault(file, []).append(f'{name}: str = "{literal.placeholder}"')
    if said:
        foreign = "; ".join(f"in its {file} {'; '.join(texts)}" for file, texts in said.items())
        wanted = "; ".join(f"in {file}: {', '.join(dict.fromkeys(texts))}" for file, texts in lines.items())
        raise Refused(
            f"{repository} belongs to another deployment: {foreign}. Nothing was changed. Forgotten a variable? Give this environment its own repository (MODEL_REPO, or datasurface.modelRepository). "
            f"Meant, because the other deployment is gone or this one has new names? Commit to main of {repository}, {wanted}; then deploy again: npx cdktf deploy '*'"
        )
