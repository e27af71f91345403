"""Publishes the model of this deployment: takes MODEL_REPO's main (or the template, for an empty repository), sets this deployment's
literals in eco.py and rte_azure.py, refuses a model whose names or credentials differ from the settings' (datasurface.model, datasurface.credentials), pushes without force, and makes that commit the live one by a stable GitHub Release.
The version that stands beside the model, for its pull requests, moves in the same commit.
A live release that has the literals already stays the live one: commits that somebody has not released yet are not released by this job.

Running it again changes nothing; running it after it was broken off does what is left."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from git_cli import BadToken, GitServer, WorkflowRefused
from github_api import REPOSITORY, REPOSITORY_TEXT, GitHub, Live, Release, TagForm, ensure_release, live_release, look
from github_api import VARIABLES as GITHUB_VARIABLES
from model_credentials import CREDENTIALS, parse_credentials
from model_edits import EXTRAS_TEXT, Values, edit_model, parse_extras, refuse_foreign_values
from model_names import NAME_VARIABLES, Names
from model_pins import WORKFLOWS, read_pins
from outcome import Refused, Result, Variable, WrongSetting, progress, read_settings, run
from patience import VARIABLES as PATIENCE_VARIABLES
from patience import Patience
from python_source import Keyword

JOB = "publish-model"
BRANCH = "main"
ATTEMPTS = 5
SHOWN_COMMITS = 10
# By these and its author a commit of this job is known again: the author may be a person, where a ruleset wants one.
TITLES = (TAKEN, CONFIGURED) = ("Take the model template for Azure AKS", "Configure the model for Azure AKS")
# What GitHub's page for a new repository can put into it.
_NO_CONTENT = re.compile(r"(readme|licen[cs]e)(\.\w+)?|\.gitignore|\.gitattributes", re.IGNORECASE)

_HOST = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?"

VARIABLES = (
    Variable("MODEL_REPO", "repository of the model", pattern=REPOSITORY, allowed=REPOSITORY_TEXT),
    Variable(
        "TEMPLATE_REPO",
        "repository of the template, for a MODEL_REPO that is empty",
        pattern=REPOSITORY,
        allowed=REPOSITORY_TEXT,
    ),
    Variable("TEMPLATE_REF", "commit, tag or branch of the template", pattern=r"[A-Za-z0-9][A-Za-z0-9._/-]*"),
    Variable(
        "TEMPLATE_URL",
        "address before the template's /owner/name.git (default: GITHUB_URL)",
        default="",
        pattern=r"https?://[^\s/@?#]+(/[^\s?#]*)?",
        allowed="an https address",
    ),
    Variable(
        "NAMESPACE",
        "Kubernetes namespace",
        pattern=r"(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?",
        allowed="an RFC 1123 label",
    ),
    Variable(
        "SQL_SERVER_FQDN",
        "public host name of the Azure SQL server (its certificate has this one; it resolves to the private endpoint)",
        pattern=rf"(?!.*\.privatelink\.){_HOST}",
        allowed="a host name in lower case, and not the privatelink one",
    ),
    Variable("PG_FQDN", "host name of Airflow's PostgreSQL server", pattern=_HOST, allowed="a host name in lower case"),
    Variable(
        "DATASURFACE_VERSION",
        "DataSurface release, the tag of its image",
        pattern=r"v?[0-9]+\.[0-9]+\.[0-9]+([-.+][A-Za-z0-9.-]+)?",
        allowed="a version like 1.1.0",
    ),
    Variable(
        "IMAGE_DIGEST",
        "digest of that image, which pins it in the model; empty: the tag alone",
        default="",
        pattern=r"sha256:[0-9a-f]{64}",
        allowed="sha256: and 64 hexadecimal digits",
    ),
    Variable("RTE_EXTRAS", f"what the release line wants in rte_azure.py: {EXTRAS_TEXT}", default="[]"),
    Variable(
        "CHECK_MODULE",
        "Python module of the release line that a CI job beside the model runs",
        pattern=r"datasurface(\.[a-z_]+)+",
        allowed="a module of DataSurface",
    ),
    *NAME_VARIABLES,
    CREDENTIALS,
    Variable(
        "UNRELEASED_COMMITS",
        "commits of others on main that no release has yet, when this job has to make a release: refuse, or release them with it",
        default="refuse",
        pattern="refuse|release",
        allowed="refuse or release",
    ),
    *GITHUB_VARIABLES,
    *PATIENCE_VARIABLES,
)


@dataclass(frozen=True)
class _Published:
    """`live` is the commit that is to be the live release's; `edited` are the files that were pushed; `unreleased` are commits of others that stay so."""

    live: str
    edited: list[str]
    from_template: bool
    unreleased: list[str]


