"""publish_model.py against real git over HTTP and the releases of a small GitHub."""

from __future__ import annotations

import json
import threading
import unittest
from datetime import datetime, timedelta, timezone

from git_server import Release, Reply, Repository
from github_server import Rights, Seen, Trouble, error_reply, rate_limit_reply, secondary_limit_reply, text_reply
from harness import TOKEN, Finished, JobTest, state
from model_repository import (
    IMAGE,
    NAME,
    NAMES,
    OWNER,
    RENAMED_NAMES,
    VALUES,
    WORKFLOW,
    beside,
    edited,
    renamed,
    team_model,
    template,
    with_crlf,
)

MODEL = f"{OWNER}/{NAME}"
TEMPLATE = "vendor/demo1"
TOKEN_REMEDY = "Take a valid one: set TF_VAR_github_token to it, raise revisions.tokens in the environment's file (the plan then asks for every token)"


class PublishModelTest(JobTest):
    script = "publish_model.py"

    def setUp(self) -> None:
        super().setUp()
        self.model = self.server.add(MODEL)
        self.template = self.server.add(TEMPLATE, private=False)
        self.template_commit = self.template.commit(template(), "the vendor's")

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "MODEL_REPO": MODEL,
            "TEMPLATE_REPO": TEMPLATE,
            "TEMPLATE_REF": self.template_commit,
            **VALUES,
            **NAMES,
        }

    def publish_by_hand(self, *tags: str, **files: bytes) -> str:
        """A main with this deployment's values, and releases of it."""
        commit = self.model.commit({**template(), **edited()})
        self.release(*tags, commit=commit)
        return commit

    def release(self, *tags: str, commit: str, draft: bool = False, prerelease: bool = False) -> None:
        for tag in tags:
            if not draft:
                self.model.git("update-ref", f"refs/tags/{tag}", commit)
            self.model.releases.append(Release(tag, draft, prerelease, self.server.now()))

    def assert_published(self, done: Finished, tag: str, repository: Repository | None = None) -> None:
        repository = repository or self.model
        for name, data in edited().items():
            self.assertEqual(repository.read(name), data)
        self.assertEqual(repository.tags()[tag], repository.head())
        release = repository.releases[-1]
        self.assertEqual(
            (release.tag, release.draft, release.prerelease, release.make_latest), (tag, False, False, "true")
        )
        self.assertEqual(done.result["tag"], tag)
        self.assertEqual(done.result["commit"], repository.head())


