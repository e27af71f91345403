"""Generates the DAGs of ring 0 from the live release of MODEL_REPO, with the DataSurface of this image, and publishes them to
dags/ on AIRFLOW_REPO's main, without force. DAGs that it published earlier and that are no longer emitted are removed; every other file is left alone.

Running it again changes nothing; running it after it was broken off does what is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from fnmatch import fnmatchcase
from pathlib import Path

from git_cli import GitServer
from github_api import REPOSITORY, REPOSITORY_TEXT, GitHub, Live, TagForm, live_release, look
from github_api import VARIABLES as GITHUB_VARIABLES
from outcome import Result, Retryable, Variable, WrongSetting, progress, read_settings, run
from patience import VARIABLES as PATIENCE_VARIABLES
from patience import Patience

JOB = "publish-dag"
BRANCH = "main"
FOLDER = "dags"
MANIFEST = ".datasurface-azure.json"
ATTEMPTS = 5
_DAG_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*_dag\.py")

VARIABLES = (
    Variable("AIRFLOW_REPO", "repository that git-sync reads the DAGs from", pattern=REPOSITORY, allowed=REPOSITORY_TEXT),
    Variable("MODEL_REPO", "repository of the model; its live release is taken", pattern=REPOSITORY, allowed=REPOSITORY_TEXT),
    Variable(
        "GENERATOR_MODULE",
        "module of the release line: datasurface.cmd.platform (1.x up to 1.4) or datasurface.entrypoints.platform (1.8)",
        pattern=r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*",
        allowed="a Python module",
    ),
    Variable("PSP", "platform service provider in the model", pattern=r"[A-Za-z0-9_][A-Za-z0-9_-]*"),
    Variable("RTE_NAME", "runtime environment in the model", pattern=r"[A-Za-z0-9_][A-Za-z0-9_-]*"),
    Variable(
        "DAG_FILES",
        "names that the generated DAG files have, * for any text: by them verify tells them from DAG files of others",
        default="*",
        pattern=r"[A-Za-z0-9_.*-]+",
        allowed="a file name with * for any text, for example acme_psp_*_dag.py",
    ),
    Variable("GENERATOR_SECONDS", "how long the generator may take", default="900", pattern=r"[1-9][0-9]*"),
    *GITHUB_VARIABLES,
    *PATIENCE_VARIABLES,
)


# --- generating -------------------------------------------------------------------------------------------------------------


def _run_generator(settings: dict[str, str], model: Path, output: Path) -> None:
    command = [
        sys.executable, "-m", settings["GENERATOR_MODULE"], "generatePlatformBootstrap",
        "--ringLevel", "0", "--model", str(model), "--output", str(output), "--psp", settings["PSP"], "--rte-name", settings["RTE_NAME"],
    ]  # fmt: skip
    # The model is code; it gets no token. Ring 0 needs none.
    environment = {name: value for name, value in os.environ.items() if name not in {variable.name for variable in VARIABLES if variable.secret}}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    progress(f"generating ring 0: {' '.join(['python', *command[1:]])}")
    limit = int(settings["GENERATOR_SECONDS"])
    last: deque[str] = deque(maxlen=6)
    timed_out = threading.Event()
    process = subprocess.Popen(
        command,
        cwd=model,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )

    def kill() -> None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def on_timeout() -> None:
        timed_out.set()
        kill()

    timer = threading.Timer(limit, on_timeout)
    timer.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            progress(f"  {line.rstrip()}")
            if line.strip():
                last.append(line.strip())
        code = process.wait()
    finally:
        timer.cancel()
        kill()
        process.wait()
    said = " | ".join(last)
    if timed_out.is_set():
        raise Retryable(f"the generator was stopped after {limit} s; it said: {said}")
    if code < 0:
        raise Retryable(f"the generator was killed by {signal.Signals(-code).name} (SIGKILL: too little memory?); it said: {said}")
    if code != 0 and re.search(rf"No module named '?{re.escape(settings['GENERATOR_MODULE'].split('.')[0])}\b", said):
        raise WrongSetting(f"GENERATOR_MODULE {settings['GENERATOR_MODULE']} is not in this image: the release line and the image do not belong together; it said: {said}")
    if code != 0:
        raise WrongSetting(f"DataSurface does not generate ring 0 from this model (exit code {code}); it said: {said}")


def generate(settings: dict[str, str], model: Path, output: Path) -> dict[str, bytes]:
    """The DAG files by name."""
    output.mkdir()
    _run_generator(settings, model, output)
    folder = output / settings["PSP"]
    dags: dict[str, bytes] = {}
    for path in sorted(folder.glob("*_dag.py")):
        if not _DAG_NAME.fullmatch(path.name):
            raise WrongSetting(f"the generator made a file with the name {path.name!r}, which is no name for a DAG file")
        data = path.read_bytes()
        try:
            compile(data, path.name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise WrongSetting(f"the generator made {path.name}, which is not valid Python: {error}") from None
        dags[path.name] = data
    if not dags:
        made = ", ".join(sorted(str(path.relative_to(output)) for path in output.rglob("*") if path.is_file())) or "nothing"
        raise WrongSetting(f"the generator made no {settings['PSP']}/*_dag.py, but: {made}")
    progress(f"generated: {', '.join(dags)}")
    others = [name for name in dags if not fnmatchcase(name, settings["DAG_FILES"])]
    if others:
        progress(f"note: {', '.join(others)}: not {settings['DAG_FILES']} (dagFiles in datasurface/names.ts), so verify does not fail when they do not import")
    return dags


# --- publishing -------------------------------------------------------------------------------------------------------------


def read_manifest(path: Path) -> list[str]:
    """The DAG files that were published from here. A manifest that cannot be read is an error: guessing would leave or remove the wrong ones."""
    if not path.exists():
        return []
    try:
        names = json.loads(path.read_bytes())["files"]
        if not isinstance(names, list) or not all(isinstance(name, str) and _DAG_NAME.fullmatch(name) for name in names):
            raise ValueError("`files` is no list of names of DAG files")
    except (ValueError, KeyError, TypeError) as error:
        raise WrongSetting(f"{FOLDER}/{MANIFEST} in the DAG repository cannot be read ({error}): mend or delete it, and delete the DAGs that are no longer wanted") from None
    return list(names)


def manifest(names: list[str]) -> bytes:
    content = {
        "comment": "Written by the publish-dag job. It removes files of this list that it no longer makes, and touches no other file.",
        "files": sorted(names),
    }
    return (json.dumps(content, indent=2) + "\n").encode()


def _write(path: Path, data: bytes) -> None:
    if path.is_symlink():
        path.unlink()
    elif path.is_dir():
        raise WrongSetting(f"{FOLDER}/{path.name} in the DAG repository is a folder, where a file must be")
    path.write_bytes(data)


def place(clone: Path, dags: dict[str, bytes]) -> list[str]:
    """Puts the files into the working copy; returns the names of those that are removed."""
    folder = clone / FOLDER
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise WrongSetting(f"{FOLDER} in the DAG repository is not a folder")
    folder.mkdir(exist_ok=True)
    removed = []
    for name in read_manifest(folder / MANIFEST):
        path = folder / name
        if name not in dags and (path.is_symlink() or path.is_file()):
            path.unlink()
            removed.append(name)
    for name, data in dags.items():
        _write(folder / name, data)
    _write(folder / MANIFEST, manifest(list(dags)))
    return removed


class _Publisher:
    def __init__(self, settings: dict[str, str], work: Path) -> None:
        self.settings = settings
        self.work = work
        self.repository = settings["AIRFLOW_REPO"]
        self.patience = Patience.of(settings)
        self.server = GitServer(settings["GITHUB_URL"], settings["GITHUB_TOKEN"], work, self.patience, (settings["COMMIT_NAME"], settings["COMMIT_EMAIL"]))
        self.github = GitHub(settings["GITHUB_API_URL"], settings["GITHUB_TOKEN"], self.patience)

    def clone_model(self, into: Path) -> Live:
        repository = self.settings["MODEL_REPO"]
        releases, tags = look(self.server, self.github, repository)
        form = TagForm(self.settings["RELEASE_SUFFIX"])
        live = live_release(releases, tags, form)
        if live is None:
            others = ", ".join(release.tag for release in releases if form.version_of(release.tag)) or "none"
            raise Retryable(f"{repository} has no stable release {form} (drafts and pre-releases: {others}): publish-model makes it, and comes first")
        self.server.clone(repository, into, live.tag)
        progress(f"model {repository}, release {live.tag} at {live.commit}")
        return live

    def publish(self, dags: dict[str, bytes], live: Live) -> tuple[str, bool, list[str]]:
        """From a fresh clone to a pushed commit. Returns it, whether anything was pushed, and the removed files."""
        with tempfile.TemporaryDirectory(dir=self.work) as scratch:
            clone = Path(scratch) / "dags"
            if self.server.has_branch(self.repository, BRANCH, "AIRFLOW_REPO, or datasurface.airflowRepository", ", from which Airflow reads the DAGs"):
                self.server.clone(self.repository, clone, BRANCH)
            else:
                progress(f"{self.repository} is empty: {BRANCH} is created")
                clone.mkdir()
                self.server.local(clone, "init", "--quiet", "--template=")
                self.server.local(clone, "symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
            removed = place(clone, dags)
            paths = [f"{FOLDER}/{name}" for name in (*dags, MANIFEST)]
            # Also where a .gitignore of the repository names them.
            self.server.local(clone, "add", "--force", "--", *paths)
            if removed:
                self.server.local(clone, "rm", "--quiet", "--cached", "--", *(f"{FOLDER}/{name}" for name in removed))
            head = self.server.try_local(clone, "rev-parse", "--verify", "--quiet", "HEAD")
            if head and not self.server.has_staged_changes(clone):
                progress(f"{self.repository} {BRANCH} has these DAGs already")
                return head, False, []
            title = f"Publish the DAGs of {self.settings['PSP']}"
            body = f"Model: {self.settings['MODEL_REPO']} {live.tag} at {live.commit}"
            self.server.local(clone, "commit", "--quiet", "--message", title, "--message", body)
            self.server.push(clone, self.repository, BRANCH)
            return self.server.local(clone, "rev-parse", "HEAD").strip(), True, removed


def main() -> Result:
    settings = read_settings(VARIABLES)
    with tempfile.TemporaryDirectory(prefix="publish-dag-") as temporary:
        work = Path(temporary)
        publisher = _Publisher(settings, work)
        publisher.server.check_git()
        live = publisher.patience.until_won("looking for the live release", ATTEMPTS, lambda: publisher.clone_model(work / "model"))
        dags = generate(settings, work / "model", work / "output")
        commit, pushed, removed = publisher.patience.until_won(f"publishing to {publisher.repository}", ATTEMPTS, lambda: publisher.publish(dags, live))
        progress(f"{publisher.repository}: {', '.join(dags)} at {commit} {'published' if pushed else 'were there already'}")
        return {
            "repository": publisher.repository,
            "commit": commit,
            "pushed": pushed,
            "dags": sorted(dags),
            "removed": removed,
            "model_tag": live.tag,
            "model_commit": live.commit,
            "token_expires": publisher.github.token_expires,
        }


if __name__ == "__main__":
    sys.exit(run(JOB, main, __doc__, VARIABLES))
