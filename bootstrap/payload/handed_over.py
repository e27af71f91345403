"""What the containers of publish-dag hand to one another: the model's live release, and what the generator wrote from it.

The generator runs the model's code, so what it wrote is not trusted: only regular files with expected names and of bounded size are read,
and nothing of it is executed."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from outcome import Retryable, Variable, WrongSetting

MODEL_FOLDER = Variable(
    "MODEL_FOLDER",
    "folder of the model's live release, which checkout-model fills",
    pattern=r"/.+",
    allowed="an absolute path",
)
GENERATED_FOLDER = Variable(
    "GENERATED_FOLDER",
    "folder of the generator's output, which generate-dags fills",
    pattern=r"/.+",
    allowed="an absolute path",
)

DAG_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*_dag\.py")

_RELEASE = "release.json"
_SOURCE = "source"
_LARGEST_FILE = 4 * 1024 * 1024
_MOST_FILES = 200


@dataclass(frozen=True)
class ModelRelease:
    tag: str
    commit: str


def source_folder(model: Path) -> Path:
    return model / _SOURCE


def write_release(model: Path, release: ModelRelease) -> None:
    (model / _RELEASE).write_text(json.dumps({"tag": release.tag, "commit": release.commit}))


def read_release(model: Path) -> ModelRelease:
    """By a container to which the folder is read-only, as it is to the generator: what stands there is checkout-model's."""
    try:
        content = json.loads((model / _RELEASE).read_bytes())
        return ModelRelease(str(content["tag"]), str(content["commit"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Retryable(
            f"{model / _RELEASE} cannot be read ({error}): checkout-model writes it, and comes first"
        ) from None


def empty(folder: Path) -> None:
    """A pod whose sandbox was made anew runs its init containers again."""
    folder.mkdir(exist_ok=True)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def read_generated(folder: Path, ending: str, name: re.Pattern[str]) -> dict[str, bytes]:
    """Contents of the folder's files with this ending, by name. One that is no plain file of a usual size is an error; nothing else is looked at."""
    if folder.is_symlink() or not folder.is_dir():
        return {}
    entries = sorted(entry for entry in os.listdir(folder) if entry.endswith(ending))
    if len(entries) > _MOST_FILES:
        raise WrongSetting(f"the generator made {len(entries)} files *{ending}: more than {_MOST_FILES} are not taken")
    files: dict[str, bytes] = {}
    for entry in entries:
        if not name.fullmatch(entry):
            raise WrongSetting(f"the generator made a file with the name {entry!r}, which is no name for one *{ending}")
        files[entry] = _read_plain(folder / entry)
    return files


def _read_plain(path: Path) -> bytes:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise WrongSetting(
            f"the generator made {path.name}, which is no regular file but a link, a folder or a device: it is not taken"
        )
    # Again by the opened file: a link is not followed, and a pipe is not waited for.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        data = file.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise WrongSetting(
            f"the generator made {path.name} with more than {_LARGEST_FILE // 1024 // 1024} MiB: it is not taken"
        )
    return data