class Settled(PublishModelTest):
    """What it makes of what it finds."""

    def test_empty_repository_takes_the_template(self) -> None:
        done = self.job(0)
        self.assert_published(done, "v1.0.0-demo")
        self.assertEqual(len(self.model.commits()), 1)
        self.assertEqual(sorted(self.model.files()), sorted(template()))
        for name in set(template()) - set(edited()):
            self.assertEqual(self.model.read(name), template()[name])
        self.assertIn(self.template_commit, self.model.git("log", "-1", "--format=%B"))
        self.assertEqual(
            {key: done.result[key] for key in ("pushed", "from_template", "released", "edited")},
            {"pushed": True, "from_template": True, "released": True, "edited": ["eco.py", "rte_azure.py"]},
        )

    def test_second_run_does_nothing(self) -> None:
        self.job(0)
        before = state(self.model)
        self.server.seen.clear()
        done = self.job(0)
        self.assertEqual(state(self.model), before)
        self.assertEqual(self.server.steps("push", "ask-push", "release"), [])
        self.assertEqual((done.result["pushed"], done.result["released"], done.result["edited"]), (False, False, []))

    def test_repository_that_is_new_on_github_gets_the_template_beside_its_own_files(self) -> None:
        own = {"README.md": b"# ours\n", "LICENSE": b"ours\n", ".gitignore": b"*.py\n.venv\n"}
        first = self.model.commit(own)
        self.assert_published(self.job(0), "v1.0.0-demo")
        self.assertEqual(self.model.commits()[1:], [first])
        self.assertEqual(sorted(self.model.files()), sorted({**template(), **own}))
        for name, data in {**template(), **own, **edited()}.items():
            self.assertEqual(self.model.read(name), data)

    def test_unreleased_commits_of_others_stay_so_while_the_live_release_has_the_values(self) -> None:
        self.job(0)
        live = self.model.head()
        theirs = self.model.commit({"fragment.py": b"x = 1\n"}, "half of a change")
        # An edit of ours on top of it, too: the live release has the values.
        self.model.commit({"rte_azure.py": template()["rte_azure.py"]}, "placeholders again")
        for _ in range(2):
            done = self.job(0)
            self.assertEqual(
                (done.result["tag"], done.result["commit"], done.result["released"]), ("v1.0.0-demo", live, False)
            )
            self.assertEqual(len(done.result["unreleased"]), 2)  # type: ignore[arg-type]
            self.assertIn(f"note: {MODEL} main has commits that are not released", done.out)
            self.assertIn(f"{theirs[:7]} Somebody: half of a change", done.out)
        self.assertEqual(self.model.tags(), {"v1.0.0-demo": live})
        self.assertEqual(self.model.read("rte_azure.py"), edited()["rte_azure.py"])

    def test_unreleased_commits_of_others_are_not_released_with_new_values(self) -> None:
        self.job(0)
        self.model.commit({"fragment.py": b"x = 1\n"}, "half of a change")
        before = state(self.model)
        # Also where this job's author is the one who made them.
        for author in ({}, {"COMMIT_EMAIL": "somebody@example.org"}):
            done = self.job(3, {"DATASURFACE_VERSION": "1.9.0", **author})
            for text in (
                "Somebody: half of a change",
                "Nothing was changed",
                "Publish a release of main",
                "datasurface.unreleasedCommits: release",
            ):
                self.assertIn(text, done.message)
            self.assertEqual(state(self.model), before)
        done = self.job(0, {"DATASURFACE_VERSION": "1.9.0", "UNRELEASED_COMMITS": "release"})
        self.assertEqual((done.result["tag"], done.result["unreleased"]), ("v1.0.1-demo", []))
        self.assertIn("become live with this deployment's values", done.out)

    def test_a_release_of_these_commits_by_hand_is_the_other_way(self) -> None:
        self.job(0)
        self.release("v1.0.1-demo", commit=self.model.commit({"fragment.py": b"x = 1\n"}))
        self.assertEqual(self.job(0, {"DATASURFACE_VERSION": "1.9.0"}).result["tag"], "v1.0.2-demo")

    def test_template_by_tag_and_by_branch(self) -> None:
        self.template.git("tag", "-a", "-m", "x", "v9", self.template_commit)
        self.template.git("update-ref", "refs/heads/release/line", self.template_commit)
        self.template.commit({"eco.py": b"not this one\n"})
        for ref in ("v9", "release/line", self.template_commit[:9]):
            with self.subTest(ref):
                self.model.git("update-ref", "-d", "refs/heads/main") if self.model.head() else None
                self.job(0, {"TEMPLATE_REF": ref})
                self.assertEqual(self.model.read("eco.py"), edited()["eco.py"])

    def test_template_is_read_without_the_token_when_it_is_public(self) -> None:
        self.job(0)
        self.assertTrue(all(not seen.authorized for seen in self.server.seen if TEMPLATE in seen.path))

    def test_private_template_is_read_with_the_token(self) -> None:
        self.template.private = True
        self.assert_published(self.job(0), "v1.0.0-demo")

    def test_template_of_another_server_never_gets_the_token(self) -> None:
        self.template.private = True
        done = self.job(3, {"TEMPLATE_URL": self.server.url.replace("127.0.0.1", "localhost")})
        self.assertIn("does not exist or is not public", done.message)
        self.assertTrue(all(not seen.authorized for seen in self.server.seen if TEMPLATE in seen.path))

    def test_own_model_is_edited_and_nothing_else(self) -> None:
        self.model.commit({**template(), "fragment/mine.py": b"x = 1\n"})
        first = self.model.head()
        self.assert_published(self.job(0), "v1.0.0-demo")
        self.assertEqual(self.model.commits()[1:], [first])
        self.assertEqual(self.model.git("diff", "--name-only", first, "main").split(), ["eco.py", "rte_azure.py"])
        self.assertFalse(any(TEMPLATE in seen.path for seen in self.server.seen))

    def test_crlf_is_kept(self) -> None:
        self.model.commit(with_crlf(template()))
        self.job(0)
        for name, data in with_crlf(edited()).items():
            self.assertEqual(self.model.read(name), data)
        before = state(self.model)
        self.job(0)
        self.assertEqual(state(self.model), before)

    def test_crlf_by_gitattributes(self) -> None:
        self.model.commit({**template(), ".gitattributes": b"*.py text eol=crlf\n"})
        self.assert_published(self.job(0), "v1.0.0-demo")
        before = state(self.model)
        self.job(0)
        self.assertEqual(state(self.model), before)

    def test_other_values_lead_to_a_new_commit_and_a_higher_release(self) -> None:
        self.job(0)
        done = self.job(0, {"DATASURFACE_VERSION": "1.9.0"})
        self.assertEqual(done.result["tag"], "v1.0.1-demo")
        rte = self.model.read("rte_azure.py")
        self.assertIn(b'DATASURFACE_VERSION: str = "1.9.0"', rte)
        self.assertEqual(len(self.model.commits()), 2)
        self.assertEqual(self.model.tags()["v1.0.1-demo"], self.model.head())

    def test_pushed_but_not_released_is_only_released(self) -> None:
        commit = self.publish_by_hand()
        self.assert_published(self.job(0), "v1.0.0-demo")
        self.assertEqual(self.model.head(), commit)
        self.assertEqual(self.server.steps("push", "ask-push"), [])

    def test_tag_without_release_is_not_moved_and_not_taken(self) -> None:
        commit = self.publish_by_hand()
        self.model.git("update-ref", "refs/tags/v1.0.0-demo", commit)
        self.assert_published(self.job(0), "v1.0.1-demo")
        self.assertEqual(len(self.model.releases), 1)

    def test_stale_releases_below_and_above(self) -> None:
        old = self.model.commit(template())
        self.release(
            "v1.0.0-demo",
            "v1.0.9-demo",
            "v1.0.10-demo",
            "v0.9.99-demo",
            "v9.9.9",
            "v8.0.0-demo-rc1",
            "nightly",
            commit=old,
        )
        self.assert_published(self.job(0), "v1.0.11-demo")

    def test_release_of_an_old_commit_only(self) -> None:
        self.release("v1.0.0-demo", commit=self.model.commit(template()))
        self.assert_published(self.job(0), "v1.0.1-demo")

    def test_stale_release_above_one_of_this_commit(self) -> None:
        commit = self.publish_by_hand("v1.0.0-demo")
        self.model.git("update-ref", "refs/tags/v2.3.4-demo", commit)
        stale = self.model.commit({"README.md": b"other\n"}, branch="old")
        self.release("v2.3.4-demo", commit=stale)
        self.assert_published(self.job(0), "v2.3.5-demo")

    def test_draft_and_prerelease_are_not_live_but_their_numbers_are_used(self) -> None:
        commit = self.publish_by_hand()
        self.release("v1.4.0-demo", commit=commit, draft=True)
        self.release("v1.3.0-demo", commit=commit, prerelease=True)
        self.assert_published(self.job(0), "v1.4.1-demo")

    def test_lower_release_that_was_published_later(self) -> None:
        commit = self.publish_by_hand("v1.0.5-demo")
        stale = self.model.commit({"README.md": b"other\n"}, branch="old")
        self.release("v1.0.2-demo", commit=stale)
        self.assert_published(self.job(0), "v1.0.6-demo")
        self.assertEqual(self.model.head(), commit)

    def test_annotated_tag_of_the_release(self) -> None:
        commit = self.publish_by_hand()
        self.model.git(
            "-c", "user.name=x", "-c", "user.email=x@example.org", "tag", "-a", "-m", "x", "v1.0.0-demo", commit
        )
        self.model.releases.append(Release("v1.0.0-demo"))
        done = self.job(0)
        self.assertEqual((done.result["tag"], done.result["released"]), ("v1.0.0-demo", False))

    def test_more_than_one_page_of_releases(self) -> None:
        old = self.model.commit(template())
        self.release("v3.0.0-demo", commit=old)
        self.release("v3.0.7-demo", commit=old, draft=True)
        for number in range(205):
            self.model.releases.append(Release(f"nightly-{number}", published_at=self.server.now()))
        self.assert_published(self.job(0), "v3.0.8-demo")

    def test_renamed_repository(self) -> None:
        self.server.renamed[MODEL] = "acme/renamed"
        self.server.repositories["acme/renamed"] = self.model
        self.assert_published(self.job(0), "v1.0.0-demo")

    def test_another_host_that_git_is_led_to_never_gets_the_token(self) -> None:
        self.model.commit(template())
        elsewhere = self.server.url.replace("127.0.0.1", "localhost")
        # A public one lets git go on there to further requests; curl takes the token from the first one by itself.
        for private, code in ((True, 3), (False, 0)):
            with self.subTest(private=private):
                self.model.private = private
                self.server.troubles.append(
                    Trouble(
                        "look",
                        Reply(302, {"Location": f"{elsewhere}/{MODEL}.git/info/refs?service=git-upload-pack"}, b""),
                    )
                )
                self.job(code)
                led = [seen for seen in self.server.seen if seen.host.startswith("localhost")]
                self.assertTrue(led)
                self.assertTrue(all(not seen.authorized for seen in led))
                self.server.seen.clear()

    def test_extras(self) -> None:
        self.job(0, {"RTE_EXTRAS": json.dumps(["externalSecretProvider=None"])})
        self.assertIn(
            "        airflowServiceAccount=AIRFLOW_SERVICE_ACCOUNT,\n        externalSecretProvider=None\n    )\n",
            self.model.read("rte_azure.py").decode(),
        )
        self.assertFalse(self.job(0, {"RTE_EXTRAS": json.dumps(["externalSecretProvider=None"])}).result["pushed"])
        done = self.job(0, {"RTE_EXTRAS": json.dumps(["!externalSecretProvider"])})
        self.assertTrue(done.result["pushed"])
        # A value that somebody wrote does not go in silence.
        self.assertRegex(
            done.out,
            r"rte_azure\.py: externalSecretProvider=None of \w+ is removed: the release line of this image wants it so",
        )
        self.assertNotIn(b"externalSecretProvider", self.model.read("rte_azure.py"))


