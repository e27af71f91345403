"""What the generator's YAML is read as, and what is said of it beside what runs. The files are made here, in the form of the vendor's."""

from __future__ import annotations

import json
import sys
import unittest
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import ClassVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "payload"))

from generated_objects import Report, compare, read_running
from generated_yaml import NotRead, documents
from outcome import WrongSetting

IMAGE = "registry.example.com/datasurface:v1.4.48"
JOB = """\
# a job
apiVersion: batch/v1
kind: Job
metadata:
  name: acme-psp-ring1-init
  namespace: ns
spec:
  template:
    spec:
      containers:
      - name: ring1-init
        image: registry.example.com/datasurface:v1.4.48
        command: ["/bin/bash"]
        args:
          - -c
          - |
            echo "Starting"

            python -m datasurface.cmd.platform generatePlatformBootstrap \\
              --ringLevel 1 \\
              --rte-name acme \\

            --use-git-cache \\

            --max-cache-age-minutes 5

            echo "Done"
        env:
          - name: PYTHONPATH
            value: "/app/src"

          - name: git_TOKEN
            valueFrom:
              secretKeyRef:
                name: git
                key: TOKEN

        volumeMounts:
        - name: git-model-cache
          mountPath: /cache/git-cache
      volumes:
      - name: workspace
        emptyDir: {}
      restartPolicy: Never
  backoffLimit: 3
"""
BOOTSTRAP = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: git-cache-pvc
---
# the server
apiVersion: apps/v1
kind: Deployment
metadata:
  name: acme-psp-mcp-server
spec:
  template:
    spec:
      containers:
        - name: mcp-server
          image: registry.example.com/datasurface:v1.4.48
          command: ["python", "-m", "datasurface.mcp"]
          args:
            - "--refresh-interval"
            - "300"

            # who may call
            - "--allowed-host"
            - "acme-psp-mcp:8000"
            - "--allowed-host"
            - "acme-psp-mcp.ns.svc:8000"
          resources:
            requests:
              memory: 256M
              cpu: 100m
