"""Python environments of locked requirements, kept in the cache and made anew when the requirements have changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

_INSTALLED = "installed.txt"


class NotMade(Exception):
    """Says what is missing, and the remedy."""


def python_3_11() -> str:
    """The packages of Airflow are locked for this version: other ones may want other wheels."""
    found = shutil.which("python3.11")
    if found is None or subprocess.run([found, "-c", "import venv, ensurepip"], capture_output=True).returncode != 0:
        raise NotMade(
            "python3.11 with its venv module is missing: install it (Debian: apt-get install python3.11-venv; elsewhere: pyenv install 3.11), and put it on PATH"
        )
    return found


def interpreter(
    folder: Path, python: str, requirements: Path, say: Callable[[str], None], like: Path | None = None
) -> str:
    """The Python of the environment in this folder. One that is made begins as a copy of `like`, so that only what differs is downloaded."""
    wanted = requirements.read_text()
    found, installed = folder / "bin" / "python", folder / _INSTALLED
    # Its own Python may be gone.
    if (
        installed.exists()
        and installed.read_text() == wanted
        and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0
    ):
        return str(found)
    say(f"installing {requirements.name} into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    _run(
        f"{python} cannot make an environment (Debian: apt-get install python3-venv)",
        python,
        "-m",
        "venv",
        *(["--without-pip"] if like else []),
        str(folder),
    )
    pip = (str(found), "-m", "pip", "--quiet", "--disable-pip-version-check")
    superfluous: set[str] = set()
    if like:
        # Links: pip replaces files, and changes none.
        shutil.copytree(like / "lib", folder / "lib", symlinks=True, dirs_exist_ok=True, copy_function=os.link)
        superfluous = _names((like / _INSTALLED).read_text()) - _names(wanted)
    unreachable = f"the packages of {requirements.name} cannot be installed: pip must reach PyPI or a mirror of it (PIP_INDEX_URL)"
    # A newer pip than Python brings takes half the time for the others.
    own = re.findall(r"(?m)^pip==\S+", wanted)
    for packages in ([own] if own else []) + [["--requirement", str(requirements)]]:
        _run(unreachable, *pip, "install", "--no-deps", *packages)
    if superfluous:
        _run("packages cannot be removed", *pip, "uninstall", "--yes", *sorted(superfluous))
    _run(f"the packages of {requirements.name} do not fit together", *pip, "check")
    installed.write_text(wanted)
    return str(found)


def _names(requirements: str) -> set[str]:
    return {line.partition("==")[0].lower() for line in requirements.splitlines() if "==" in line}


def _run(fault: str, *command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode != 0:
        raise NotMade(f"{fault}\n{done.stdout}")
