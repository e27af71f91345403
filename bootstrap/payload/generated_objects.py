"""Compares the Kubernetes objects that DataSurface's generator makes with those that the deployment runs: another release may need a
workload, a flag, a variable or a limit that nobody would miss until a job fails.

What runs comes as JSON (datasurface/generated-objects.ts, which also lists the differences that are meant, each with its reason).
What was generated is data that is not trusted: it is read and shown, never executed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from generated_yaml import NotRead, documents
from outcome import Variable, WrongSetting, progress

RUNNING_OBJECTS = Variable(
    "RUNNING_OBJECTS",
    "what the deployment runs, as JSON: `line`, whether the line's generated objects were `seen`, `objects`, and `known` differences",
)

YAML_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.yaml")
KNOWN_LIST = "knownDifferences in datasurface/generated-objects.ts"

_SHELLS = {("/bin/bash", "-c"), ("/bin/sh", "-c"), ("bash", "-c"), ("sh", "-c")}
# Lines of a script that change nothing.
_SILENT = re.compile(r"(echo\b.*|set\s+[-+]\S+.*|#.*|\s*)")
# The resources of what runs; a difference that is known names the generated ones.
_BY_SETTINGS = "by settings"
_LONGEST_TEXT = 160
_MOST_SHOWN = 60
_MOST_NAMED = 12


@dataclass(frozen=True)
class Container:
    image: str = ""
    shell: str = ""
    command: str = ""
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    resources: str = ""
    # What a script does beside its one Python command.
    besides: tuple[str, ...] = ()


@dataclass(frozen=True)
class KubernetesObject:
    kind: str
    name: str
    containers: Mapping[str, Container]


@dataclass(frozen=True)
class Difference:
    """`missing`: the generator's object or variable has nothing here that stands for it."""

    subject: str
    field: str
    generated: str
    running: str
    missing: bool = False

    def __str__(self) -> str:
        return f"{self.subject}, {self.field}: generated {self.generated or 'none'}, here {self.running or 'none'}"


@dataclass(frozen=True)
class Known:
    """A difference that is meant. `subject` and `field` as in Difference, `*` at the end for any rest; the texts only where they are given."""

    subject: str
    field: str
    generated: str | None
    running: str | None
    reason: str

    def covers(self, difference: Difference) -> bool:
        return (
            _matches(self.subject, difference.subject)
            and _matches(self.field, difference.field)
            and self.generated in (None, difference.generated)
            and self.running in (None, difference.running)
        )


@dataclass(frozen=True)
class Report:
    errors: list[Difference]
    warnings: list[str]

    def missing(self) -> str:
        """The errors on one line, each field once."""
        subjects: dict[str, list[str]] = {}
        for error in self.errors:
            subjects.setdefault(error.field if error.field != "object" else error.subject, []).append(error.subject)
        texts = [f"{name} ({', '.join(ones)})" if ones != [name] else name for name, ones in subjects.items()]
        return ", ".join(texts[:_MOST_NAMED]) + (
            f", and {len(texts) - _MOST_NAMED} more (in the log)" if len(texts) > _MOST_NAMED else ""
        )