---
"""
SERVER = {
    "image": f"{IMAGE}@sha256:{'0' * 64}",
    "command": [
        "python",
        "-m",
        "datasurface.mcp",
        "--refresh-interval",
        "300",
        "--allowed-host",
        "acme-psp-mcp:8000",
        "--allowed-host",
        "acme-psp-mcp.ns.svc:8000",
    ],
    "variables": {},
}
RING1 = {
    "image": IMAGE,
    "command": [
        "python",
        "-m",
        "datasurface.cmd.platform",
        "generatePlatformBootstrap",
        "--ringLevel",
        "1",
        "--rte-name",
        "acme",
        "--use-git-cache",
        "--max-cache-age-minutes",
        "5",
    ],
    "variables": {"PYTHONPATH": "/app/src", "git_TOKEN": "key TOKEN of Secret git"},
}
OBJECTS: list[dict[str, object]] = [
    {"kind": "PersistentVolumeClaim", "name": "git-cache-pvc"},
    {"kind": "Deployment", "name": "acme-psp-mcp-server", "containers": {"mcp-server": SERVER}},
    {"kind": "Job", "name": "acme-psp-ring1-init", "containers": {"ring1-init": RING1}},
]
KNOWN_RESOURCES = (
    {"subject": "Job *", "field": "resources", "generated": "", "reason": "Settings."},
    {
        "subject": "Deployment acme-psp-mcp-server",
        "field": "resources",
        "generated": "requests cpu 100m, requests memory 256M",
        "reason": "Settings.",
    },
)
SHELL = {
    "subject": "Job *",
    "field": "shell",
    "generated": "/bin/bash -c",
    "running": "",
    "reason": "It ends with 0 when Python fails.",
}


class Compared(unittest.TestCase):
    seen: ClassVar[bool] = True

    def report(
        self,
        job: str = JOB,
        bootstrap: str = BOOTSTRAP,
        known: tuple[dict[str, str], ...] = (SHELL,),
        objects: object = OBJECTS,
        **more: str,
    ) -> Report:
        running = read_running(
            json.dumps({"line": "1.4.x", "seen": self.seen, "objects": objects, "known": [*KNOWN_RESOURCES, *known]})
        )
        files = {"kubernetes-bootstrap.yaml": bootstrap, "acme_psp_ring1_init_job.yaml": job, **more}
        with redirect_stdout(StringIO()) as said:
            report = compare({name: text.encode() for name, text in files.items()}, running)
        self.said = said.getvalue()
        return report

    def assert_says(self, report: Report, errors: list[str], warnings: list[str]) -> None:
        self.assertEqual(
            (sorted(str(error) for error in report.errors), sorted(report.warnings)), (sorted(errors), sorted(warnings))
        )
        for text in (*errors, *warnings):
            self.assertIn(text, self.said)


class SeenLine(Compared):
    def test_no_difference(self) -> None:
        self.assert_says(self.report(), [], [])
        self.assertIn(
            "3 generated objects compared with what runs (release line 1.4.x): no difference that is not meant",
            self.said,
        )
        self.assertIn(
            "as meant: Job acme-psp-ring1-init, shell: generated /bin/bash -c, here none. It ends with 0 when Python fails.",
            self.said,
        )

    def test_known_difference_is_known_by_its_texts(self) -> None:
        self.assert_says(
            self.report(known=({**SHELL, "generated": "sh -c"},)),
            [],
            ["Job acme-psp-ring1-init, shell: generated /bin/bash -c, here none"],
        )

    def test_workload_that_is_missing_here(self) -> None:
        for kind in ("Job", "Deployment", "StatefulSet"):
            with self.subTest(kind):
                report = self.report(
                    other_yaml=JOB.replace("acme-psp-ring1-init", "acme-psp-new").replace("kind: Job", f"kind: {kind}")
                )
                self.assert_says(report, [f"{kind} acme-psp-new, object: generated made, here none"], [])

    def test_object_without_a_pod_that_is_missing_here(self) -> None:
        self.assert_says(
            self.report(bootstrap=BOOTSTRAP + "kind: ConfigMap\nmetadata:\n  name: new\n"),
            [],
            ["ConfigMap new, object: generated made, here none"],
        )

    def test_variable_that_is_missing_here(self) -> None:
        report = self.report(
            JOB.replace(
                "        volumeMounts:",
                "          - name: extra_USER\n            valueFrom:\n              secretKeyRef:\n                name: extra\n                key: USER\n        volumeMounts:",
            )
        )
        self.assert_says(
            report, ["Job acme-psp-ring1-init, variable extra_USER: generated key USER of Secret extra, here none"], []
        )

    def test_what_is_missing_is_named_once(self) -> None:
        more = "          - name: extra_USER\n            value: x\n        volumeMounts:"
        job = JOB.replace("        volumeMounts:", more)
        report = self.report(
            job,
            other_yaml=job.replace("acme-psp-ring1-init", "acme-psp-other"),
            objects=[*OBJECTS, {**OBJECTS[2], "name": "acme-psp-other"}],
        )
        self.assertEqual(report.missing(), "variable extra_USER (Job acme-psp-ring1-init, Job acme-psp-other)")
        self.assertEqual(
            self.report(other_yaml=JOB.replace("acme-psp-ring1-init", "acme-psp-new")).missing(), "Job acme-psp-new"
        )

    def test_container_that_is_missing_here(self) -> None:
        report = self.report(
            JOB.replace(
                "      containers:\n",
                "      initContainers:\n      - name: wait\n        image: a\n      containers:\n",
            )
        )
        self.assert_says(report, ["Job acme-psp-ring1-init, container wait: generated made, here none"], [])

    def test_what_has_changed(self) -> None:
        for old, new, text in (
            ('value: "/app/src"', "value: /app", "variable PYTHONPATH: generated /app, here /app/src"),
            (
                "key: TOKEN",
                "key: token",
                "variable git_TOKEN: generated key token of Secret git, here key TOKEN of Secret git",
            ),
            ("v1.4.48", "v1.4.49", f"image: generated {IMAGE.replace('48', '49')}, here {IMAGE}"),
            (
                "cmd.platform generate",
                "entrypoints.platform generate",
                "command: generated python -m datasurface.entrypoints.platform generatePlatformBootstrap, here python -m datasurface.cmd.platform generatePlatformBootstrap",
            ),
            (
                "--max-cache-age-minutes 5",
                "--max-cache-age-minutes 6",
                "flag --max-cache-age-minutes: generated 6, here 5",
            ),
            ("--ringLevel 1", "--ringLevel 1 --strict", "flag --strict: generated given, here none"),
            ("--use-git-cache \\", "\\", "flag --use-git-cache: generated none, here given"),
            ('            echo "Done"', "            export MODE=fast", "also: generated export MODE=fast, here none"),
            (
                "        volumeMounts:",
                "        resources:\n          limits:\n            memory: 2Gi\n        volumeMounts:",
                "resources: generated limits memory 2Gi, here by settings",
            ),
            (
                "        volumeMounts:",
                "        envFrom:\n        - secretRef:\n            name: all\n        volumeMounts:",
                "also: generated all of all, here none",
            ),
        ):
            with self.subTest(text):
                self.assertIn(old, JOB)
                self.assert_says(self.report(JOB.replace(old, new)), [], [f"Job acme-psp-ring1-init, {text}"])

    def test_values_of_a_flag_that_is_given_again(self) -> None:
        report = self.report(bootstrap=BOOTSTRAP.replace("acme-psp-mcp.ns.svc:8000", "another:8000"))
        self.assert_says(
            report,
            [],
            [
                "Deployment acme-psp-mcp-server, flag --allowed-host: generated another:8000, here none",
                "Deployment acme-psp-mcp-server, flag --allowed-host: generated none, here acme-psp-mcp.ns.svc:8000",
            ],
        )

    def test_what_is_generated_no_more(self) -> None:
        self.assert_says(self.report("# nothing\n"), [], ["Job acme-psp-ring1-init, object: generated none, here runs"])

    def test_another_kind_of_the_same_name(self) -> None:
        objects = [{**one, "kind": "CronJob"} if one["kind"] == "Job" else one for one in OBJECTS]
        self.assert_says(
            self.report(objects=objects), [], ["Job acme-psp-ring1-init, kind: generated Job, here CronJob"]
        )

    def test_file_that_is_not_read(self) -> None:
        report = self.report(other_yaml="kind: &anchor Job\n")
        self.assert_says(report, [], ["other_yaml is not compared: line 1 begins a value with '&'"])

    def test_texts_of_the_model_are_shown_on_one_line_and_cut(self) -> None:
        report = self.report(JOB.replace('value: "/app/src"', 'value: "a\\n\\u001b[31m' + "x" * 9000 + '"'))
        [warning] = report.warnings
        self.assertIn("generated a??[31mxxx", warning)
        self.assertLess(len(warning), 300)

    def test_no_file(self) -> None:
        with redirect_stdout(StringIO()):
            report = compare({}, read_running(json.dumps({"line": "1.4.x", "seen": True, "objects": [], "known": []})))
        self.assertEqual(
            report.warnings, ["the generator made no Kubernetes object: what it needs is not compared with what runs"]
        )

    def test_list_of_objects(self) -> None:
        indented = "".join(f"  {line}\n" for line in JOB.splitlines()[1:])
        self.assert_says(self.report(f"kind: List\nitems:\n- {indented.lstrip()}"), [], [])


class UnseenLine(Compared):
    seen = False

    def test_what_is_missing_is_a_warning(self) -> None:
        self.assert_says(
            self.report(
                JOB.replace("name: git_TOKEN", "name: other_TOKEN"), other_yaml=JOB.replace("ring1-init\n", "new\n")
            ),
            [],
            [
                "Job acme-psp-new, object: generated made, here none",
                "Job acme-psp-ring1-init, variable git_TOKEN: generated none, here key TOKEN of Secret git",
                "Job acme-psp-ring1-init, variable other_TOKEN: generated key TOKEN of Secret git, here none",
            ],
        )


class Running(unittest.TestCase):
    def test_another_form(self) -> None:
        for text in ("{", "[]", '{"line": "1", "seen": true, "objects": [{}], "known": []}'):
            with self.subTest(text), self.assertRaisesRegex(WrongSetting, "RUNNING_OBJECTS"):
                read_running(text)


class Yaml(unittest.TestCase):
    def test_forms(self) -> None:
        for text, expected in (
            ("", []),
            ("---\n# c\n---\n", []),
            ("a: b # c\n---\nc: 'it''s'\n", [{"a": "b"}, {"c": "it's"}]),
            ('a: "x # \\" y"  # c\n', [{"a": 'x # " y'}]),
            ("a:\nb:\n  c: d\n", [{"a": None, "b": {"c": "d"}}]),
            ("a:\n- b\n-\n  c: d\n- - e\n  - f\n", [{"a": ["b", {"c": "d"}, ["e", "f"]]}]),
            ("- name: x\n  value: y\n- {}\n- []\n", [[{"name": "x", "value": "y"}, {}, []]]),
            ('a: [b, "c, d", [e]]\n', [{"a": ["b", "c, d", ["e"]]}]),
            (
                "a: |\n  x\n\n    y: z\n  # no comment\nb: http://h:1/#x\n",
                [{"a": "x\n\n  y: z\n# no comment", "b": "http://h:1/#x"}],
            ),
            ("- |-\n  x\n- y\n", [["x", "y"]]),
            ("kubernetes.io/name: x\n'quoted': y\n-c: z\n", [{"kubernetes.io/name": "x", "quoted": "y", "-c": "z"}]),
        ):
            with self.subTest(text):
                self.assertEqual(documents(text), expected)

    def test_what_is_refused_with_its_line(self) -> None:
        for text, said in (
            ("a: b\n c: d\n", "line 2"),
            ("a:\n    b: c\n  d: e\n", "line 3"),
            ("a: *x\n", "line 1 begins a value with '\\*'"),
            ("a: !!str x\n", "line 1 begins a value with '!'"),
            ("a: {b: c}\n", "line 1 has a mapping in braces"),
            ("a: [b\n", "line 1 has a bracket"),
            ('a: "b\n', "line 1 has a quote"),
            ("x: y\n---\na: b\na: c\n", "line 4 has the key a again"),
            ("a:\n\tb: c\n", "line 2 is indented by a tab"),
            ("a: " + "[" * 100 + "]" * 100 + "\n", "levels deep"),
            ("".join(" " * depth + "a:\n" for depth in range(100)), "levels deep"),
            ("a: " + "x" * 20000 + "\n", "longer than"),
        ):
            with self.subTest(text[:40]), self.assertRaisesRegex(NotRead, said):
                documents(text)


if __name__ == "__main__":
    unittest.main()
