"""Plays a pod with init containers: runs payload scripts one after another, each with its own environment, until one fails. What a script
leaves running ends with it, as with a container.

    python pod.py FILE     FILE: JSON, a list of {"script": PATH, "environment": {...}}; it is deleted before the first script begins

The environments come by a file: this process, like a kubelet, is not to be found with a Secret in its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

from processes import kill

_MARK = "CONTAINER_OF_THE_TEST"


def _end_of(mark: str) -> None:
    marked = f"{_MARK}={mark}".encode()
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and marked in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                kill(int(entry))
        except OSError:
            continue


def main() -> int:
    file = Path(sys.argv[1])
    steps = json.loads(file.read_bytes())
    file.unlink()
    for step in steps:
        mark = uuid.uuid4().hex
        code = subprocess.run(
            [sys.executable, step["script"]], env={**step["environment"], _MARK: mark}, check=False
        ).returncode
        _end_of(mark)
        if code != 0:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