def _matches(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


# --- reading what was generated ------------------------------------------------------------------------------------------


def _plain(value: object) -> str:
    """A text of the generated files, as it may be shown: printable, and of bounded length."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 4]} ..."


def _at(node: object, *path: str) -> object:
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _list(node: object) -> list[object]:
    return node if isinstance(node, list) else []


def _commands(script: str) -> tuple[list[list[str]], list[str]]:
    """The Python commands of a script, and its other lines. A blank line inside of a continued command, which ends it in bash, does not here:
    what was meant is compared (docs/facts.md#generated-jobs)."""
    commands: list[list[str]] = []
    others: list[str] = []
    lines = iter(script.splitlines())
    for line in lines:
        if not re.match(r"\s*python3?\s", line):
            if not _SILENT.fullmatch(line.strip()):
                others.append(_plain(line.strip()))
            continue
        parts = [line.strip()]
        while parts[-1].endswith("\\"):
            parts[-1] = parts[-1][:-1]
            parts.append(next((following.strip() for following in lines if following.strip()), ""))
        try:
            commands.append(shlex.split(" ".join(parts)))
        except ValueError:
            others.append(_plain(" ".join(parts)))
    return commands, others


def split_command(words: list[str]) -> tuple[str, dict[str, tuple[str, ...]]]:
    """What stands before the first `--flag`, and the flags with their values."""
    first = next((index for index, word in enumerate(words) if word.startswith("--")), len(words))
    flags: dict[str, list[str]] = {}
    flag = ""
    for word in words[first:]:
        if word.startswith("--"):
            flag, _, value = word.partition("=")
            flags.setdefault(_plain(flag), []).append(value)
        elif flags[_plain(flag)][-1] == "":
            flags[_plain(flag)][-1] = _plain(word)
        else:
            flags[_plain(flag)].append(_plain(word))
    return _plain(" ".join(words[:first])), {name: tuple(sorted(values)) for name, values in flags.items()}


def _variable(entry: object) -> str:
    secret = _at(entry, "valueFrom", "secretKeyRef")
    if secret is not None:
        return f"key {_plain(_at(secret, 'key'))} of Secret {_plain(_at(secret, 'name'))}"
    return _plain(_at(entry, "value") if _at(entry, "valueFrom") is None else _at(entry, "valueFrom"))


def _resources(node: object) -> str:
    parts: list[str] = []
    for kind in ("requests", "limits"):
        amounts = _at(node, kind)
        if isinstance(amounts, dict):
            parts += [f"{kind} {name} {_plain(amount)}" for name, amount in sorted(amounts.items())]
    return ", ".join(parts)


def _container(node: object) -> Container:
    words = [
        word if isinstance(word, str) else "" for word in (*_list(_at(node, "command")), *_list(_at(node, "args")))
    ]
    shell = ""
    besides: list[str] = []
    if tuple(words[:2]) in _SHELLS and len(words) == 3:
        shell = " ".join(words[:2])
        commands, besides = _commands(words[2])
        words = commands[0] if commands else []
        besides += [_plain(" ".join(command)) for command in commands[1:]]
    command, flags = split_command(words)
    besides += [f"all of {_plain(_at(entry, 'secretRef', 'name') or entry)}" for entry in _list(_at(node, "envFrom"))]
    return Container(
        image=_plain(_at(node, "image")),
        shell=shell,
        command=command,
        flags=flags,
        variables={_plain(_at(entry, "name")): _variable(entry) for entry in _list(_at(node, "env"))},
        resources=_resources(_at(node, "resources")),
        besides=tuple(besides),
    )


def _objects(node: object) -> Iterator[KubernetesObject]:
    if _at(node, "kind") == "List":
        for item in _list(_at(node, "items")):
            yield from _objects(item)
        return
    spec = _at(node, "spec", "template", "spec") or _at(node, "spec", "jobTemplate", "spec", "template", "spec")
    containers = [*_list(_at(spec, "initContainers")), *_list(_at(spec, "containers"))]
    yield KubernetesObject(
        kind=_plain(_at(node, "kind")),
        name=_plain(_at(node, "metadata", "name")),
        containers={_plain(_at(container, "name")): _container(container) for container in containers},
    )


def read_objects(files: Mapping[str, bytes]) -> tuple[list[KubernetesObject], list[str]]:
    """The objects of the files, and why a file cannot be read."""
    objects: list[KubernetesObject] = []
    unread: list[str] = []
    for name, data in files.items():
        try:
            objects += [found for document in documents(data.decode()) for found in _objects(document)]
        except (NotRead, UnicodeDecodeError, AttributeError) as error:
            unread.append(f"{PurePath(name).name} is not compared: {_plain(str(error))}")
    return objects, unread


# --- what runs --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Running:
    line: str
    seen: bool
    objects: list[KubernetesObject]
    known: list[Known]


def read_running(text: str) -> Running:
    try:
        given = json.loads(text)
        objects = [
            KubernetesObject(
                entry["kind"],
                entry["name"],
                {
                    name: Container(
                        container["image"],
                        "",
                        *split_command(container["command"]),
                        container["variables"],
                        _BY_SETTINGS,
                    )
                    for name, container in entry.get("containers", {}).items()
                },
            )
            for entry in given["objects"]
        ]
        known = [
            Known(entry["subject"], entry["field"], entry.get("generated"), entry.get("running"), entry["reason"])
            for entry in given["known"]
        ]
        return Running(given["line"], given["seen"], objects, known)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongSetting(
            f"RUNNING_OBJECTS is no JSON of the form that datasurface/generated-objects.ts makes: {error!r}"
        ) from None


# --- comparing ------------------------------------------------------------------------------------------------------------


def _without_digest(image: str) -> str:
    return image.partition("@")[0]


def _values(
    subject: str, name: str, generated: tuple[str, ...] | None, running: tuple[str, ...] | None
) -> Iterator[Difference]:
    """Of a flag: another value, or each value that only one side has."""
    if generated is None or running is None or (len(generated) == len(running) == 1):
        if generated != running:
            made, runs = ("" if values is None else " ".join(values) or "given" for values in (generated, running))
            yield Difference(subject, f"flag {name}", made, runs)
        return
    for value in sorted(set(generated) | set(running)):
        if generated.count(value) != running.count(value):
            yield Difference(
                subject, f"flag {name}", value if value in generated else "", value if value in running else ""
            )


def _compare_containers(subject: str, generated: Container, running: Container) -> Iterator[Difference]:
    for name, made, runs in (
        ("image", generated.image, _without_digest(running.image)),
        ("shell", generated.shell, running.shell),
        ("command", generated.command, running.command),
        ("resources", generated.resources, running.resources),
        ("also", "; ".join(generated.besides), "; ".join(running.besides)),
    ):
        if made != runs:
            yield Difference(subject, name, made, runs)
    for flag in sorted({*generated.flags, *running.flags}):
        yield from _values(subject, flag, generated.flags.get(flag), running.flags.get(flag))
    for variable in sorted({*generated.variables, *running.variables}):
        values = generated.variables.get(variable), running.variables.get(variable)
        made, runs = ("" if value is None else value or "empty" for value in values)
        if made != runs:
            yield Difference(subject, f"variable {variable}", made, runs, missing=values[1] is None)


def differences(generated: list[KubernetesObject], running: list[KubernetesObject]) -> Iterator[Difference]:
    """Objects are the same by their names among those with containers, and among those without: a Job may run as a CronJob."""
    here = {(bool(one.containers), one.name if one.containers else f"{one.kind} {one.name}"): one for one in running}
    met: set[tuple[bool, str]] = set()
    for made in generated:
        key = (bool(made.containers), made.name if made.containers else f"{made.kind} {made.name}")
        subject = f"{made.kind} {made.name}"
        runs = here.get(key)
        met.add(key)
        if runs is None:
            yield Difference(subject, "object", "made", "", missing=bool(made.containers))
            continue
        if made.kind != runs.kind:
            yield Difference(subject, "kind", made.kind, runs.kind)
        for name in sorted({*made.containers, *runs.containers}):
            one, other = made.containers.get(name), runs.containers.get(name)
            if one is not None and other is not None:
                yield from _compare_containers(
                    f"{subject}, container {name}" if len(made.containers) > 1 else subject, one, other
                )
            else:
                yield Difference(
                    subject, f"container {name}", "made" if one else "", "runs" if other else "", missing=other is None
                )
    for key, runs in here.items():
        if key not in met:
            yield Difference(f"{runs.kind} {runs.name}", "object", "", "runs")


def compare(files: Mapping[str, bytes], running: Running) -> Report:
    """Says every difference. Those that are an error: what is missing here, of a release line whose generated objects were seen."""
    generated, unread = read_objects(files)
    if not generated and not unread:
        unread = ["the generator made no Kubernetes object: what it needs is not compared with what runs"]
    new: list[Difference] = []
    for difference in differences(generated, running.objects):
        reason = next((known.reason for known in running.known if known.covers(difference)), None)
        if reason is None:
            new.append(difference)
        else:
            progress(f"  as meant: {difference}. {reason}")
    errors = [difference for difference in new if difference.missing and running.seen]
    warnings = [*unread, *(str(difference) for difference in new if difference not in errors)]
    for warning in warnings[:_MOST_SHOWN]:
        progress(f"  warning: {warning}")
    for error in errors[:_MOST_SHOWN]:
        progress(f"  error: {error}")
    read = f"{len(generated)} generated objects compared with what runs (release line {running.line})"
    progress(
        f"{read}: {'no difference that is not meant' if not new and not unread else f'{len(errors)} errors, {len(warnings)} warnings'}"
    )
    return Report(errors, warnings)