class BesideTheModel(PublishModelTest):
    """The version in requirements.txt and in CI."""

    OLD, NEW = beside("1.3.7", "handler"), beside("1.8.4", "entrypoints")

    def test_it_moves_with_the_version_of_the_model(self) -> None:
        for name, files in (("own", with_crlf({**template(), **self.OLD})), ("template", {})):
            with self.subTest(name):
                self.template_commit = self.template.commit(self.OLD)
                self.model = self.server.add(f"acme/{name}")
                if files:
                    self.model.commit(files)
                done = self.job(0, {"MODEL_REPO": f"acme/{name}"})
                self.assertEqual(
                    done.result["edited"], ["eco.py", "rte_azure.py", "requirements.txt", WORKFLOW, ".gitlab-ci.yml"]
                )
                for file, data in (with_crlf(self.NEW) if files else self.NEW).items():
                    self.assertEqual(self.model.read(file), data)
                self.assertEqual(self.model.tags(), {"v1.0.0-demo": self.model.head()})

    def test_the_package_has_no_suffix_of_an_image(self) -> None:
        self.model.commit({**template(), **self.OLD})
        self.job(0, {"DATASURFACE_VERSION": "1.4.65-azsf-fix6"})
        self.assertIn(b"\ndatasurface==1.4.65\n", self.model.read("requirements.txt"))
        self.assertIn(f"{IMAGE}:v1.4.65-azsf-fix6 ".encode(), self.model.read(WORKFLOW))

    def test_alone_it_is_told_and_not_pushed(self) -> None:
        self.release("v1.0.0-demo", commit=self.model.commit({**template(), **edited(), **self.OLD}))
        before = state(self.model)
        done = self.job(0)
        self.assertIn(f"note: requirements.txt, {WORKFLOW}, .gitlab-ci.yml: not DataSurface 1.8.4", done.out)
        self.assertEqual(state(self.model), before)

    def test_other_forms_stay_and_are_told(self) -> None:
        forms = {
            "requirements.txt": b"datasurface>=1.3\n",
            WORKFLOW: f"run: docker run acme.azurecr.io/datasurface:v1.3.7 && docker run {IMAGE}:v1.3.7@sha256:00\n".encode(),
            ".github/workflows/b.yaml": b"image: registry.gitlab.com/datasurface-inc/datasurface/airflow:3.1.8-azure\nx: acme/datasurface:latest\nrun: pip install datasurface==1.3.7\n",
        }
        forms["linked.yml"] = self.OLD[".gitlab-ci.yml"]
        self.model.commit({**template(), **forms}, symlinks={".gitlab-ci.yml": "linked.yml"})
        done = self.job(0)
        self.assertEqual(done.result["edited"], ["eco.py", "rte_azure.py"])
        for name, data in forms.items():
            self.assertEqual(self.model.read(name), data)
        for text in (
            "requirements.txt, line 1: datasurface>=1.3:",
            f"{WORKFLOW}, line 1: acme.azurecr.io/datasurface:v1.3.7:",
            f"{WORKFLOW}, line 1: {IMAGE}:v1.3.7@sha256:00:",
            ".github/workflows/b.yaml, line 3: datasurface==1.3.7:",
        ):
            self.assertIn(f"note: {text} not in the template's form", done.out)
        self.assertEqual(done.out.count("not in the template's form"), 4)

    def test_workflows_stay_as_they_are_without_the_right(self) -> None:
        self.model.commit({**template(), **self.OLD})
        reason = "refusing to allow a Personal Access Token to create or update workflow `x` without `workflow` scope"
        self.model.refuse_pushes(reason, [], '! git diff --quiet "$old" "$new" -- .github/workflows')
        done = self.job(0)
        self.assert_published(done, "v1.0.0-demo")
        self.assertEqual(done.result["left_out"], [WORKFLOW])
        self.assertEqual(
            (self.model.read("requirements.txt"), self.model.read(WORKFLOW)),
            (self.NEW["requirements.txt"], self.OLD[WORKFLOW]),
        )
        self.assertIn(f"Left as they are: {WORKFLOW}. Set the image's tag there to v1.8.4 with another token", done.out)
        before = state(self.model)
        self.assertEqual(self.job(0).result["pushed"], False)
        self.assertEqual(state(self.model), before)

    def test_it_is_no_commit_of_others(self) -> None:
        """Somebody has set values and version by hand, as this job would have."""
        self.job(0)
        self.release("v1.0.1-demo", commit=self.model.commit(self.OLD))
        self.model.commit(
            {
                **edited(),
                **self.NEW,
                "rte_azure.py": edited()["rte_azure.py"].replace(b"1.8.4", b"1.9.0"),
                **beside("1.9.0", "entrypoints"),
            }
        )
        self.assertEqual(self.job(0, {"DATASURFACE_VERSION": "1.9.0"}).result["tag"], "v1.0.2-demo")


