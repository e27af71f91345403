"""Where the version of DataSurface stands beside the model, for its pull requests: a requirement, and the image of a CI job. In the
template's form they follow the deployment's version; nothing in the cluster reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = "requirements.txt"
WORKFLOWS = ".github/workflows"
_OTHER_PIPELINES = (".gitlab-ci.yml",)

_REQUIREMENT = re.compile(rb"^(datasurface==)([0-9][\w.+-]*)(?=[ \t]*(?:[;#]|\r?$))", re.MULTILINE)
_ANY_REQUIREMENT = re.compile(rb"^[ \t]*datasurface(?![\w.-])[^\r\n]*", re.MULTILINE | re.IGNORECASE)
_IMAGE = re.compile(
    rb"(\bregistry\.gitlab\.com/datasurface-inc/datasurface/datasurface:v)([0-9]+\.[0-9]+\.[0-9]+(?:[.-]\w+)*)(?![\w.@-])"
)
_ANY_IMAGE = re.compile(rb"(?:[\w.:/-]+/datasurface[:@](?!latest\b)|\bdatasurface==)[^\s\"'\\]+")
_CHECK = re.compile(rb"(\bpython3? -m )(datasurface\.(?:handler|entrypoints)\.action)\b")


@dataclass(frozen=True)
class Pins:
    """`new`: the files that do not have the version yet, with it. `others`: where it stands in another form."""

    new: dict[str, bytes]
    others: list[str]

    def save(self, folder: Path) -> list[str]:
        for file, data in self.new.items():
            (folder / file).write_bytes(data)
        return list(self.new)


def _files(folder: Path) -> list[str]:
    workflows = sorted(path.name for path in (folder / WORKFLOWS).glob("*.y*ml"))
    files = [REQUIREMENTS, *(f"{WORKFLOWS}/{name}" for name in workflows), *_OTHER_PIPELINES]
    # No link leads out of the working copy.
    return [
        file for file in files if (folder / file).is_file() and (folder / file).resolve() == folder.resolve() / file
    ]


def _set(data: bytes, form: re.Pattern[bytes], value: str) -> bytes:
    return form.sub(lambda found: found[1] + value.encode(), data)


def read_pins(folder: Path, version: str, check_module: str) -> Pins:
    """`check_module` is the release line's, which a CI job's image of this version runs."""
    new: dict[str, bytes] = {}
    others: list[str] = []
    for file in _files(folder):
        data = (folder / file).read_bytes()
        if file == REQUIREMENTS:
            form, anything = _REQUIREMENT, _ANY_REQUIREMENT
            # The package has no suffix of an image.
            moved = _set(data, form, version.partition("-")[0])
        else:
            form, anything = _IMAGE, _ANY_IMAGE
            moved = _set(_set(data, form, version), _CHECK, check_module) if form.search(data) else data
        if moved != data:
            new[file] = moved
        for found in anything.finditer(data):
            if not form.search(found[0]):
                others.append(
                    f"{file}, line {data.count(bytes([10]), 0, found.start()) + 1}: {found[0].decode(errors='replace').strip()}"
                )
    return Pins(new, others)
