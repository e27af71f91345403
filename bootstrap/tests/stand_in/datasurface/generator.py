"""Ring 0: reads literals from the model and renders files of the vendor's names. STAND_IN chooses a behaviour."""

from __future__ import annotations

import argparse
import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def _literals(path: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for node in ast.parse(path.read_bytes()).body:
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        ):
            found[node.target.id] = node.value.value
    return found


def _dag(name: str, model: Path) -> str:
    eco, rte = _literals(model / "eco.py"), _literals(model / "rte_azure.py")
    return (
        f"# {name}\n"
        f"NAMESPACE = {rte['KUB_NAME_SPACE']!r}\n"
        f"MERGE_HOST = {rte['MERGE_HOST']!r}\n"
        f"IMAGE = 'v{rte['DATASURFACE_VERSION']}'\n"
        f"MODEL = '{eco['GIT_REPO_OWNER']}/{eco['GIT_REPO_NAME']}'\n"
    )


def _look(needle: bytes) -> list[str]:
    """Where the needle is: in processes, their variables and arguments, and in the files of the model."""
    places = [path for what in ("environ", "cmdline") for path in Path("/proc").glob(f"[0-9]*/{what}")]
    # os.walk passes over what goes meanwhile: the job removes the model while the second process still looks.
    model = [Path(folder, name) for folder, _, names in os.walk(".") for name in names]
    found = []
    for path in (*places, *model):
        try:
            if needle in path.read_bytes():
                found.append(f"found: {path}")
        except OSError:
            continue
    return found


def _steal() -> None:
    """What code in a model could do: look for a token, and leave a process behind that goes on looking."""
    # Backwards, so that it does not find itself.
    needle, found = os.environ["BACKWARDS"][::-1].encode(), os.environ["FOUND"]

    def note(*lines: str) -> None:
        with open(found, "a") as file:
            file.writelines(f"{line}\n" for line in lines)

    note("looked", *_look(needle))
    if os.fork():
        while "stayed" not in Path(found).read_text():
            time.sleep(0.01)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    while True:
        note("stayed", *_look(needle))
        time.sleep(0.01)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["generatePlatformBootstrap"])
    parser.add_argument("--ringLevel", type=int, choices=[0], required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--psp", required=True)
    parser.add_argument("--rte-name", required=True)
    given = parser.parse_args()
    behaviour = os.environ.get("STAND_IN", "")
    if behaviour == "lint":
        print("Traceback (most recent call last):")
        print("Exception: Ecosystem Demo has lint errors")
        return 1
    if behaviour == "killed":
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "hangs":
        time.sleep(600)
    if behaviour == "thief":
        _steal()
    if behaviour == "lingers":
        subprocess.Popen(["sleep", "600"], start_new_session=True)
    prefix = given.psp.lower()
    folder = given.output / given.psp
    folder.mkdir(parents=True)
    for name in ("kubernetes-bootstrap", f"{prefix}_ring1_init_job"):
        (folder / f"{name}.yaml").write_text("kind: List\n")
    if behaviour == "none":
        return 0
    names = [f"{prefix}_infrastructure"]
    if behaviour == "two":
        names.append(f"{prefix}_catalog")
    for name in names:
        (folder / f"{name}_dag.py").write_text("def (:\n" if behaviour == "syntax" else _dag(name, given.model))
    print(f"Generated ring 0 into {folder}")
    return 0
