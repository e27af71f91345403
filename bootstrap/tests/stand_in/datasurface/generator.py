"""Ring 0: reads literals from the model and renders files of the vendor's names. STAND_IN chooses a behaviour."""

from __future__ import annotations

import argparse
import ast
import os
import signal
import sys
import time
from pathlib import Path


def _literals(path: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Constant):
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


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["generatePlatformBootstrap"])
    parser.add_argument("--ringLevel", type=int, choices=[0], required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--psp", required=True)
    parser.add_argument("--rte-name", required=True)
    given = parser.parse_args()
    if "GITHUB_TOKEN" in os.environ:
        print("the model's code would see the token")
        return 9
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
