"""Generates ring 0 from the model in MODEL_FOLDER into GENERATED_FOLDER, with the DataSurface of this image.

The generator runs the model's code. So this needs no secret, and runs where there is none: in a container of publish-dag that has ended before
the one with the write token begins."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path

from handed_over import DAG_NAME, GENERATED_FOLDER, MODEL_FOLDER, empty, read_generated, source_folder
from outcome import Result, Retryable, Variable, WrongSetting, progress, read_settings, run

JOB = "generate-dags"
# Seconds for the last lines of a generator that has ended.
_LAST_LINES = 5

VARIABLES = (
    MODEL_FOLDER,
    GENERATED_FOLDER,
    Variable(
        "GENERATOR_MODULE",
        "module of the release line: datasurface.cmd.platform (1.x up to 1.4) or datasurface.entrypoints.platform (1.8)",
        pattern=r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*",
        allowed="a Python module",
    ),
    Variable("PSP", "platform service provider in the model", pattern=r"[A-Za-z0-9_][A-Za-z0-9_-]*"),
    Variable("RTE_NAME", "runtime environment in the model", pattern=r"[A-Za-z0-9_][A-Za-z0-9_-]*"),
    Variable("TIMEOUT_SECONDS", "how long the generator may take", default="900", pattern=r"[1-9][0-9]*"),
)


def _run_generator(settings: dict[str, str], model: Path, output: Path) -> None:
    command = [
        sys.executable, "-m", settings["GENERATOR_MODULE"], "generatePlatformBootstrap",
        "--ringLevel", "0", "--model", str(model), "--output", str(output), "--psp", settings["PSP"], "--rte-name", settings["RTE_NAME"],
    ]  # fmt: skip
    progress(f"generating ring 0: {' '.join(['python', *command[1:]])}")
    limit = int(settings["TIMEOUT_SECONDS"])
    last: deque[str] = deque(maxlen=6)
    process = subprocess.Popen(
        command,
        cwd=model,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )

    def show() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            progress(f"  {line.rstrip()}")
            if line.strip():
                last.append(line.strip())

    # Beside the wait: what the model's code leaves behind may keep the output open.
    reader = threading.Thread(target=show, daemon=True)
    reader.start()
    timed_out = False
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    code = process.wait()
    reader.join(_LAST_LINES)
    said = " | ".join(list(last))
    if timed_out:
        raise Retryable(f"the generator was stopped after {limit} s; it said: {said}")
    if code < 0:
        raise Retryable(
            f"the generator was killed by {signal.Signals(-code).name} (SIGKILL: too little memory?); it said: {said}"
        )
    if code != 0 and re.search(rf"No module named '?{re.escape(settings['GENERATOR_MODULE'].split('.')[0])}\b", said):
        raise WrongSetting(
            f"GENERATOR_MODULE {settings['GENERATOR_MODULE']} is not in this image: the release line and the image do not belong together; it said: {said}"
        )
    if code != 0:
        raise WrongSetting(f"DataSurface does not generate ring 0 from this model (exit code {code}); it said: {said}")


def generate(settings: dict[str, str], model: Path, output: Path) -> list[str]:
    """The names of the DAG files. publish-dag reads them again, and relies on nothing that is found out here."""
    _run_generator(settings, model, output)
    dags = read_generated(output / settings["PSP"], "_dag.py", DAG_NAME)
    for name, data in dags.items():
        try:
            compile(data, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise WrongSetting(f"the generator made {name}, which is not valid Python: {error}") from None
    if not dags:
        made = (
            ", ".join(sorted(str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()))
            or "nothing"
        )
        raise WrongSetting(f"the generator made no {settings['PSP']}/*_dag.py, but: {made}")
    progress(f"generated: {', '.join(dags)}")
    return list(dags)


def main() -> Result:
    settings = read_settings(VARIABLES)
    output = Path(settings["GENERATED_FOLDER"])
    empty(output)
    with tempfile.TemporaryDirectory(prefix="generate-dags-") as work:
        # A copy: the folder that was handed over is read-only.
        model = Path(work) / "model"
        shutil.copytree(source_folder(Path(settings["MODEL_FOLDER"])), model, symlinks=True)
        return {"dags": generate(settings, model, output)}


if __name__ == "__main__":
    sys.exit(run(JOB, main, __doc__, VARIABLES))
