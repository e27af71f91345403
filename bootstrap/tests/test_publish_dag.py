"""The containers of publish-dag against real git over HTTP, with a stand-in for the vendor's generator."""

from __future__ import annotations

import json
import os
import sys
import unittest
import uuid
from collections.abc import Callable
from pathlib import Path

from git_server import Release
from github_server import Rights, Seen, Trouble, error_reply, text_reply
from harness import PAYLOAD, TOKEN, JobTest
from model_repository import NAME, NAMES, OWNER, VALUES, edited, template

MODEL = f"{OWNER}/{NAME}"
DAGS = "acme/dags"
MANIFEST = "dags/.datasurface-azure.json"
INFRASTRUCTURE = "dags/demo_psp_infrastructure_dag.py"
CATALOG = "dags/demo_psp_catalog_dag.py"


CHECKOUT, GENERATE, PUBLISH = "checkout_model.py", "generate_dags.py", "publish_dag.py"
# The scripts that a Secret is given to; bootstrap/jobs.ts decides it, and its test holds it.
WITH_TOKEN = (CHECKOUT, PUBLISH)


class PublishDagTest(JobTest):
    """Runs containers of publish-dag's pod in folders of their own. What the first of them finds there is self.prepare's."""

    steps: tuple[str, ...] = (CHECKOUT, GENERATE, PUBLISH)

    def setUp(self) -> None:
        super().setUp()
        self.pods = 0
        self.model = self.server.add(MODEL)
        self.released("v1.0.0-demo", {**template(), **edited()})
        self.dags = self.server.add(DAGS)

    def released(self, tag: str, files: dict[str, bytes]) -> None:
        commit = self.model.commit(files)
        self.model.git("update-ref", f"refs/tags/{tag}", commit)
        self.model.releases.append(Release(tag, published_at=self.server.now()))

    def environment(self) -> dict[str, str]:
        names = {name: NAMES[name] for name in ("PSP", "RTE_NAME", "RELEASE_SUFFIX")}
        running = {"line": "1.4.x", "seen": True, "objects": [{"kind": "ConfigMap", "name": "acme"}], "known": []}
        return {
            **super().environment(),
            "RUNNING_OBJECTS": json.dumps(running),
            "MODEL_REPO": MODEL,
            "AIRFLOW_REPO": DAGS,
            "GENERATOR_MODULE": "datasurface.cmd.platform",
            "TOKEN_VARIABLE": "TF_VAR_github_read_token",
            **names,
        }

    def command(self, environment: dict[str, str]) -> list[str]:
        self.pods += 1
        pod = self.folder / f"pod-{self.pods}"
        self.model_folder, self.generated_folder = pod / "model", pod / "generated"
        for folder in (self.model_folder, self.generated_folder):
            folder.mkdir(parents=True)
        self.prepare()
        environment.update(
            {"MODEL_FOLDER": str(self.model_folder), "GENERATED_FOLDER": str(self.generated_folder), **environment}
        )
        if len(self.steps) == 1:
            own = self.of_container(self.steps[0], environment)
            environment.clear()
            environment.update(own)
            return [sys.executable, str(PAYLOAD / self.steps[0])]
        file = pod / "pod.json"
        file.write_text(
            json.dumps(
                [
                    {"script": str(PAYLOAD / script), "environment": self.of_container(script, environment)}
                    for script in self.steps
                ]
            )
        )
        environment.pop("GITHUB_TOKEN", None)
        return [sys.executable, str(Path(__file__).with_name("pod.py")), str(file)]

    def of_container(self, script: str, environment: dict[str, str]) -> dict[str, str]:
        lacking = "PYTHONPATH" if script in WITH_TOKEN else "GITHUB_TOKEN"
        return {name: value for name, value in environment.items() if name != lacking}

    def prepare(self) -> None:
        """Fills self.model_folder and self.generated_folder with what the containers before these have made."""


def dag(version: str = "1.8.4") -> bytes:
    return f"IMAGE = 'v{version}'\n".encode()