class Disturbed(PublishModelTest):
    """Races and a network that is away."""

    def push_in_between(self, step: str, times: int, files: dict[str, bytes]) -> None:
        left = [times]

        def watch(seen: Seen, phase: str) -> None:
            if seen.step == step and phase == "before" and left[0]:
                left[0] -= 1
                self.model.commit({**files, "counter.txt": str(left[0]).encode()}, f"somebody else {left[0]}")

        self.server.watch = watch

    def test_lost_race_is_won_from_a_fresh_clone(self) -> None:
        self.model.commit(template())
        self.push_in_between("push", 2, {"mine.py": b"x = 1\n"})
        self.assert_published(self.job(0), "v1.0.0-demo")
        self.assertEqual(self.model.read("mine.py"), b"x = 1\n")
        self.assertEqual(len(self.model.commits()), 4)

    def test_lost_race_seen_before_the_transfer(self) -> None:
        self.model.commit(template())
        self.push_in_between("ask-push", 1, {"mine.py": b"x = 1\n"})
        self.assert_published(self.job(0), "v1.0.0-demo")
        self.assertEqual(len(self.model.commits()), 3)

    def test_race_with_the_same_edits(self) -> None:
        self.model.commit(template())
        self.push_in_between("ask-push", 1, edited())
        self.assert_published(self.job(0), "v1.0.0-demo")
        self.assertEqual(len(self.model.commits()), 2)

    def test_main_appears_while_the_template_is_taken(self) -> None:
        self.push_in_between("ask-push", 1, {**template(), "mine.py": b"x = 1\n"})
        self.assert_published(self.job(0), "v1.0.0-demo")
        self.assertEqual(self.model.read("mine.py"), b"x = 1\n")

    def test_race_that_is_never_won_ends(self) -> None:
        self.model.commit(template())
        self.push_in_between("push", 99, {})
        done = self.job(1)
        self.assertIn("5 times in a row", done.message)
        self.assertEqual(self.server.steps("push").count("push"), 5)

    def test_two_at_the_same_time(self) -> None:
        processes = [self.start(), self.start(), self.start()]
        results = [self.finish(process) for process in processes]
        self.assertEqual([done.code for done in results], [0, 0, 0], "\n".join(done.out for done in results))
        self.assertEqual(len(self.model.commits()), 1)
        self.assertEqual([release.tag for release in self.model.releases], ["v1.0.0-demo"])

    def test_release_made_by_another_one_in_between(self) -> None:
        commit = self.publish_by_hand()

        def watch(seen: Seen, phase: str) -> None:
            if seen.step == "release" and phase == "before" and not self.model.releases:
                self.release("v1.0.0-demo", commit=commit)

        self.server.watch = watch
        done = self.job(0)
        self.assertEqual(
            (done.result["tag"], done.result["released"], len(self.model.releases)), ("v1.0.0-demo", False, 1)
        )

    def test_release_made_by_another_one_between_looking_at_tags_and_releases(self) -> None:
        commit = self.publish_by_hand()

        def watch(seen: Seen, phase: str) -> None:
            if seen.step == "list-releases" and phase == "before" and not self.model.releases:
                self.release("v1.0.0-demo", commit=commit)

        self.server.watch = watch
        done = self.job(0)
        self.assertEqual(
            (done.result["tag"], done.result["released"], len(self.model.releases)), ("v1.0.0-demo", False, 1)
        )

    def test_main_moves_on_before_the_release(self) -> None:
        commit = self.publish_by_hand()

        def watch(seen: Seen, phase: str) -> None:
            if seen.step == "release" and phase == "before":
                self.model.commit({"mine.py": b"x = 1\n"})

        self.server.watch = watch
        self.assertEqual(self.job(0).result["commit"], commit)
        self.assertEqual(self.model.tags(), {"v1.0.0-demo": commit})

    def test_tag_taken_by_another_commit_in_between(self) -> None:
        stale = self.model.commit({"README.md": b"other\n"}, branch="old")
        self.publish_by_hand()

        def watch(seen: Seen, phase: str) -> None:
            if seen.step == "release" and phase == "before" and not self.model.tags():
                self.model.git("update-ref", "refs/tags/v1.0.0-demo", stale)

        self.server.watch = watch
        self.assert_published(self.job(0), "v1.0.1-demo")
        self.assertEqual(self.model.tags()["v1.0.0-demo"], stale)

    def test_tag_name_of_a_deleted_immutable_release(self) -> None:
        self.publish_by_hand()
        reply = error_reply(
            422,
            "Validation Failed",
            errors=[{"resource": "Release", "code": "custom", "message": "tag_name was used by an immutable release"}],
        )
        self.server.troubles.append(Trouble("release", reply))
        self.assert_published(self.job(0), "v1.0.1-demo")

    def test_commit_that_is_not_known_everywhere_yet(self) -> None:
        reply = error_reply(
            422, "Validation Failed", errors=[{"resource": "Release", "code": "invalid", "field": "target_commitish"}]
        )
        self.server.troubles.append(Trouble("release", reply, times=2))
        self.assert_published(self.job(0), "v1.0.0-demo")

    def test_away_for_a_while_at_every_step(self) -> None:
        unavailable = text_reply(503, "Service Unavailable")
        for reply in (None, unavailable, text_reply(502, "<html>"), text_reply(500, "oops")):
            for step in ("look", "clone", "ask-push", "push", "list-releases", "release"):
                with self.subTest(step=step, status=reply.status if reply else "closed"):
                    self.model.git("update-ref", "-d", "refs/heads/main") if self.model.head() else None
                    for tag in self.model.tags():
                        self.model.git("update-ref", "-d", f"refs/tags/{tag}")
                    self.model.releases.clear()
                    self.server.troubles = [Trouble(step, reply, times=2)]
                    self.assert_published(self.job(0, {"RETRY_SECONDS": "30"}), "v1.0.0-demo")
                    self.assertEqual(self.server.troubles[0].times, 0)

    def test_answer_lost_after_the_effect(self) -> None:
        for step in ("push", "release"):
            for reply in (None, text_reply(504, "Gateway Time-out")):
                with self.subTest(step=step, closed=reply is None):
                    self.model.git("update-ref", "-d", "refs/heads/main") if self.model.head() else None
                    for tag in self.model.tags():
                        self.model.git("update-ref", "-d", f"refs/tags/{tag}")
                    self.model.releases.clear()
                    self.server.troubles = [Trouble(step, reply, after_the_effect=True)]
                    done = self.job(0)
                    self.assertEqual(
                        (done.result["tag"], len(self.model.releases), len(self.model.commits())), ("v1.0.0-demo", 1, 1)
                    )

    def test_away_for_good(self) -> None:
        for step in ("look", "list-releases", "release"):
            with self.subTest(step):
                self.server.troubles = [Trouble(step, None, times=999)]
                done = self.job(1, {"RETRY_SECONDS": "1"})
                self.assertIn("given up after", done.message)

    def test_no_server_and_no_such_host(self) -> None:
        for url in ("http://127.0.0.1:1", "https://nowhere.invalid"):
            with self.subTest(url):
                done = self.job(1, {"GITHUB_URL": url, "GITHUB_API_URL": url, "RETRY_SECONDS": "0.5"})
                self.assertIn("given up after", done.message)

    def test_rate_limits_are_waited_for(self) -> None:
        for reply in (rate_limit_reply(0), secondary_limit_reply(1)):
            with self.subTest(reply.headers):
                self.server.troubles = [Trouble("list-releases", reply)]
                self.job(0)
                self.assertEqual(self.server.troubles[0].times, 0)

    def test_a_wait_may_be_longer_than_a_server_may_be_away(self) -> None:
        for step, reply, times in (
            ("release", secondary_limit_reply(2), 1),
            ("release", rate_limit_reply(2), 1),
            ("release", text_reply(503, "busy", {"Retry-After": "2"}), 1),
            # git does not show the header: a second request asks for it.
            ("look", text_reply(429, "Too Many Requests", {"Retry-After": "2"}), 2),
            ("look", text_reply(503, "busy", {"Retry-After": "2"}), 2),
        ):
            with self.subTest(step=step, headers=reply.headers):
                self.server.troubles = [Trouble(step, reply, times)]
                for ref in self.model.git("for-each-ref", "--format=%(refname)").split():
                    self.model.git("update-ref", "-d", ref)
                self.model.releases.clear()
                done = self.job(0, {"RETRY_SECONDS": "0.5"})
                self.assertRegex(done.out, r"it asks for a wait, next try in [1-3]\.")
                self.assertEqual(self.server.troubles[0].times, 0)

    def test_a_wait_that_the_job_has_no_time_for_ends_it_for_good(self) -> None:
        for step, reply in (
            ("release", rate_limit_reply(3600)),
            ("list-releases", secondary_limit_reply(3600)),
            ("look", text_reply(429, "Too Many Requests", {"Retry-After": "3600"})),
            # GitHub names no time: it wants a minute.
            ("look", text_reply(429, "Too Many Requests")),
        ):
            with self.subTest(step=step, headers=reply.headers):
                self.server.troubles = [Trouble(step, reply, times=99)]
                started = datetime.now(timezone.utc)
                # Exit code 3: Kubernetes makes no new pod, which would ask again at once.
                done = self.job(3, {"TIMEOUT_SECONDS": "30"})
                until = datetime.fromisoformat(str(done.result["not_before"]).replace("Z", "+00:00"))
                wait = 3600 if "Retry-After" in reply.headers or "X-RateLimit-Reset" in reply.headers else 60
                self.assertAlmostEqual((until - started).total_seconds(), wait, delta=15)
                for text in (
                    f"It asks not to be called before {done.result['not_before']} (in {wait // 60} min)",
                    f"Deploy again after {done.result['not_before']}: npx cdktf deploy '*'",
                ):
                    self.assertIn(text, done.message)

    def test_stopped_by_a_signal(self) -> None:
        reached = threading.Event()
        go = threading.Event()

        def watch(seen: Seen, phase: str) -> None:
            if seen.step == "push" and phase == "before":
                reached.set()
                go.wait(20)

        self.server.watch = watch
        process = self.start()
        self.assertTrue(reached.wait(30))
        process.terminate()
        done = self.finish(process)
        go.set()
        self.assertEqual(done.code, 1)
        self.assertIn("SIGTERM", done.message)
        self.assert_no_token(done, TOKEN)