class _Publisher:
    def __init__(self, settings: dict[str, str], work: Path) -> None:
        self.settings = settings
        self.work = work
        self.repository = settings["MODEL_REPO"]
        self.patience = Patience.of(settings)
        self.author = (settings["COMMIT_NAME"], settings["COMMIT_EMAIL"])
        self.extras: list[Keyword] = parse_extras(settings["RTE_EXTRAS"])
        owner, name = self.repository.split("/")
        self.values = Values(
            owner=owner,
            name=name,
            namespace=settings["NAMESPACE"],
            sql_server_fqdn=settings["SQL_SERVER_FQDN"],
            pg_fqdn=settings["PG_FQDN"],
            datasurface_version=settings["DATASURFACE_VERSION"].removeprefix("v"),
            names=Names.of(settings),
            credentials=parse_credentials(settings["CREDENTIALS"]),
            image_digest=settings["IMAGE_DIGEST"],
        )
        self.form = TagForm(settings["RELEASE_SUFFIX"])
        self.server = self._server(settings["GITHUB_URL"], settings["GITHUB_TOKEN"])
        self.github = GitHub(settings["GITHUB_API_URL"], settings["GITHUB_TOKEN"], self.patience)
        self.left_out: list[str] = []

    def _server(self, url: str, token: str) -> GitServer:
        return GitServer(url, token, self.work, self.patience, self.author)

    def _clone_template(self, into: Path) -> None:
        """Checks out the template."""
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
            commit = template.try_local(
                into, "rev-parse", "--verify", "--quiet", "--end-of-options", candidate + "^{commit}"
            )
            if commit:
                break
        else:
            raise WrongSetting(f"TEMPLATE_REF {ref!r} is no commit, tag or branch of {url}/{repository}")
        progress(f"template {repository} at {commit}")
        template.local(into, "checkout", "--quiet", "--detach", commit)
        self.template = f"{url}/{repository} at {commit}"

    def _take_model(self, clone: Path, scratch: Path) -> bool:
        """Checks out what is to be edited. Returns whether it is the template."""
        if not self.server.has_branch(self.repository, BRANCH, "MODEL_REPO, or datasurface.modelRepository"):
            progress(f"{self.repository} is empty: the template is taken")
            self._clone_template(clone)
            # Its tree becomes the first commit.
            self.server.local(clone, "checkout", "--quiet", "--orphan", "bootstrap-new-main")
            return True
        self.server.clone(self.repository, clone, BRANCH, history=True)
        files = self.server.local(clone, "ls-files").splitlines()
        if not all(_NO_CONTENT.fullmatch(file) for file in files):
            refuse_foreign_values(clone, self.values, self.repository)
            return False
        progress(f"{self.repository} has {', '.join(files) or 'no file'} and no model: the template is added")
        template = scratch / "template"
        self._clone_template(template)
        for name in self.server.local(template, "ls-files", "-z").split("\0")[:-1]:
            source, target = template / name, clone / name
            # The repository's own file stays.
            if name not in files and not source.is_dir():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
        self.server.local(clone, "add", "--force", "--all")
        return True

    def publish(self) -> _Published:
        """From a fresh clone to a pushed commit. What is refused is refused before the push."""
        releases, tags = look(self.server, self.github, self.repository)
        with tempfile.TemporaryDirectory(dir=self.work) as temporary:
            scratch = Path(temporary)
            clone = scratch / "model"
            fresh = self._take_model(clone, scratch)
            edited = edit_model(clone, self.values, self.extras)
            edited += self._move_pins(clone, fresh or bool(edited))
            if edited:
                self.server.local(clone, "add", "--", *edited)
            changed = fresh or self.server.has_staged_changes(clone)
            if changed:
                self._commit(clone, edited, fresh)
            else:
                edited = []
                progress(f"{self.repository} {BRANCH} has this deployment's values already")
            live, unreleased = ("", []) if fresh else self._choose(clone, releases, tags)
            if changed:
                self._push(clone, fresh)
            edited = [file for file in edited if file not in self.left_out]
            return _Published(live or self.server.local(clone, "rev-parse", "HEAD").strip(), edited, fresh, unreleased)

    def _move_pins(self, clone: Path, move: bool) -> list[str]:
        """The version beside the model follows the one in it, in the same commit. Alone it is nothing to push to somebody's repository: no pod reads it."""
        pins = read_pins(clone, self.values.datasurface_version, self.settings["CHECK_MODULE"])
        for other in pins.others:
            progress(
                f"note: {other}: not in the template's form, so it stays; is it right for DataSurface {self.values.datasurface_version}?"
            )
        if move:
            return pins.save(clone)
        if pins.new:
            progress(
                f"note: {', '.join(pins.new)}: not DataSurface {self.values.datasurface_version}; moved with the next change of the model by this job, or by hand"
            )
        return []

    def _push(self, clone: Path, fresh: bool) -> None:
        try:
            self.server.push(clone, self.repository, BRANCH)
        except WorkflowRefused as refusal:
            # Workflows check pull requests; the deployment works without them, and with old ones.
            if fresh:
                self.left_out = self.server.local(clone, "ls-files", "--", WORKFLOWS).splitlines()
                progress(
                    f"{refusal} Left out: {', '.join(self.left_out)}. Add them with another token where they are wanted."
                )
                self.server.local(clone, "rm", "--quiet", "-r", "--cached", "--", WORKFLOWS)
            else:
                self.left_out = self.server.local(
                    clone, "diff", "--name-only", "HEAD~", "HEAD", "--", WORKFLOWS
                ).splitlines()
                if not self.left_out:
                    raise
                progress(
                    f"{refusal} Left as they are: {', '.join(self.left_out)}. Set the image's tag there to v{self.values.datasurface_version} with another token."
                )
                self.server.local(clone, "checkout", "--quiet", "HEAD~", "--", *self.left_out)
            self.server.local(clone, "commit", "--quiet", "--amend", "--no-edit")
            self.server.push(clone, self.repository, BRANCH)

    def _choose(self, clone: Path, releases: list[Release], tags: dict[str, str]) -> tuple[str, list[str]]:
        """The commit that is to be live ("" for HEAD), and the commits of others on main that stay unreleased."""
        live = live_release(releases, tags, self.form)
        if live is None:
            return "", []
        released = {commit for release in releases if release.stable and (commit := tags.get(release.tag))}
        # A tag may have been deleted since it was looked at.
        log = self.server.local(
            clone, "log", "--ignore-missing", "--format=%h%x09%ae%x09%an%x09%s", "HEAD", "--not", *sorted(released)
        )
        lines = [line.split("\t", 3) for line in log.splitlines()]
        is_right, trees = self._with_values(clone, live)
        # What differs in this deployment's values only is no change of theirs.
        same = self.server.local(clone, "rev-parse", "HEAD^{tree}").strip() in trees
        unreleased = (
            []
            if same
            else [
                f"{commit} {name}: {title}"
                for commit, email, name, title in lines
                if email != self.author[1] or title not in TITLES
            ]
        )
        if not unreleased:
            return (live.commit if is_right else ""), []
        shown = "; ".join(unreleased[:SHOWN_COMMITS]) + (
            f"; and {len(unreleased) - SHOWN_COMMITS} more" if len(unreleased) > SHOWN_COMMITS else ""
        )
        if is_right:
            progress(
                f"note: {self.repository} {BRANCH} has commits that are not released, and are not released by this job, as {live.tag} has this deployment's values: {shown}"
            )
            return live.commit, unreleased
        if self.settings["UNRELEASED_COMMITS"] == "refuse":
            raise Refused(
                f"{self.repository} {BRANCH} has commits that no release has: {shown}. This deployment has to release its values on top of them, and they would become live with it. Nothing was changed. "
                f"Publish a release of {BRANCH} when they are ready (its tag: the next after {live.tag}), or set datasurface.unreleasedCommits: release; then deploy again: npx cdktf deploy '*'"
            )
        progress(
            f"note: these commits become live with this deployment's values (datasurface.unreleasedCommits: release): {shown}"
        )
        return "", []

    def _with_values(self, clone: Path, live: Live) -> tuple[bool, list[str]]:
        """Whether the live release has this deployment's values, and the trees that it has with them, without and with the version beside the model; none when it cannot be edited, or is not in the clone."""
        folder = clone.parent / "live"
        if not self.server.try_local(
            clone, "rev-parse", "--verify", "--quiet", "--end-of-options", live.commit + "^{commit}"
        ):
            return False, []
        self.server.local(clone, "worktree", "add", "--quiet", "--detach", str(folder), live.commit)
        try:
            edited = edit_model(folder, self.values, self.extras, say=lambda _text: None)
        except WrongSetting:
            return False, []
        trees = []
        for files in (
            edited,
            read_pins(folder, self.values.datasurface_version, self.settings["CHECK_MODULE"]).save(folder),
        ):
            if files:
                self.server.local(folder, "add", "--", *files)
            trees.append(self.server.local(folder, "write-tree").strip())
        return not edited, trees

    def _commit(self, clone: Path, changed: list[str], fresh: bool) -> None:
        values = self.values
        title = TAKEN if fresh else CONFIGURED
        body = [
            f"DataSurface {values.datasurface_version}, namespace {values.namespace}, {values.sql_server_fqdn}, {values.pg_fqdn}"
        ]
        if fresh:
            body.append(f"Template: {self.template}")
        self.server.local(clone, "commit", "--quiet", "--message", title, "--message", "\n".join(body))
        progress(f"committed: {title} ({', '.join(changed)})")


def main() -> Result:
    settings = read_settings(VARIABLES)
    with tempfile.TemporaryDirectory(prefix="publish-model-") as work:
        publisher = _Publisher(settings, Path(work))
        publisher.server.check_git()
        published = publisher.patience.until_won(f"publishing {publisher.repository}", ATTEMPTS, publisher.publish)
        notes = (
            f"DataSurface {publisher.values.datasurface_version} on Azure AKS, namespace {publisher.values.namespace}."
        )
        live, made = ensure_release(
            publisher.server,
            publisher.github,
            publisher.patience,
            publisher.repository,
            publisher.form,
            published.live,
            notes,
        )
        progress(
            f"{publisher.repository}: release {live.tag} at {live.commit} {'published' if made else 'was there already'}"
        )
        return {
            "repository": publisher.repository,
            "commit": live.commit,
            "pushed": bool(published.edited) or published.from_template,
            "edited": published.edited,
            "from_template": published.from_template,
            "unreleased": published.unreleased,
            "token_expires": publisher.github.token_expires,
            "left_out": publisher.left_out,
            "tag": live.tag,
            "released": made,
            "release_url": live.url,
        }


if __name__ == "__main__":
    sys.exit(run(JOB, main, __doc__, VARIABLES))