class PublishTest(PublishDagTest):
    """The container with the write token alone."""

    steps = (PUBLISH,)

    def setUp(self) -> None:
        super().setUp()
        self.tag = "v1.0.0-demo"
        self.generated: dict[str, bytes] = {"demo_psp_infrastructure_dag.py": dag()}
        # What else the model's code has done in the folder of the generated files.
        self.tamper: Callable[[Path], object] = lambda made: None

    def prepare(self) -> None:
        (self.model_folder / "release.json").write_text(json.dumps({"tag": self.tag, "commit": "0123"}))
        made = self.generated_folder / "Demo_PSP"
        made.mkdir()
        for name, data in self.generated.items():
            (made / name).write_bytes(data)
        self.tamper(made)

    def assert_dag(self, name: str = INFRASTRUCTURE, version: str = "1.8.4") -> None:
        self.assertEqual(self.dags.read(name), dag(version))


class WholePod(PublishDagTest):
    def test_empty_repository(self) -> None:
        for module in ("datasurface.cmd.platform", "datasurface.entrypoints.platform"):
            with self.subTest(module):
                self.dags.git("update-ref", "-d", "refs/heads/main") if self.dags.head() else None
                done = self.job(0, {"GENERATOR_MODULE": module})
                text = self.dags.read(INFRASTRUCTURE).decode()
                for line in (
                    f"NAMESPACE = '{VALUES['NAMESPACE']}'",
                    f"MERGE_HOST = '{VALUES['SQL_SERVER_FQDN']}'",
                    "IMAGE = 'v1.8.4'",
                    f"MODEL = '{MODEL}'",
                ):
                    self.assertIn(line, text)
                self.assertEqual(sorted(self.dags.files()), [MANIFEST, INFRASTRUCTURE])
                self.assertEqual(done.result["dags"], ["demo_psp_infrastructure_dag.py"])
                self.assertEqual((done.result["pushed"], done.result["commit"]), (True, self.dags.head()))
                self.assertEqual(
                    (done.result["model_tag"], done.result["model_commit"]), ("v1.0.0-demo", self.model.head())
                )

    def test_code_in_the_model_finds_no_token(self) -> None:
        """In no process's environment or arguments, in no file that was handed over; nor later, by a process that it leaves behind."""
        # One that no other test has: it looks at every process of this machine.
        secret = uuid.uuid4().hex
        self.server.tokens[f"github_pat_{secret}"] = Rights({"*": "write"})
        found = self.folder / "found"
        found.touch()
        done = self.job(
            0,
            {
                "GITHUB_TOKEN": f"github_pat_{secret}",
                "STAND_IN": "thief",
                "BACKWARDS": secret[::-1],
                "FOUND": str(found),
            },
        )
        # Each of its two processes has looked; the second one until its container ended.
        self.assertEqual(sorted(set(found.read_text().splitlines())), ["looked", "stayed"], found.read_text())
        self.assertEqual(done.result["dags"], ["demo_psp_infrastructure_dag.py"])