class Refused(PublishModelTest):
    """What the other side does not allow: exit code 3, with the remedy."""

    def test_protected_branch(self) -> None:
        self.model.commit(template())
        before = state(self.model)
        self.model.refuse_pushes(
            "protected branch hook declined",
            [
                "error: GH006: Protected branch update failed for refs/heads/main.",
                "error: Changes must be made through a pull request.",
            ],
        )
        done = self.job(3)
        for text in ("protected branch hook declined", "GH006", "pull request", "bypass", "Contents: Read and write"):
            self.assertIn(text, done.message)
        self.assertEqual(state(self.model), before)
        self.assertEqual(self.server.steps("push"), ["push"])

    def test_ruleset(self) -> None:
        self.model.refuse_pushes(
            "push declined due to repository rule violations",
            ["error: GH013: Repository rule violations found for refs/heads/main."],
        )
        self.assertIn("GH013", self.job(3).message)

    def test_workflows_of_the_template_are_left_out_without_the_right(self) -> None:
        self.template_commit = self.template.commit(
            {".github/workflows/check.yml": b"on: pull_request\n", ".github/CODEOWNERS": b"* @x\n"}
        )
        reason = "refusing to allow a Personal Access Token to create or update workflow `.github/workflows/check.yml` without `workflow` scope"
        self.model.refuse_pushes(
            reason.replace("'", ""), [], 'git ls-tree -r --name-only "$new" | grep -q "^.github/workflows/"'
        )
        done = self.job(0)
        self.assert_published(done, "v1.0.0-demo")
        self.assertEqual(done.result["left_out"], [".github/workflows/check.yml"])
        self.assertIn(".github/CODEOWNERS", self.model.files())
        self.assertIn("Workflows: Read and write", done.out)
        self.assertEqual(len(self.model.commits()), 1)

    def test_workflows_of_the_template_are_kept_with_the_right(self) -> None:
        self.template_commit = self.template.commit({".github/workflows/check.yml": b"on: pull_request\n"})
        self.assertEqual(self.job(0).result["left_out"], [])
        self.assertIn(".github/workflows/check.yml", self.model.files())

    def test_bad_token(self) -> None:
        done = self.job(3, {"GITHUB_TOKEN": "ghp_NotTheRightOne/+="})
        self.assertIn("does not accept the token", done.message)
        self.assertIn(TOKEN_REMEDY, done.message)

    def test_token_that_only_the_api_refuses(self) -> None:
        self.server.troubles = [Trouble("list-releases", error_reply(401, "Bad credentials"))]
        message = self.job(3).message
        self.assertIn("does not accept the token", message)
        self.assertIn(TOKEN_REMEDY, message)

    def test_token_that_may_only_read(self) -> None:
        self.model.commit(template())
        self.server.tokens[TOKEN] = Rights({"*": "read"})
        done = self.job(3)
        self.assertIn("Contents: Read and write", done.message)
        self.assertIn("denied to tester", done.message)

    def test_token_that_may_not_release(self) -> None:
        self.publish_by_hand()
        for classic in (False, True):
            with self.subTest(classic=classic):
                self.server.tokens[TOKEN] = Rights({"*": "read"}, classic)
                done = self.job(3)
                self.assertIn("Contents: Read and write", done.message)
                self.assertIn("HTTP 404" if classic else "GitHub names contents=write", done.message)
        self.assertEqual(self.model.releases, [])

    def test_repository_that_is_not_there_or_not_seen(self) -> None:
        self.server.tokens[TOKEN] = Rights({TEMPLATE: "read"})
        for name in (MODEL, "acme/nothing"):
            with self.subTest(name):
                done = self.job(3, {"MODEL_REPO": name})
                self.assertIn("does not exist, or the token", done.message)
                self.assertIn(name, done.message)

    def test_what_github_says_decides(self) -> None:
        self.publish_by_hand()
        for said, meant in (
            (
                "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.",
                "IP allow list: let an owner add",
            ),
            (
                "`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.",
                "forbids classic tokens: make a fine-grained one",
            ),
            (
                "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days. Please adjust your token's lifetime.",
                "one that ends sooner",
            ),
            ("Sorry. Your account was suspended.", "suspended: use a token of another account"),
            ("Repository access blocked", "its owner can see why"),
            ("Resource not accessible by personal access token", "lacks a right"),
        ):
            with self.subTest(said):
                self.server.troubles = [Trouble("list-releases", error_reply(403, said))]
                done = self.job(3)
                self.assertIn(meant, done.message)
                self.assertIn(said.rstrip("."), done.message)
                if meant != "lacks a right":
                    self.assertNotIn("lacks a right", done.message)

    def test_what_git_says_decides(self) -> None:
        self.server.troubles = [
            Trouble(
                "look",
                text_reply(
                    403,
                    "The `acme` organization has an IP allow list enabled, and 20.1.2.3 is not permitted to access this resource.",
                ),
            )
        ]
        self.assertIn("IP allow list: let an owner add", self.job(3).message)
        self.model.commit(template())
        self.model.refuse_pushes(
            "push declined due to email privacy restrictions",
            ["error: GH007: Your push would publish a private email address."],
        )
        self.assertIn("datasurface.commitAuthor.email", self.job(3).message)
        self.model.refuse_pushes(
            "push declined due to repository rule violations",
            [
                "error: GH013: Repository rule violations found",
                "- Commit author email must match a given regex pattern: @acme.com$",
            ],
        )
        self.assertIn("set datasurface.commitAuthor to one", self.job(3).message)
        self.model.refuse_pushes(
            "push declined due to repository rule violations",
            [
                "error: GH013: Repository rule violations found",
                "- Commit message must match a given regex pattern: ^ACME-",
            ],
        )
        self.assertIn(
            "for the commits' messages, which this job's do not keep: let the token's owner bypass it",
            self.job(3).message,
        )

    def test_end_of_the_token_is_told(self) -> None:
        self.publish_by_hand("v1.0.0-demo")
        for form, days, warned in (("%Y-%m-%d %H:%M:%S UTC", 29, True), ("%Y-%m-%d %H:%M:%S +0000", 31, False)):
            with self.subTest(days=days):
                ends = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
                self.server.api_headers = {"GitHub-Authentication-Token-Expiration": ends.strftime(form)}
                done = self.job(0)
                self.assertEqual(done.result["token_expires"], ends.strftime("%Y-%m-%dT%H:%M:%SZ"))
                self.assertEqual(done.out.count("the GitHub token ends on"), 1)
                self.assertEqual(
                    "warning: in 29 days. Make a new one before: set TF_VAR_github_token to it, raise revisions.tokens"
                    in done.out,
                    warned,
                )
        self.server.api_headers = {"GitHub-Authentication-Token-Expiration": "soon"}
        self.assertEqual(self.job(0).result["token_expires"], "")

    def test_repository_without_main_is_not_empty(self) -> None:
        self.model.commit({"eco.py": b"mine\n"}, branch="master")
        self.model.commit({"eco.py": b"mine\n"}, branch="dev")
        done = self.job(3)
        self.assertIn(f"{MODEL} is not empty, and has no branch main, but dev, master", done.message)
        self.assertEqual((self.model.head(), self.model.releases), ("", []))

    def test_archived_repository(self) -> None:
        self.model.commit(template())
        self.model.archived = True
        self.assertIn("unarchive", self.job(3).message)

    def test_tag_ruleset(self) -> None:
        reply = error_reply(
            422,
            "Validation Failed",
            errors=[
                {
                    "resource": "Release",
                    "code": "custom",
                    "field": "pre_receive",
                    "message": "pre_receive Repository rule violations found: Cannot create ref due to creations being restricted.",
                }
            ],
        )
        self.server.troubles = [Trouble("release", reply)]
        done = self.job(3)
        self.assertIn("creations being restricted", done.message)
        self.assertIn("ruleset", done.message)

    def test_single_sign_on(self) -> None:
        reply = error_reply(
            403,
            "Resource protected by organization SAML enforcement.",
            {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso"},
        )
        self.server.troubles = [Trouble("list-releases", reply)]
        self.assertIn("single sign-on", self.job(3).message)

    def test_api_address_that_is_no_api(self) -> None:
        self.server.troubles = [Trouble("list-releases", Reply(200, {}, b'{"message": "hello"}'))]
        self.assertIn("GITHUB_API_URL", self.job(3).message)

    def test_model_of_another_deployment(self) -> None:
        theirs = {
            "NAMESPACE": "theirs",
            "SQL_SERVER_FQDN": "their-sql.database.windows.net",
            "PG_FQDN": "their-pg.postgres.database.azure.com",
        }
        self.job(0, theirs)
        before = state(self.model)
        done = self.job(3)
        for text in (
            f"{MODEL} belongs to another deployment: in its rte_azure.py KUB_NAME_SPACE is 'theirs', and this deployment's is '{VALUES['NAMESPACE']}'; MERGE_HOST is 'their-sql.database.windows.net'",
            "Give this environment its own repository (MODEL_REPO",
            f'Commit to main of {MODEL}, in rte_azure.py: KUB_NAME_SPACE: str = "PLACEHOLDER_NAMESPACE", MERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN", AIRFLOW_HOST: str = "PLACEHOLDER_PG_FQDN"',
        ):
            self.assertIn(text, done.message)
        self.assertEqual(state(self.model), before)
        # The way that the message names.
        rte = self.model.read("rte_azure.py").decode()
        for found, placeholder in zip(
            theirs.values(), ("PLACEHOLDER_NAMESPACE", "PLACEHOLDER_SQL_SERVER_FQDN", "PLACEHOLDER_PG_FQDN")
        ):
            rte = rte.replace(f'"{found}"', f'"{placeholder}"')
        self.model.commit({"rte_azure.py": rte.encode()})
        self.assert_published(self.job(0), "v1.0.1-demo")

    def test_one_value_of_another_deployment_is_enough(self) -> None:
        self.job(0, {"SQL_SERVER_FQDN": "their-sql.database.windows.net"})
        done = self.job(3)
        self.assertIn('in rte_azure.py: MERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"; then', done.message)
        self.assertNotIn("KUB_NAME_SPACE", done.message)


class WrongSettings(PublishModelTest):
    """Exit code 2, and nothing was asked of the server."""

    def test_every_wrong_one_at_once(self) -> None:
        done = self.job(2, {"MODEL_REPO": None, "NAMESPACE": "Not_Valid", "GITHUB_TOKEN": None, "PG_FQDN": "x"})
        for name in ("MODEL_REPO is not set", "NAMESPACE is 'Not_Valid'", "GITHUB_TOKEN is not set", "PG_FQDN is 'x'"):
            self.assertIn(name, done.message)
        self.assertEqual(self.server.seen, [])

    def test_each(self) -> None:
        for name, value in (
            ("MODEL_REPO", "acme"),
            ("MODEL_REPO", "acme/model.git"),
            ("MODEL_REPO", "https://github.com/acme/model"),
            ("MODEL_REPO", "acme/.."),
            ("TEMPLATE_REF", "-x"),
            ("SQL_SERVER_FQDN", "x.privatelink.database.windows.net"),
            ("SQL_SERVER_FQDN", 'x"; import os'),
            ("DATASURFACE_VERSION", "latest"),
            ("RTE_EXTRAS", "externalSecretProvider=None"),
            ("RTE_EXTRAS", '["a=b()"]'),
            ("RTE_EXTRAS", '{"a": 1}'),
            ("CREDENTIALS", '{"a": 1}'),
            ("GITHUB_URL", "http://github.example.org"),
            ("GITHUB_URL", "https://user@github.example.org"),
            ("GITHUB_TOKEN", "two words"),
            ("COMMIT_EMAIL", "nobody"),
            ("RETRY_SECONDS", "long"),
            ("RETRY_DELAY", "0"),
        ):
            with self.subTest(name=name, value=value):
                self.assertIn(name, self.job(2, {name: value}).message)
        self.assertEqual(self.server.seen, [])

    def test_image_without_git_or_with_an_old_one(self) -> None:
        (self.folder / "bin" / "git").unlink()
        self.assertIn("no git", self.job(2, {"PATH": str(self.folder / "bin")}).message)
        (self.folder / "bin" / "git").write_text("#!/bin/sh\necho git version 2.20.1\n")
        (self.folder / "bin" / "git").chmod(0o755)
        self.assertIn("2.31 or newer", self.job(2).message)

    def test_wrong_template_reference(self) -> None:
        self.assertIn("TEMPLATE_REF 'v77'", self.job(2, {"TEMPLATE_REF": "v77"}).message)

    def test_model_of_another_shape(self) -> None:
        for name, old, new, texts in (
            (
                "eco.py",
                b"\nfrom rte_demo import",
                b"\nfrom my_rte import",
                ("eco.py: line 5 imports createDemoRTE from my_rte", "wanted is `from rte_azure import createDemoRTE`"),
            ),
            ("eco.py", b"GIT_REPO_OWNER: str", b"OWNER: str", ("eco.py", "GIT_REPO_OWNER")),
            (
                "rte_azure.py",
                b'MERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"',
                b'MERGE_HOST: str = os.environ["MERGE_HOST"]',
                ("rte_azure.py", "MERGE_HOST", "line 12", "literal"),
            ),
            (
                "rte_azure.py",
                b'"airflow-worker"',
                b'"PLACEHOLDER_ACCOUNT"',
                ("rte_azure.py", "line 15", "PLACEHOLDER_ACCOUNT"),
            ),
            (
                "rte_azure.py",
                b"\n\n\ndef createDemoPSP",
                b'\nKUB_NAME_SPACE += "-x"\n\ndef createDemoPSP',
                ("rte_azure.py", "KUB_NAME_SPACE"),
            ),
        ):
            with self.subTest(texts):
                files = template()
                self.assertIn(old, files[name])
                files[name] = files[name].replace(old, new)
                self.model.commit(files)
                before = state(self.model)
                done = self.job(2)
                for text in texts:
                    self.assertIn(text, done.message)
                self.assertEqual(state(self.model), before)

    def test_model_with_other_names_than_the_settings(self) -> None:
        self.model.commit(renamed())
        before = state(self.model)
        done = self.job(2)
        for text in (
            "eco.py: line 10: name of Ecosystem(...) is 'Acme', wanted is 'Demo': set datasurface.model.ecosystem: Acme",
            "acme_platform.py: line 12: databaseName of merge_datacontainer of YellowPlatformServiceProvider(...) is 'acme_merge', wanted is 'merge_db': set datasurface.model.mergeDatabase: acme_merge",
        ):
            self.assertIn(text, done.message)
        self.assertEqual(state(self.model), before)
        # What the message says.
        done = self.job(0, RENAMED_NAMES)
        self.assertEqual(
            (done.result["tag"], done.result["edited"]),
            ("v1.0.0-acme", ["acme_names.py", "eco.py", "hosts.py", "rte_azure.py"]),
        )
        self.assertIn(b"\nfrom rte_azure import (\n    createAcmeRTE,\n)\n", self.model.read("eco.py"))

    def test_model_with_other_credentials_than_the_settings(self) -> None:
        self.model.commit(team_model())
        before = state(self.model)
        done = self.job(
            2, {"CREDENTIALS": '{"bulk-writer": "USER_PASSWORD", "cqrs-writer": "USER_PASSWORD", "crm": "API_TOKEN"}'}
        )
        for text in (
            "rte_azure.py: line 18: the credential bulk-writer is of the type API_KEY_PAIR, and datasurface.credentials says USER_PASSWORD: set type: API_KEY_PAIR",
            "crm_team.py: line 9: the credential crm_source is not in datasurface.credentials: add it, as name: crm_source, type: USER_PASSWORD",
        ):
            self.assertIn(text, done.message)
        self.assertEqual(state(self.model), before)
        # What the message says; the one that nothing uses may stay.
        done = self.job(
            0,
            {
                "CREDENTIALS": '{"bulk-writer": "API_KEY_PAIR", "cqrs-writer": "USER_PASSWORD", "crm_source": "USER_PASSWORD", "crm": "API_TOKEN"}'
            },
        )
        self.assertIn(
            "note: datasurface.credentials has crm: the model has no Credential(...) of that name", done.out + done.err
        )
        self.assertEqual(done.result["edited"], ["db_constants.py", "eco.py", "rte_azure.py"])

    def test_releases_of_another_suffix_are_not_this_model_s(self) -> None:
        self.publish_by_hand("v1.0.3-other", "v2.0.0")
        self.assertEqual(self.job(0).result["tag"], "v1.0.0-demo")

    def test_main_without_a_model(self) -> None:
        self.model.commit({"README.md": b"# new\n", "docs/README.md": b"# not at the top\n"})
        self.assertIn("eco.py is not in", self.job(2).message)

    def test_file_that_is_a_link(self) -> None:
        files = template()
        files["elsewhere.py"] = files.pop("eco.py")
        self.model.commit(files, symlinks={"eco.py": "elsewhere.py"})
        self.assertIn("eco.py", self.job(2).message)


class Killed(PublishModelTest):
    """Killed right after each change of the repository, with FULL before and after each request; then run again."""

    def reset(self, files: dict[str, bytes]) -> None:
        for ref in self.model.git("for-each-ref", "--format=%(refname)").split():
            self.model.git("update-ref", "-d", ref)
        self.model.releases.clear()
        if files:
            self.model.commit(files)

    def every_point(self, files: dict[str, bytes]) -> None:
        self.reset(files)
        points = self.points(lambda: (self.model.refs(), list(self.model.releases)), "push", "release")
        wanted = state(self.model)
        for point in points:
            self.reset(files)
            with self.subTest(point=point):
                self.kill_at(point)
                self.job(0)
                self.assertEqual(state(self.model), wanted)

    def test_from_the_template(self) -> None:
        self.every_point({})

    def test_from_an_own_model(self) -> None:
        self.every_point(template())


if __name__ == "__main__":
    unittest.main()
