"""Puts the live release of MODEL_REPO into MODEL_FOLDER, for the containers of publish-dag that come after this one. No token is written there."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from git_cli import GitServer
from github_api import REPOSITORY, REPOSITORY_TEXT, GitHub, TagForm, live_release, look
from github_api import VARIABLES as GITHUB_VARIABLES
from handed_over import MODEL_FOLDER, ModelRelease, empty, source_folder, write_release
from outcome import Result, Retryable, Variable, progress, read_settings, run
from patience import VARIABLES as PATIENCE_VARIABLES
from patience import Patience

JOB = "checkout-model"
ATTEMPTS = 5

VARIABLES = (
    Variable(
        "MODEL_REPO", "repository of the model; its live release is taken", pattern=REPOSITORY, allowed=REPOSITORY_TEXT
    ),
    MODEL_FOLDER,
    Variable(
        "TOKEN_VARIABLE",
        "Terraform variable that the token comes from",
        pattern=r"TF_VAR_\w+",
        allowed="the name of a Terraform variable",
    ),
    *GITHUB_VARIABLES,
    *PATIENCE_VARIABLES,
)


def main() -> Result:
    settings = read_settings(VARIABLES)
    repository = settings["MODEL_REPO"]
    folder = Path(settings["MODEL_FOLDER"])
    form = TagForm(settings["RELEASE_SUFFIX"])
    patience = Patience.of(settings)
    variable = settings["TOKEN_VARIABLE"]
    with tempfile.TemporaryDirectory(prefix="checkout-model-") as home:
        server = GitServer(
            settings["GITHUB_URL"],
            settings["GITHUB_TOKEN"],
            Path(home),
            patience,
            (settings["COMMIT_NAME"], settings["COMMIT_EMAIL"]),
            variable,
        )
        github = GitHub(settings["GITHUB_API_URL"], settings["GITHUB_TOKEN"], patience, variable)
        server.check_git()

        def check_out() -> ModelRelease:
            releases, tags = look(server, github, repository)
            live = live_release(releases, tags, form)
            if live is None:
                others = ", ".join(release.tag for release in releases if form.version_of(release.tag)) or "none"
                raise Retryable(
                    f"{repository} has no stable release {form} (drafts and pre-releases: {others}): publish-model makes it, and comes first"
                )
            empty(folder)
            server.clone(repository, source_folder(folder), live.tag)
            return ModelRelease(live.tag, live.commit)

        release = patience.until_won("looking for the live release", ATTEMPTS, check_out)
    write_release(folder, release)
    progress(f"model {repository}, release {release.tag} at {release.commit}")
    return {
        "repository": repository,
        "model_tag": release.tag,
        "model_commit": release.commit,
        "token_expires": github.token_expires,
    }


if __name__ == "__main__":
    sys.exit(run(JOB, main, __doc__, VARIABLES))