class CheckedOut(PublishDagTest):
    steps = (CHECKOUT,)

    def assert_release(self, tag: str, version: str) -> None:
        self.assertEqual(self.job(0).result["model_tag"], tag)
        self.assertIn(f'"{version}"', (self.model_folder / "source" / "rte_azure.py").read_text())
        self.assertEqual(
            json.loads((self.model_folder / "release.json").read_bytes()),
            {"tag": tag, "commit": self.model.tags()[tag]},
        )

    def release_of(self, tag: str, version: str) -> None:
        self.released(tag, {"rte_azure.py": edited()["rte_azure.py"].replace(b"1.8.4", version.encode())})

    def test_the_release_is_taken_and_not_main(self) -> None:
        self.model.commit({"rte_azure.py": edited()["rte_azure.py"].replace(b"1.8.4", b"9.9.9")})
        self.assert_release("v1.0.0-demo", "1.8.4")

    def test_highest_stable_release_is_taken(self) -> None:
        for tag, version in (("v1.0.10-demo", "1.8.5"), ("v1.0.9-demo", "1.8.6"), ("v2.0.0-demo", "1.8.7")):
            self.release_of(tag, version)
        self.model.releases[-1].prerelease = True
        self.assert_release("v1.0.10-demo", "1.8.5")

    def test_no_release_yet(self) -> None:
        self.model.releases[0].draft = True
        done = self.job(1)
        self.assertIn("no stable release", done.message)
        self.assertIn("v1.0.0-demo", done.message)

    def test_no_file_that_is_handed_over_holds_the_token(self) -> None:
        self.job(0)
        files = [path for path in self.model_folder.rglob("*") if path.is_file()]
        self.assertIn(self.model_folder / "source" / ".git" / "config", files)
        self.assertEqual([path for path in files if TOKEN.encode() in path.read_bytes()], [])

    def test_pod_whose_init_containers_run_again(self) -> None:
        def prepare() -> None:
            (self.model_folder / "source").mkdir()
            (self.model_folder / "source" / "half").touch()
            (self.model_folder / "link").symlink_to("source")

        self.prepare = prepare  # type: ignore[method-assign]
        self.assert_release("v1.0.0-demo", "1.8.4")
        self.assertEqual(sorted(path.name for path in self.model_folder.iterdir()), ["release.json", "source"])

    def test_away_for_a_while(self) -> None:
        for step in ("look", "list-releases", "clone"):
            with self.subTest(step):
                self.server.troubles = [Trouble(step, None, times=2), Trouble(step, text_reply(503, "later"), times=1)]
                self.assert_release("v1.0.0-demo", "1.8.4")

    def test_rights(self) -> None:
        self.server.tokens[TOKEN] = Rights({DAGS: "write"})
        self.assertIn(MODEL, self.job(3).message)

    def test_refusal_names_the_variable_of_the_readers(self) -> None:
        forbidden = error_reply(
            403, "`acme` forbids access via a personal access token (classic). Please use a fine-grained token."
        )
        refusals = (
            None,
            Trouble("list-releases", error_reply(401, "Bad credentials")),
            Trouble("list-releases", forbidden),
        )
        for refusal in refusals:
            with self.subTest(refusal):
                self.server.troubles = [refusal] if refusal else []
                message = self.job(3, {} if refusal else {"GITHUB_TOKEN": "ghp_another"}).message
                self.assertIn("set TF_VAR_github_read_token to it", message)
                self.assertNotIn("TF_VAR_github_token", message)

    def test_wrong_settings(self) -> None:
        for name, value in (("MODEL_REPO", None), ("MODEL_FOLDER", "x"), ("TOKEN_VARIABLE", None)):
            with self.subTest(name):
                self.assertIn(name, self.job(2, {name: value}).message)
        self.assertEqual(self.server.seen, [])


class Generated(PublishDagTest):
    steps = (GENERATE,)

    def prepare(self) -> None:
        for name, data in {**template(), **edited()}.items():
            path = self.model_folder / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (self.generated_folder / "of_the_run_before").mkdir()

    def test_files(self) -> None:
        """Also with a process that the model's code leaves behind, and that keeps the output open."""
        self.assertEqual(self.job(0, {"STAND_IN": "lingers"}).result["dags"], ["demo_psp_infrastructure_dag.py"])
        self.assertEqual(sorted(path.name for path in self.generated_folder.iterdir()), ["Demo_PSP"])
        self.assertIn(
            "IMAGE = 'v1.8.4'", (self.generated_folder / "Demo_PSP" / "demo_psp_infrastructure_dag.py").read_text()
        )

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
                done = self.finish(
                    self.start({"STAND_IN": behaviour, "TIMEOUT_SECONDS": "2" if behaviour == "hangs" else "60"})
                )
                self.assertEqual(done.code, code, done.out)
                self.assertIn(text, done.message)
                self.assertEqual(list(self.temporary.iterdir()), [])

    def test_module_that_the_image_does_not_have(self) -> None:
        for module in ("datasurface.entrypoints.other", "datasurfaces.cmd.platform"):
            with self.subTest(module):
                self.assertIn("is not in this image", self.job(2, {"GENERATOR_MODULE": module}).message)

    def test_wrong_settings(self) -> None:
        for name, value in (("GENERATOR_MODULE", "-c"), ("PSP", "../x"), ("RTE_NAME", None), ("TIMEOUT_SECONDS", "0")):
            with self.subTest(name):
                self.assertIn(name, self.job(2, {name: value}).message)


