"""publish_dag.py against real git over HTTP, with a stand-in for the vendor's generator."""

from __future__ import annotations

import json
import unittest

from git_server import Release
from github_server import Rights, Seen, Trouble, text_reply
from harness import TOKEN, JobTest
from model_repository import NAME, NAMES, OWNER, VALUES, edited, template

MODEL = f"{OWNER}/{NAME}"
DAGS = "acme/dags"
MANIFEST = "dags/.datasurface-azure.json"
INFRASTRUCTURE = "dags/demo_psp_infrastructure_dag.py"
CATALOG = "dags/demo_psp_catalog_dag.py"


class PublishDagTest(JobTest):
    script = "publish_dag.py"

    def setUp(self) -> None:
        super().setUp()
        self.model = self.server.add(MODEL)
        self.released("v1.0.0-demo", {**template(), **edited()})
        self.dags = self.server.add(DAGS)

    def released(self, tag: str, files: dict[str, bytes]) -> None:
        commit = self.model.commit(files)
        self.model.git("update-ref", f"refs/tags/{tag}", commit)
        self.model.releases.append(Release(tag, published_at=self.server.now()))

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "MODEL_REPO": MODEL, "AIRFLOW_REPO": DAGS, "GENERATOR_MODULE": "datasurface.cmd.platform", **{name: NAMES[name] for name in ("PSP", "RTE_NAME", "RELEASE_SUFFIX")}}

    def assert_dag(self, name: str = INFRASTRUCTURE, version: str = "1.8.4") -> None:
        text = self.dags.read(name).decode()
        for line in (f"NAMESPACE = '{VALUES['NAMESPACE']}'", f"MERGE_HOST = '{VALUES['SQL_SERVER_FQDN']}'", f"IMAGE = 'v{version}'", f"MODEL = '{MODEL}'"):
            self.assertIn(line, text)


