"""Publishes the model of this deployment: takes MODEL_REPO's main (or, when there is none, the template), sets this deployment's
literals in eco.py and rte_azure.py, pushes without force, and makes that commit the live one by a stable GitHub Release.

Running it again changes nothing; running it after it was broken off does what is left."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from git_cli import BadToken, GitServer, WorkflowRefused
from github_api import REPOSITORY, REPOSITORY_TEXT, GitHub, ensure_release
from github_api import VARIABLES as GITHUB_VARIABLES
from model_edits import EXTRAS_TEXT, Extra, Values, edit_model, parse_extras, refuse_foreign_values
from outcome import Refused, Result, Variable, WrongSetting, progress, read_settings, run
from patience import VARIABLES as PATIENCE_VARIABLES
from patience import LostRace, Patience

JOB = "publish-model"
BRANCH = "main"
ATTEMPTS = 5
WORKFLOWS = ".github/workflows"

_HOST = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?"

VARIABLES = (
    Variable("MODEL_REPO", "repository of the model", pattern=REPOSITORY, allowed=REPOSITORY_TEXT),
    Variable("TEMPLATE_REPO", "repository of the template, for a MODEL_REPO without main", pattern=REPOSITORY, allowed=REPOSITORY_TEXT),
    Variable("TEMPLATE_REF", "commit, tag or branch of the template", pattern=r"[A-Za-z0-9][A-Za-z0-9._/-]*"),
    Variable("TEMPLATE_URL", "address before the template's /owner/name.git (default: GITHUB_URL)", default="", pattern=r"https?://[^\s/@?#]+(/[^\s?#]*)?", allowed="an https address"),
    Variable("NAMESPACE", "Kubernetes namespace", pattern=r"(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?", allowed="an RFC 1123 label"),
    Variable(
        "SQL_SERVER_FQDN",
        "public host name of the Azure SQL server (its certificate has this one; it resolves to the private endpoint)",
        pattern=rf"(?!.*\.privatelink\.){_HOST}",
        allowed="a host name in lower case, and not the privatelink one",
    ),
    Variable("PG_FQDN", "host name of Airflow's PostgreSQL server", pattern=_HOST, allowed="a host name in lower case"),
    Variable("DATASURFACE_VERSION", "DataSurface release, the tag of its image", pattern=r"v?[0-9]+\.[0-9]+\.[0-9]+([-.+][A-Za-z0-9.-]+)?", allowed="a version like 1.1.0"),
    Variable("RTE_EXTRAS", f"what the release line wants in rte_azure.py: {EXTRAS_TEXT}", default="[]"),
    *GITHUB_VARIABLES,
    *PATIENCE_VARIABLES,
)


class _Publisher:
    def __init__(self, settings: dict[str, str], work: Path) -> None:
        self.settings = settings
        self.work = work
        self.repository = settings["MODEL_REPO"]
        self.patience = Patience.of(settings)
        self.author = (settings["COMMIT_NAME"], settings["COMMIT_EMAIL"])
        self.extras: list[Extra] = parse_extras(settings["RTE_EXTRAS"])
        owner, name = self.repository.split("/")
        self.values = Values(
            owner=owner,
            name=name,
            namespace=settings["NAMESPACE"],
            sql_server_fqdn=settings["SQL_SERVER_FQDN"],
            pg_fqdn=settings["PG_FQDN"],
            datasurface_version=settings["DATASURFACE_VERSION"].removeprefix("v"),
        )
        self.server = self._server(settings["GITHUB_URL"], settings["GITHUB_TOKEN"])
        self.github = GitHub(settings["GITHUB_API_URL"], settings["GITHUB_TOKEN"], self.patience)
        self.left_out: list[str] = []

    def _server(self, url: str, token: str) -> GitServer:
        return GitServer(url, token, self.work, self.patience, self.author)

    def _clone_template(self, into: Path) -> None:
        """Checks out the template on a branch without history: its tree becomes the first commit."""
        repository, ref = self.settings["TEMPLATE_REPO"], self.settings["TEMPLATE_REF"]
        url = self.settings["TEMPLATE_URL"].rstrip("/") or self.server.base_url
        template = self._server(url, "")
        try:
            template.clone(repository, into)
        except BadToken:
            if url != self.server.base_url:
                raise
            template = self.server  # not public, but on the token's own server
            template.clone(repository, into)
        for candidate in (f"refs/tags/{ref}", f"refs/remotes/origin/{ref}", ref):
            commit = template.try_local(into, "rev-parse", "--verify", "--quiet", "--end-of-options", candidate + "^{commit}")
            if commit:
                break
        else:
            raise WrongSetting(f"TEMPLATE_REF {ref!r} is no commit, tag or branch of {url}/{repository}")
        progress(f"template {repository} at {commit}")
        template.local(into, "checkout", "--quiet", "--detach", commit)
        template.local(into, "checkout", "--quiet", "--orphan", "bootstrap-new-main")
        self.template = f"{url}/{repository} at {commit}"

    def publish(self) -> tuple[str, list[str], bool]:
        """From a fresh clone to a pushed commit. Returns it, the edited files, and whether the template was taken."""
        with tempfile.TemporaryDirectory(dir=self.work) as scratch:
            clone = Path(scratch) / "model"
            fresh = BRANCH not in self.server.heads(self.repository)
            if fresh:
                progress(f"{self.repository} has no {BRANCH}: the template is taken")
                self._clone_template(clone)
            else:
                self.server.clone(self.repository, clone, BRANCH)
                refuse_foreign_values(clone, self.values, self.repository)
            changed = edit_model(clone, self.values, self.extras)
            if changed:
                self.server.local(clone, "add", "--", *changed)
            if not fresh and not self.server.has_staged_changes(clone):
                progress(f"{self.repository} {BRANCH} has this deployment's values already")
                return self.server.local(clone, "rev-parse", "HEAD").strip(), [], False
            self._commit(clone, changed, fresh)
            try:
                self.server.push(clone, self.repository, BRANCH)
            except WorkflowRefused as refusal:
                if not fresh:
                    raise
                # The template's workflows check pull requests; the deployment works without them.
                self.left_out = self.server.local(clone, "ls-files", "--", WORKFLOWS).split("\n")[:-1]
                progress(f"{refusal} Left out: {', '.join(self.left_out)}. Add them with another token where they are wanted.")
                self.server.local(clone, "rm", "--quiet", "-r", "--cached", "--", WORKFLOWS)
                self.server.local(clone, "commit", "--quiet", "--amend", "--no-edit")
                self.server.push(clone, self.repository, BRANCH)
            return self.server.local(clone, "rev-parse", "HEAD").strip(), changed, fresh

    def _commit(self, clone: Path, changed: list[str], fresh: bool) -> None:
        values = self.values
        title = "Take the model template for Azure AKS" if fresh else "Configure the model for Azure AKS"
        body = [f"DataSurface {values.datasurface_version}, namespace {values.namespace}, {values.sql_server_fqdn}, {values.pg_fqdn}"]
        if fresh:
            body.append(f"Template: {self.template}")
        self.server.local(clone, "commit", "--quiet", "--message", title, "--message", "\n".join(body))
        progress(f"committed: {title} ({', '.join(changed)})")


def main() -> Result:
    settings = read_settings(VARIABLES)
    with tempfile.TemporaryDirectory(prefix="publish-model-") as work:
        publisher = _Publisher(settings, Path(work))
        publisher.server.check_git()
        commit, changed, fresh = publisher.patience.until_won(f"publishing {publisher.repository}", ATTEMPTS, publisher.publish)
        notes = f"DataSurface {publisher.values.datasurface_version} on Azure AKS, namespace {publisher.values.namespace}."
        live, made = ensure_release(publisher.server, publisher.github, publisher.patience, publisher.repository, commit, notes)
        progress(f"{publisher.repository}: release {live.tag} at {commit} {'published' if made else 'was there already'}")
        return {
            "repository": publisher.repository,
            "commit": commit,
            "pushed": bool(changed) or fresh,
            "edited": changed,
            "from_template": fresh,
            "left_out": publisher.left_out,
            "tag": live.tag,
            "released": made,
            "release_url": live.url,
        }


if __name__ == "__main__":
    sys.exit(run(JOB, main, __doc__, VARIABLES))