class Published(PublishTest):
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
        self.tag = "v1.0.1-demo"
        self.assertEqual(self.job(0).result["model_tag"], "v1.0.1-demo")
        self.assertEqual(self.dags.head(), commit)

    def test_other_dags_are_published(self) -> None:
        self.job(0)
        self.generated["demo_psp_infrastructure_dag.py"] = dag("1.8.5")
        self.assertTrue(self.job(0).result["pushed"])
        self.assert_dag(version="1.8.5")
        self.assertEqual(len(self.dags.commits()), 2)

    def test_foreign_files_are_left_alone(self) -> None:
        foreign = {
            "README.md": b"# dags\n",
            "dags/mine_dag.py": b"x = 1\n",
            "dags/old_infrastructure_dag.py": b"y = 1\n",
            "dags/sub/x_dag.py": b"z\n",
            "plugins/p.py": b"",
        }
        first = self.dags.commit(foreign)
        self.job(0)
        for name, data in foreign.items():
            self.assertEqual(self.dags.read(name), data)
        self.assertEqual(
            self.dags.git("diff", "--name-status", first, "main").split(), ["A", MANIFEST, "A", INFRASTRUCTURE]
        )
        self.assertEqual(self.dags.commits()[1:], [first])

    def test_dag_that_is_no_longer_emitted_is_removed(self) -> None:
        self.dags.commit({"dags/mine_dag.py": b"x = 1\n"})
        self.generated["demo_psp_catalog_dag.py"] = dag()
        self.job(0)
        self.assert_dag(CATALOG)
        del self.generated["demo_psp_catalog_dag.py"]
        done = self.job(0)
        self.assertEqual(done.result["removed"], ["demo_psp_catalog_dag.py"])
        self.assertEqual(sorted(self.dags.files()), [MANIFEST, INFRASTRUCTURE, "dags/mine_dag.py"])
        self.assertEqual(json.loads(self.dags.read(MANIFEST))["files"], ["demo_psp_infrastructure_dag.py"])

    def test_dag_that_somebody_removed_comes_back_or_stays_away(self) -> None:
        self.generated["demo_psp_catalog_dag.py"] = dag()
        self.job(0)
        del self.generated["demo_psp_catalog_dag.py"]
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


class Objects(PublishTest):
    """The generated Kubernetes objects and what runs; test_generated_objects.py has the comparison."""

    def test_differences_are_in_the_last_line(self) -> None:
        self.generated["kubernetes-bootstrap.yaml"] = (
            b"kind: ConfigMap\nmetadata:\n  name: acme\n---\nkind: Service\nmetadata:\n  name: new\n"
        )
        done = self.job(0)
        self.assertEqual(
            (done.result["differences"], done.result["more_differences"]),
            (["Service new, object: generated made, here none"], 0),
        )
        self.assertIn("Service new", done.termination)
        self.assertEqual(sorted(self.dags.files()), [MANIFEST, INFRASTRUCTURE])

    def test_what_is_missing_here_stops_it_before_a_push(self) -> None:
        job = b"kind: Job\nmetadata:\n  name: new-job\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n"
        self.generated["new_job.yaml"] = job
        message = self.job(2).message
        self.assertIn("what nothing here stands for: Job new-job. Nothing was published", message)
        self.assertIn("datasurface.credentials", message)
        self.assertEqual(self.server.seen, [])

    def test_link_among_them(self) -> None:
        self.tamper = lambda made: (made / "x.yaml").symlink_to("/proc/self/environ")
        self.assertIn("no regular file", self.job(2).message)


class Disturbed(PublishTest):
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
        for step in ("look", "ask-push", "push"):
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


