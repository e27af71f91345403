"""The edits that make a DataSurface demo model this deployment's: literals in eco.py and rte_azure.py.

Each is by exact pattern, keeps line ends, comments and quotes, and changes nothing when it is right already.
A place that cannot be found is an error that names file and pattern."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from outcome import Refused, WrongSetting

ECO = "eco.py"
RTE = "rte_azure.py"
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
class Extra:
    """A keyword that the call of this name must have (`value`), or must not have (None)."""

    call: str
    keyword: str
    value: str | None


_EXTRA = re.compile(r"(?P<absent>!)?(?:(?P<call>[A-Za-z_]\w*)\.)?(?P<keyword>[A-Za-z_]\w*)(?:\s*=\s*(?P<value>.+))?", re.DOTALL)
EXTRAS_TEXT = 'a JSON list of "keyword=literal", "Call.keyword=literal" or, for a keyword that must not be there, "!keyword"'


def parse_extras(text: str) -> list[Extra]:
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
        extras.append(Extra(found["call"] or ASSEMBLY_CALL, found["keyword"], found["value"].strip() if found["value"] is not None else None))
    return extras


# --- text -----------------------------------------------------------------------------------------------------------------


def _missing(file: str, pattern: str, text: str, hint: str) -> WrongSetting:
    lines = [f"line {number} is {line.strip()!r}" for number, line in enumerate(text.splitlines(), 1) if re.match(hint, line)]
    near = f" ({'; '.join(lines[:3])})" if lines else ""
    return WrongSetting(
        f"{file}: no line matches {pattern!r}{near}. It must be there with a literal value, as in DataSurface's demo model: task pods load the model without this deployment's environment variables."
    )


def set_literal(file: str, text: str, name: str, value: str) -> str:
    """`NAME: str = "old"  # comment` gets the new value; at the beginning of a line only."""
    shown = rf'^{name}: str = "..."'
    pattern = re.compile(
        rf"^(?P<head>{name}[ \t]*(?::[ \t]*str[ \t]*)?=[ \t]*)(?P<quote>[\"'])(?P<old>[^\"'\\\r\n]*)(?P=quote)(?P<tail>[ \t]*(?:#[^\r\n]*)?\r?)$", re.MULTILINE
    )
    if not pattern.search(text):
        raise _missing(file, shown, text, rf"\s*{name}\b")
    return pattern.sub(lambda m: f"{m['head']}{m['quote']}{value}{m['quote']}{m['tail']}", text)


def set_import(file: str, text: str) -> str:
    """Every `from rte_... import createDemoRTE` line (not a comment that mentions one) imports from rte_azure."""
    pattern = re.compile(r"^(?P<head>[ \t]*from[ \t]+)rte_\w+(?P<tail>[ \t]+import[ \t]+createDemoRTE[ \t]*(?:#[^\r\n]*)?\r?)$", re.MULTILINE)
    if not pattern.search(text):
        raise _missing(file, "^from rte_demo import createDemoRTE$", text, r".*\bcreateDemoRTE\b")
    return pattern.sub(lambda m: f"{m['head']}rte_azure{m['tail']}", text)


# --- keywords of a call ------------------------------------------------------------------------------------------------------


def _parse(file: str, data: bytes) -> ast.Module:
    try:
        return ast.parse(data)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise WrongSetting(f"{file}: not valid Python{f' (line {line})' if line else ''}: {getattr(error, 'msg', None) or error}") from None


def _calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if (isinstance(function, ast.Name) and function.id == name) or (isinstance(function, ast.Attribute) and function.attr == name):
                yield node


class _Positions:
    """From the positions of the syntax tree (line, byte in it) to offsets."""

    def __init__(self, data: bytes) -> None:
        self._starts = [0]
        for line in data.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def start(self, node: ast.expr | ast.keyword) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.keyword) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset


def _comma_after(data: bytes, begin: int, end: int) -> int | None:
    """Where the comma between an argument and the closing bracket is, if any; comments are skipped."""
    for found in re.finditer(rb"#[^\n]*|,", data[begin:end]):
        if found[0] == b",":
            return begin + found.start()
    return None


def _with_keyword(data: bytes, call: ast.Call, keyword: str, value: str) -> bytes:
    positions = _Positions(data)
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
    return data[:rest] + (b"," if comma is None else b"") + middle + before + new + (b"" if comma is None else b",") + newline + data[line_end + 1 :]


def _without_keyword(data: bytes, call: ast.Call, keyword: ast.keyword) -> bytes:
    positions = _Positions(data)
    start, end, close = positions.start(keyword), positions.end(keyword), positions.end(call) - 1
    comma = _comma_after(data, end, close)
    after = end if comma is None or data[end:comma].strip() else comma + 1
    line_start = data.rfind(b"\n", 0, start) + 1
    line_end = data.find(b"\n", after)
    if not data[line_start:start].strip() and line_end >= 0 and re.fullmatch(rb"[ \t]*(#[^\n]*)?\r?", data[after:line_end]):
        return data[:line_start] + data[line_end + 1 :]
    if after > end:
        return data[:start] + data[after:].lstrip(b" \t")
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    earlier = [positions.end(argument) for argument in arguments if positions.end(argument) <= start]
    begin = max(earlier, default=start)
    return data[:begin] + data[end:]


def apply_extra(file: str, data: bytes, extra: Extra) -> bytes:
    for _ in range(100):
        calls = list(_calls(_parse(file, data), extra.call))
        if not calls:
            raise _missing(file, f"{extra.call}(", data.decode(), rf".*\b{extra.call}\b")
        for call in calls:
            present = next((keyword for keyword in call.keywords if keyword.arg == extra.keyword), None)
            if extra.value is None and present is not None:
                data = _without_keyword(data, call, present)
                break
            if extra.value is not None and present is None:
                data = _with_keyword(data, call, extra.keyword, extra.value)
                break
            if extra.value is not None and present is not None and ast.dump(present.value) != ast.dump(ast.parse(extra.value, mode="eval").body):
                positions = _Positions(data)
                data = data[: positions.start(present.value)] + extra.value.encode() + data[positions.end(present.value) :]
                break
        else:
            return data
    raise WrongSetting(f"{file}: keyword {extra.keyword} of {extra.call}(...) could not be set")


# --- the model --------------------------------------------------------------------------------------------------------------


def _read(folder: Path, file: str) -> bytes:
    path = folder / file
    if path.is_symlink() or not path.is_file():
        raise WrongSetting(f"{file} is not in the model's main branch: it must be a model of the shape of DataSurface's demo model, or an empty repository (then the template is taken)")
    data = path.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise WrongSetting(f"{file}: not UTF-8: {error}") from None
    if re.search(rb"\r(?!\n)", data):
        raise WrongSetting(f"{file}: has line ends that are a single carriage return: convert it")
    return data


def edit_eco(data: bytes, values: Values) -> bytes:
    text = set_import(ECO, data.decode())
    text = set_literal(ECO, text, "GIT_REPO_OWNER", values.owner)
    text = set_literal(ECO, text, "GIT_REPO_NAME", values.name)
    return text.encode()


def edit_rte(data: bytes, values: Values, extras: list[Extra]) -> bytes:
    text = data.decode()
    # Anywhere, as the walkthrough's sed does; then by name, for a model that was published with other values.
    for placeholder, value in (
        ("PLACEHOLDER_NAMESPACE", values.namespace),
        ("PLACEHOLDER_SQL_SERVER_FQDN", values.sql_server_fqdn),
        ("PLACEHOLDER_PG_FQDN", values.pg_fqdn),
    ):
        text = re.sub(rf"\b{placeholder}\b", value.replace("\\", r"\\"), text)
    text = set_literal(RTE, text, "KUB_NAME_SPACE", values.namespace)
    text = set_literal(RTE, text, "MERGE_HOST", values.sql_server_fqdn)
    text = set_literal(RTE, text, "AIRFLOW_HOST", values.pg_fqdn)
    text = set_literal(RTE, text, "DATASURFACE_VERSION", values.datasurface_version)
    data = text.encode()
    for extra in extras:
        data = apply_extra(RTE, data, extra)
    return data


def _literals(file: str, tree: ast.Module) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            targets = [node.target]
        else:
            continue
        value = node.value.value if isinstance(node.value, ast.Constant) and not isinstance(node, ast.AugAssign) else ...
        for target in targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
    return found


def check(eco: bytes, rte: bytes, values: Values) -> None:
    """What the files say when Python reads them: an edit that hit a text and not the code is found here."""
    eco_tree, rte_tree = _parse(ECO, eco), _parse(RTE, rte)
    modules = {
        node.module for node in ast.walk(eco_tree) if isinstance(node, ast.ImportFrom) and any(name.name == "createDemoRTE" for name in node.names)
    }
    if modules != {"rte_azure"}:
        raise WrongSetting(f"{ECO}: createDemoRTE is imported from {', '.join(sorted(map(str, modules))) or 'nowhere'}: wanted is exactly `from rte_azure import createDemoRTE`")
    for file, tree, wanted in (
        (ECO, eco_tree, {"GIT_REPO_OWNER": values.owner, "GIT_REPO_NAME": values.name}),
        (
            RTE,
            rte_tree,
            {
                "KUB_NAME_SPACE": values.namespace,
                "MERGE_HOST": values.sql_server_fqdn,
                "AIRFLOW_HOST": values.pg_fqdn,
                "DATASURFACE_VERSION": values.datasurface_version,
            },
        ),
    ):
        literals = _literals(file, tree)
        for name, value in wanted.items():
            if set(literals.get(name, [])) != {value}:
                raise WrongSetting(f"{file}: {name} is not just {value!r}: it is assigned {len(literals.get(name, []))} times, and each must be that literal")
    for number, line in enumerate(rte.decode().splitlines(), 1):
        left = re.search(r"PLACEHOLDER_\w+", line.split("#")[0])
        if left:
            raise WrongSetting(f"{RTE}: line {number} has {left[0]}, for which this deployment has no value")


def refuse_foreign_values(folder: Path, values: Values, repository: str) -> None:
    """Refuses a model whose namespace or hosts are another deployment's: its jobs and DAGs read this repository, and would write to our databases.

    A placeholder of the template is nobody's. What the files say when Python reads them counts, each assignment."""
    # Whatever is no model at all is told first.
    _, rte = _read(folder, ECO), _read(folder, RTE)
    literals = _literals(RTE, _parse(RTE, rte))
    foreign = [
        (name, found, wanted, placeholder)
        for name, wanted, placeholder in (
            ("KUB_NAME_SPACE", values.namespace, "PLACEHOLDER_NAMESPACE"),
            ("MERGE_HOST", values.sql_server_fqdn, "PLACEHOLDER_SQL_SERVER_FQDN"),
            ("AIRFLOW_HOST", values.pg_fqdn, "PLACEHOLDER_PG_FQDN"),
        )
        for found in literals.get(name, [])
        if isinstance(found, str) and found not in (wanted, placeholder)
    ]
    if foreign:
        said = "; ".join(f"{name} is {found!r}, and this deployment's is {wanted!r}" for name, found, wanted, _ in foreign)
        lines = ", ".join(f'{name}: str = "{placeholder}"' for name, placeholder in dict.fromkeys((name, placeholder) for name, _, _, placeholder in foreign))
        raise Refused(
            f"{repository} belongs to another deployment: in its {RTE} {said}. Nothing was changed. Forgotten a variable? Give this environment its own repository (MODEL_REPO, or datasurface.modelRepository). "
            f"Meant, because the other deployment is gone or this one has new names? Commit to main of {repository}, in {RTE}: {lines}; then deploy again: npx cdktf deploy '*'"
        )


def edit_model(folder: Path, values: Values, extras: list[Extra]) -> list[str]:
    """Edits the files in place; returns those that changed."""
    eco, rte = _read(folder, ECO), _read(folder, RTE)
    new_eco = edit_eco(eco, values)
    new_rte = edit_rte(rte, values, extras)
    check(new_eco, new_rte, values)
    changed = []
    for file, old, new in ((ECO, eco, new_eco), (RTE, rte, new_rte)):
        if new != old:
            (folder / file).write_bytes(new)
            changed.append(file)
    return changed
