"""Compares the Kubernetes objects that generate-dags made with those that run, and publishes the DAGs to dags/ on AIRFLOW_REPO's main, without force. DAGs that it published earlier and that
are no longer emitted are removed; every other file is left alone. Nothing that the generator wrote is executed here, where the write token is.

Running it again changes nothing; running it after it was broken off does what is left."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

from generated_objects import KNOWN_LIST, RUNNING_OBJECTS, YAML_NAME, Report, compare, read_running
from git_cli import GitServer
from github_api import REPOSITORY, REPOSITORY_TEXT
from github_api import VARIABLES as GITHUB_VARIABLES
from handed_over import DAG_NAME, GENERATED_FOLDER, MODEL_FOLDER, ModelRelease, read_generated, read_release
from outcome import Refused, Result, Variable, WrongSetting, progress, read_settings, run
from patience import VARIABLES as PATIENCE_VARIABLES
from patience import Patience

JOB = "publish-dag"
BRANCH = "main"
FOLDER = "dags"
MANIFEST = ".datasurface-azure.json"
ATTEMPTS = 5
# The last line is cut at 4096 bytes.
WARNINGS_IN_THE_RESULT = 10

VARIABLES = (
    Variable(
        "AIRFLOW_REPO", "repository that git-sync reads the DAGs from", pattern=REPOSITORY, allowed=REPOSITORY_TEXT
    ),
    Variable(
        "MODEL_REPO", "repository of the model, for the commit's message", pattern=REPOSITORY, allowed=REPOSITORY_TEXT
    ),
    MODEL_FOLDER,
    GENERATED_FOLDER,
    Variable("PSP", "platform service provider in the model", pattern=r"[A-Za-z0-9_][A-Za-z0-9_-]*"),
    Variable(
        "DAG_FILES",
        "names that the generated DAG files have, * for any text: by them verify tells them from DAG files of others",
        default="*",
        pattern=r"[A-Za-z0-9_.*-]+",
        allowed="a file name with * for any text, for example acme_psp_*_dag.py",
    ),
    RUNNING_OBJECTS,
    *GITHUB_VARIABLES,
    *PATIENCE_VARIABLES,
)


def read_dags(folder: Path, pattern: str) -> dict[str, bytes]:
    """The DAG files by name."""
    dags = read_generated(folder, "_dag.py", DAG_NAME)
    if not dags:
        raise WrongSetting(f"{folder} has no *_dag.py: generate-dags makes them, and comes first")
    others = [name for name in dags if not fnmatchcase(name, pattern)]
    if others:
        progress(
            f"note: {', '.join(others)}: not {pattern} (dagFiles in datasurface/names.ts), so verify does not fail when they do not import"
        )
    return dags


def check_objects(folder: Path, running: str) -> Report:
    """WrongSetting when the generated objects need what does not run: nothing is published then."""
    report = compare(read_generated(folder, ".yaml", YAML_NAME), read_running(running))
    if report.errors:
        raise WrongSetting(
            f"DataSurface makes what nothing here stands for: {report.missing()}. Nothing was published. Variables of a credential: the model has one that "
            f"datasurface.credentials does not list (docs/model.md). Anything else: this DataSurface version needs what this version of the project does not know; update the project, or go back to the DataSurface "
            f"version of before; what is not needed gets a line in {KNOWN_LIST}",
            differences=report.warnings[:WARNINGS_IN_THE_RESULT],
        )
    return report


def read_manifest(path: Path) -> list[str]:
    """The DAG files that were published from here. A manifest that cannot be read is an error: guessing would leave or remove the wrong ones."""
    if not path.exists():
        return []
    try:
        names = json.loads(path.read_bytes())["files"]
        if not isinstance(names, list) or not all(isinstance(name, str) and DAG_NAME.fullmatch(name) for name in names):
            raise ValueError("`files` is no list of names of DAG files")
    except (ValueError, KeyError, TypeError) as error:
        raise WrongSetting(
            f"{FOLDER}/{MANIFEST} in the DAG repository cannot be read ({error}): mend or delete it, and delete the DAGs that are no longer wanted"
        ) from None
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


def place(clone: Path, dags: dict[str, bytes], pattern: str) -> list[str]:
    """Puts the files into the working copy; returns the names of those that are removed. A file of somebody else is never replaced."""
    folder = clone / FOLDER
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise WrongSetting(f"{FOLDER} in the DAG repository is not a folder")
    folder.mkdir(exist_ok=True)
    removed = []
    published = read_manifest(folder / MANIFEST)
    foreign = [
        name
        for name in dags
        if name not in published and not fnmatchcase(name, pattern) and os.path.lexists(folder / name)
    ]
    if foreign:
        raise Refused(
            f"{', '.join(f'{FOLDER}/{name}' for name in foreign)} in the DAG repository: not published from here, and the model would replace it. Nothing was changed. "
            f"Delete it there if this model's is to take its place; else the model must not make a DAG file of that name (its own are {pattern})"
        )
    for name in published:
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
        self.server = GitServer(
            settings["GITHUB_URL"],
            settings["GITHUB_TOKEN"],
            work,
            self.patience,
            (settings["COMMIT_NAME"], settings["COMMIT_EMAIL"]),
        )

    def publish(self, dags: dict[str, bytes], release: ModelRelease) -> tuple[str, bool, list[str]]:
        """From a fresh clone to a pushed commit. Returns it, whether anything was pushed, and the removed files."""
        with tempfile.TemporaryDirectory(dir=self.work) as scratch:
            clone = Path(scratch) / "dags"
            if self.server.has_branch(
                self.repository,
                BRANCH,
                "AIRFLOW_REPO, or datasurface.airflowRepository",
                ", from which Airflow reads the DAGs",
            ):
                self.server.clone(self.repository, clone, BRANCH)
            else:
                progress(f"{self.repository} is empty: {BRANCH} is created")
                clone.mkdir()
                self.server.local(clone, "init", "--quiet", "--template=")
                self.server.local(clone, "symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
            removed = place(clone, dags, self.settings["DAG_FILES"])
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
            body = f"Model: {self.settings['MODEL_REPO']} {release.tag} at {release.commit}"
            self.server.local(clone, "commit", "--quiet", "--message", title, "--message", body)
            self.server.push(clone, self.repository, BRANCH)
            return self.server.local(clone, "rev-parse", "HEAD").strip(), True, removed


def main() -> Result:
    settings = read_settings(VARIABLES)
    release = read_release(Path(settings["MODEL_FOLDER"]))
    dags = read_dags(Path(settings["GENERATED_FOLDER"]) / settings["PSP"], settings["DAG_FILES"])
    report = check_objects(Path(settings["GENERATED_FOLDER"]) / settings["PSP"], settings["RUNNING_OBJECTS"])
    with tempfile.TemporaryDirectory(prefix="publish-dag-") as work:
        publisher = _Publisher(settings, Path(work))
        publisher.server.check_git()
        commit, pushed, removed = publisher.patience.until_won(
            f"publishing to {publisher.repository}", ATTEMPTS, lambda: publisher.publish(dags, release)
        )
    progress(f"{publisher.repository}: {', '.join(dags)} at {commit} {'published' if pushed else 'were there already'}")
    return {
        "repository": publisher.repository,
        "commit": commit,
        "pushed": pushed,
        "dags": sorted(dags),
        "removed": removed,
        "model_tag": release.tag,
        "model_commit": release.commit,
        "differences": report.warnings[:WARNINGS_IN_THE_RESULT],
        "more_differences": max(0, len(report.warnings) - WARNINGS_IN_THE_RESULT),
    }


if __name__ == "__main__":
    sys.exit(run(JOB, main, __doc__, VARIABLES))