class Published(PublishDagTest):
    def test_empty_repository(self) -> None:
        for module in ("datasurface.cmd.platform", "datasurface.entrypoints.platform"):
            with self.subTest(module):
                self.dags.git("update-ref", "-d", "refs/heads/main") if self.dags.head() else None
                done = self.job(0, {"GENERATOR_MODULE": module})
                self.assert_dag()
                self.assertEqual(sorted(self.dags.files()), [MANIFEST, INFRASTRUCTURE])
                self.assertEqual(done.result["dags"], ["demo_psp_infrastructure_dag.py"])
                self.assertEqual((done.result["pushed"], done.result["commit"]), (True, self.dags.head()))
                self.assertEqual((done.result["model_tag"], done.result["model_commit"]), ("v1.0.0-demo", self.model.head()))

    def test_second_run_does_nothing(self) -> None:
        self.job(0)
        commit = self.dags.head()
        self.server.seen.clear()
        done = self.job(0)
        self.assertEqual((self.dags.head(), done.result["pushed"], done.result["commit"]), (commit, False, commit))
        self.assertEqual(self.server.steps("push", "ask-push"), [])

    def test_new_release_of_the_same_dag_pushes_nothing(self) -> None:
        self.job(0)
        commit = self.dags.head()
        self.released("v1.0.1-demo", {"README.md": b"other\n"})
        self.assertEqual(self.job(0).result["model_tag"], "v1.0.1-demo")
        self.assertEqual(self.dags.head(), commit)

    def test_the_release_is_taken_and_not_main(self) -> None:
        self.model.commit({"rte_azure.py": edited()["rte_azure.py"].replace(b"1.8.4", b"9.9.9")})
        self.job(0)
        self.assert_dag()

    def test_highest_stable_release_is_taken(self) -> None:
        self.released("v1.0.10-demo", {"rte_azure.py": edited()["rte_azure.py"].replace(b"1.8.4", b"1.8.5")})
        self.released("v1.0.9-demo", {"rte_azure.py": edited()["rte_azure.py"].replace(b"1.8.4", b"1.8.6")})
        self.released("v2.0.0-demo", {"rte_azure.py": edited()["rte_azure.py"].replace(b"1.8.4", b"1.8.7")})
        self.model.releases[-1].prerelease = True
        self.assertEqual(self.job(0).result["model_tag"], "v1.0.10-demo")
        self.assert_dag(version="1.8.5")

    def test_new_release_regenerates(self) -> None:
        self.job(0)
        self.released("v1.0.1-demo", {"rte_azure.py": edited()["rte_azure.py"].replace(b"1.8.4", b"1.8.5")})
        self.assertTrue(self.job(0).result["pushed"])
        self.assert_dag(version="1.8.5")
        self.assertEqual(len(self.dags.commits()), 2)

    def test_foreign_files_are_left_alone(self) -> None:
        foreign = {"README.md": b"# dags\n", "dags/mine_dag.py": b"x = 1\n", "dags/old_infrastructure_dag.py": b"y = 1\n", "dags/sub/x_dag.py": b"z\n", "plugins/p.py": b""}
        first = self.dags.commit(foreign)
        self.job(0)
        for name, data in foreign.items():
            self.assertEqual(self.dags.read(name), data)
        self.assertEqual(self.dags.git("diff", "--name-status", first, "main").split(), ["A", MANIFEST, "A", INFRASTRUCTURE])
        self.assertEqual(self.dags.commits()[1:], [first])

    def test_dag_that_is_no_longer_emitted_is_removed(self) -> None:
        self.dags.commit({"dags/mine_dag.py": b"x = 1\n"})
        self.job(0, {"STAND_IN": "two"})
        self.assert_dag(CATALOG)
        done = self.job(0)
        self.assertEqual(done.result["removed"], ["demo_psp_catalog_dag.py"])
        self.assertEqual(sorted(self.dags.files()), [MANIFEST, INFRASTRUCTURE, "dags/mine_dag.py"])
        self.assertEqual(json.loads(self.dags.read(MANIFEST))["files"], ["demo_psp_infrastructure_dag.py"])

    def test_dag_that_somebody_removed_comes_back_or_stays_away(self) -> None:
        self.job(0, {"STAND_IN": "two"})
        self.dags.commit({CATALOG: None, INFRASTRUCTURE: None})
        self.job(0)
        self.assert_dag()
        self.assertNotIn(CATALOG, self.dags.files())

    def test_dag_that_was_put_there_by_hand_is_taken_over(self) -> None:
        self.dags.commit({INFRASTRUCTURE: b"# by the walkthrough\n"})
        self.job(0)
        self.assert_dag()

    def test_dag_that_was_changed_by_hand_is_put_right(self) -> None:
        self.job(0)
        self.dags.commit({INFRASTRUCTURE: b"# changed\n"})
        self.job(0)
        self.assert_dag()

    def test_gitignore_does_not_hide_them(self) -> None:
        self.dags.commit({".gitignore": b"*.json\ndags/\n"})
        self.job(0)
        self.assertEqual(sorted(self.dags.files()), [".gitignore", MANIFEST, INFRASTRUCTURE])
        self.assertFalse(self.job(0).result["pushed"])

    def test_links_are_not_followed(self) -> None:
        outside = self.folder / "outside.py"
        outside.write_text("untouched")
        self.dags.commit({}, symlinks={INFRASTRUCTURE: str(outside)})
        self.job(0)
        self.assert_dag()
        self.assertEqual(outside.read_text(), "untouched")


class Disturbed(PublishDagTest):
    def test_lost_race(self) -> None:
        self.dags.commit({"a": b"1"})
        left = [2]

        def watch(seen: Seen, phase: str) -> None:
            if seen.step == "push" and phase == "before" and left[0]:
                left[0] -= 1
                self.dags.commit({f"dags/by_others_{left[0]}_dag.py": b"x = 1\n"})

        self.server.watch = watch
        self.job(0)
        self.assert_dag()
        self.assertEqual(len(self.dags.commits()), 4)
        self.assertEqual(self.server.steps("push").count("push"), 3)

    def test_away_for_a_while(self) -> None:
        for step in ("look", "list-releases", "clone", "ask-push", "push"):
            with self.subTest(step):
                self.dags.git("update-ref", "-d", "refs/heads/main") if self.dags.head() else None
                self.server.troubles = [Trouble(step, None, times=2), Trouble(step, text_reply(503, "later"), times=1)]
                self.job(0)
                self.assert_dag()

    def test_answer_to_the_push_is_lost(self) -> None:
        self.server.troubles = [Trouble("push", None, after_the_effect=True)]
        self.job(0)
        self.assertEqual(len(self.dags.commits()), 1)

    def test_two_at_the_same_time(self) -> None:
        results = [self.finish(process) for process in (self.start(), self.start(), self.start())]
        self.assertEqual([done.code for done in results], [0, 0, 0], "\n".join(done.out for done in results))
        self.assertEqual(len(self.dags.commits()), 1)

    def test_killed(self) -> None:
        """Right after each change of the repository, with FULL before and after each request; then run again."""
        before = {"README.md": b"mine\n", CATALOG: b"x = 1\n", MANIFEST: b'{"files": ["demo_psp_catalog_dag.py"]}\n'}
        for files in ({}, before):
            self.reset(files)
            points = self.points(self.dags.refs, "push")
            wanted = (self.dags.git("rev-parse", "main^{tree}"), len(self.dags.commits()))
            for point in points:
                self.reset(files)
                with self.subTest(files=sorted(files), point=point):
                    self.kill_at(point)
                    self.job(0)
                    self.assertEqual((self.dags.git("rev-parse", "main^{tree}"), len(self.dags.commits())), wanted)

    def reset(self, files: dict[str, bytes]) -> None:
        self.dags.git("update-ref", "-d", "refs/heads/main") if self.dags.head() else None
        if files:
            self.dags.commit(files)