class Refused(PublishTest):
    def test_repository_without_main_is_not_empty(self) -> None:
        self.dags.commit({"dags/mine_dag.py": b"x = 1\n"}, branch="master")
        self.assertIn(
            "is not empty, and has no branch main, from which Airflow reads the DAGs, but master", self.job(3).message
        )
        self.assertEqual(self.dags.head(), "")

    def test_protected_branch(self) -> None:
        self.dags.refuse_pushes(
            "protected branch hook declined", ["error: GH006: Protected branch update failed for refs/heads/main."]
        )
        done = self.job(3)
        self.assertIn("GH006", done.message)
        self.assertEqual(self.dags.commits(), [])

    def test_rights(self) -> None:
        self.server.tokens[TOKEN] = Rights({DAGS: "read"})
        self.dags.commit({"a": b"1"})
        self.assertIn("Contents: Read and write", self.job(3).message)
        self.server.tokens[TOKEN] = Rights({DAGS: "write"})
        self.job(0)
        self.assertIn("does not accept the token", self.job(3, {"GITHUB_TOKEN": "ghp_another"}).message)


class Untrusted(PublishTest):
    """The generated files come from a folder that the model's code has had to itself."""

    def refused(self, text: str, code: int = 2) -> None:
        self.assertIn(text, self.job(code, {"DAG_FILES": "demo_psp_*_dag.py"}).message)

    def test_what_is_no_plain_file(self) -> None:
        name = "demo_psp_other_dag.py"
        for text, tamper in (
            ("no regular file", lambda made: (made / name).symlink_to("/proc/self/environ")),
            ("no regular file", lambda made: os.mkfifo(made / name)),
            ("no regular file", lambda made: (made / name).mkdir()),
            ("more than 4 MiB", lambda made: (made / name).write_bytes(bytes(4 * 1024 * 1024 + 1))),
            ("no name for one", lambda made: (made / "a\nb_dag.py").write_bytes(b"")),
            ("more than 200", lambda made: [(made / f"x{number}_dag.py").write_bytes(b"") for number in range(200)]),
            ("has no *_dag.py", lambda made: made.rename(made.with_name("moved")) and made.symlink_to("moved")),
        ):
            self.tamper = tamper
            with self.subTest(text):
                self.refused(text)
        self.assertEqual(self.dags.head(), "")

    def test_file_of_somebody_else_is_not_replaced(self) -> None:
        self.generated["mine_dag.py"] = b"x = 2\n"
        commit = self.dags.commit({"dags/mine_dag.py": b"x = 1\n"})
        self.refused("dags/mine_dag.py in the DAG repository: not published from here", 3)
        self.assertEqual(self.dags.head(), commit)

    def test_nothing_else_is_looked_at_and_nothing_is_executed(self) -> None:
        run = f"touch {self.folder}/was-run"

        def tamper(made: Path) -> None:
            for file in (".git/hooks/post-checkout", ".git/hooks/pre-commit", ".git/hooks/pre-push"):
                path = made / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"#!/bin/sh\n{run}\n")
                path.chmod(0o755)
            (made / ".git" / "config").write_text(f"[core]\n\tfsmonitor = {run}\n")
            (made / "sub").mkdir()
            (made / "sub" / "demo_psp_x_dag.py").touch()

        self.tamper = tamper
        self.generated["demo_psp_broken_dag.py"] = b"def (:\n"
        self.job(0)
        self.assertEqual(sorted(self.dags.files()), [MANIFEST, "dags/demo_psp_broken_dag.py", INFRASTRUCTURE])
        self.assertFalse((self.folder / "was-run").exists())

    def test_without_the_release(self) -> None:
        self.tamper = lambda made: (self.model_folder / "release.json").unlink()
        self.refused("checkout-model writes it", 1)


class WrongSettings(PublishTest):
    def test_each(self) -> None:
        for name, value in (
            ("AIRFLOW_REPO", "dags"),
            ("GENERATED_FOLDER", "x"),
            ("PSP", "../x"),
            ("DAG_FILES", "/"),
            ("RUNNING_OBJECTS", "{"),
        ):
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