class Refused(PublishDagTest):
    def test_repository_without_main_is_not_empty(self) -> None:
        self.dags.commit({"dags/mine_dag.py": b"x = 1\n"}, branch="master")
        self.assertIn("is not empty, and has no branch main, from which Airflow reads the DAGs, but master", self.job(3).message)
        self.assertEqual(self.dags.head(), "")

    def test_protected_branch(self) -> None:
        self.dags.refuse_pushes("protected branch hook declined", ["error: GH006: Protected branch update failed for refs/heads/main."])
        done = self.job(3)
        self.assertIn("GH006", done.message)
        self.assertEqual(self.dags.commits(), [])

    def test_rights(self) -> None:
        self.server.tokens[TOKEN] = Rights({MODEL: "read", DAGS: "read"})
        self.dags.commit({"a": b"1"})
        self.assertIn("Contents: Read and write", self.job(3).message)
        self.server.tokens[TOKEN] = Rights({MODEL: "read", DAGS: "write"})
        self.job(0)
        self.server.tokens[TOKEN] = Rights({DAGS: "write"})
        self.assertIn(MODEL, self.job(3).message)
        self.assertIn("does not accept the token", self.job(3, {"GITHUB_TOKEN": "ghp_another"}).message)


class Generator(PublishDagTest):
    def test_its_failures(self) -> None:
        for behaviour, code, text in (
            ("lint", 2, "lint errors"),
            ("none", 2, "no Demo_PSP/*_dag.py"),
            ("syntax", 2, "not valid Python"),
            ("killed", 1, "SIGKILL"),
            ("hangs", 1, "stopped after 2 s"),
        ):
            with self.subTest(behaviour):
                # What the model's code prints is shown as it is; a stack trace is one of these things.
                done = self.finish(self.start({"STAND_IN": behaviour, "GENERATOR_SECONDS": "2" if behaviour == "hangs" else "60"}))
                self.assertEqual(done.code, code, done.out)
                self.assertIn(text, done.message)
                self.assertEqual(self.dags.commits(), [])
                self.assertEqual(list(self.temporary.iterdir()), [])

    def test_module_that_the_image_does_not_have(self) -> None:
        for module in ("datasurface.entrypoints.other", "datasurfaces.cmd.platform"):
            with self.subTest(module):
                done = self.job(2, {"GENERATOR_MODULE": module})
                self.assertIn("is not in this image", done.message)

    def test_no_release_yet(self) -> None:
        self.model.releases[0].draft = True
        done = self.job(1)
        self.assertIn("no stable release", done.message)
        self.assertIn("v1.0.0-demo", done.message)


class WrongSettings(PublishDagTest):
    def test_each(self) -> None:
        for name, value in (("AIRFLOW_REPO", "dags"), ("MODEL_REPO", None), ("GENERATOR_MODULE", "-c"), ("PSP", "../x"), ("RTE_NAME", None), ("GENERATOR_SECONDS", "0")):
            with self.subTest(name):
                self.assertIn(name, self.job(2, {name: value}).message)
        self.assertEqual(self.server.seen, [])

    def test_manifest_that_cannot_be_read(self) -> None:
        for data in (b"{", b"[]", b'{"files": "x"}', b'{"files": ["../x_dag.py"]}', b'{"files": ["a.txt"]}', b"\xff"):
            with self.subTest(data):
                self.dags.commit({MANIFEST: data})
                self.assertIn("cannot be read", self.job(2).message)

    def test_things_in_the_way(self) -> None:
        self.dags.commit({"dags": b"a file"})
        self.assertIn("not a folder", self.job(2).message)
        self.dags.commit({"dags": None, f"{INFRASTRUCTURE}/x": b"1"})
        self.assertIn("is a folder", self.job(2).message)


if __name__ == "__main__":
    unittest.main()
