"""The edits by themselves: what they find, what they keep."""

from __future__ import annotations

import ast
import json
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "payload"))

from model_edits import Values, edit_model, parse_extras, refuse_foreign_values
from model_names import Names
from model_repository import ECO, NAME, NAMES, OWNER, RTE, VALUES, edited
from outcome import Refused, WrongSetting
from python_source import Keyword, set_import, set_keyword, set_literal

GIVEN = Values(
    OWNER,
    NAME,
    VALUES["NAMESPACE"],
    VALUES["SQL_SERVER_FQDN"],
    VALUES["PG_FQDN"],
    VALUES["DATASURFACE_VERSION"],
    Names.of(NAMES),
)


class Pinned(unittest.TestCase):
    """The image's digest, which the model hands on to the pods of tasks."""

    def edit(self, image: str, digest: str = f"sha256:{'a' * 64}") -> str:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "eco.py").write_bytes(ECO.encode())
            (Path(folder) / "rte_azure.py").write_bytes(
                RTE.replace('        "Demo_PSP",\n', f'        "Demo_PSP",\n        {image}').encode()
            )
            edit_model(Path(folder), replace(GIVEN, image_digest=digest), [])
            return (Path(folder) / "rte_azure.py").read_text()

    def test_stands_behind_the_version(self) -> None:
        rte = self.edit('datasurfaceDockerImage=f"registry.example/datasurface:v{DATASURFACE_VERSION}",')
        self.assertIn(f'DATASURFACE_VERSION: str = "1.8.4@sha256:{"a" * 64}"', rte)

    def test_without_one_nothing_is_asked_of_the_image(self) -> None:
        self.assertIn(
            'DATASURFACE_VERSION: str = "1.8.4"',
            self.edit('datasurfaceDockerImage="registry.example/own:1",', digest=""),
        )

    def test_an_image_that_does_not_follow_from_the_version_is_refused(self) -> None:
        for image in (
            '"registry.example/own:1"',
            'f"registry.example/own:v{OTHER}"',
            'f"registry.example/own:v{DATASURFACE_VERSION}-own"',
            'f"registry.example/own:{DATASURFACE_VERSION}"',
            "IMAGE",
        ):
            with (
                self.subTest(image),
                self.assertRaisesRegex(
                    WrongSetting,
                    r"rte_azure.py: line \d+: datasurfaceDockerImage of .* pins the pods of tasks where the image ends in :v{DATASURFACE_VERSION}",
                ),
            ):
                self.edit(f"datasurfaceDockerImage={image},")
        with self.assertRaisesRegex(WrongSetting, "has no argument datasurfaceDockerImage"):
            self.edit("")


class Literals(unittest.TestCase):
    def test_forms_of_the_line(self) -> None:
        for line, wanted in (
            ('X: str = "old"', 'X: str = "new"'),
            ("X = 'old'", "X = 'new'"),
            ('X:str="old" # text "a"', 'X:str="new" # text "a"'),
            ('X: str = ""', 'X: str = "new"'),
            ('X: Final[str] = "old"', 'X: Final[str] = "new"'),
            ('X: Final = ("old"  # one\n  "er")', 'X: Final = ("new")'),
            ('if A:\n    X = "old"\nelse:\n    X = "older"', 'if A:\n    X = "new"\nelse:\n    X = "new"'),
            ('Y = X = r"old"', 'Y = X = "new"'),
            ('é = 1; X = """old"""', 'é = 1; X = "new"'),
            ('X: str\nX = "old"', 'X: str\nX = "new"'),
        ):
            with self.subTest(line):
                self.assertEqual(set_literal("f", f"a\n{line}\nb\n".encode(), "X", "new").decode(), f"a\n{wanted}\nb\n")
                self.assertEqual(set_literal("f", f"{line}\r\n".encode(), "X", "new").decode(), f"{wanted}\r\n")
                self.assertEqual(
                    set_literal("f", b"\xef\xbb\xbf" + line.encode(), "X", "new"), b"\xef\xbb\xbf" + wanted.encode()
                )

    def test_other_lines_are_refused(self) -> None:
        for line, said in (
            ('# X: str = "old"', "X is not assigned"),
            ('XX = "old"', "X is not assigned"),
            ("X: str", "X is not assigned"),
            ('X = f"old"', "line 1 is .*a string literal"),
            ('X = "old" + y', "line 1 is"),
            ("X = 1", "line 1 is"),
            ('X = "a"\nX += "b"', "line 2 is"),
            ('X, Y = "old", 1', "line 1 is"),
            ("for X in y: pass", "line 1 is"),
        ):
            with self.subTest(line), self.assertRaisesRegex(WrongSetting, f"^f: {said}"):
                set_literal("f", f"{line}\n".encode(), "X", "new")

    def imported(self, text: str, *defined: str) -> str:
        return set_import(
            "f", text.encode(), {"createDemoRTE", "createDemoPSP"}, r"rte_\w+", "rte_azure", set(defined)
        ).decode()

    def test_import(self) -> None:
        for line, wanted in (
            ("from rte_aws import createDemoRTE  # x\r\n", "from rte_azure import createDemoRTE  # x\r\n"),
            ("from rte_aws import (createDemoRTE)", "from rte_azure import (createDemoRTE)"),
            (
                "from rte_aws import (\n    createDemoRTE,  # x\n)",
                "from rte_azure import (\n    createDemoRTE,  # x\n)",
            ),
            ("from \\\n  rte_aws import createDemoRTE as make", "from \\\n  rte_azure import createDemoRTE as make"),
            ("from rte_aws import createDemoRTE, there", "from rte_azure import createDemoRTE, there"),
            (
                'if T == "aws":\n    from rte_aws import createDemoRTE\nelse:\n    from rte_demo import createDemoRTE\n',
                'if T == "aws":\n    from rte_azure import createDemoRTE\nelse:\n    from rte_azure import createDemoRTE\n',
            ),
        ):
            with self.subTest(line):
                self.assertEqual(self.imported(line, "there"), wanted)
                self.assertEqual(self.imported(wanted, "there"), wanted)

    def test_imports_that_are_refused(self) -> None:
        for line, said in (
            ("# from rte_demo import createDemoRTE", "none of the functions of rte_azure.py"),
            ("import rte_demo", "none of the functions of rte_azure.py"),
            (
                "from rte_demo import *",
                r"none of the functions of rte_azure.py \(createDemoPSP, createDemoRTE\) is imported",
            ),
            (
                "from rte_demo import createDemoRTE, x",
                "line 1 imports x from rte_demo, too, which rte_azure.py does not define",
            ),
            ("from .rte_demo import createDemoRTE", "line 1 imports createDemoRTE from .rte_demo"),
            ("from mine import createDemoRTE", "line 1 imports createDemoRTE from mine"),
        ):
            with self.subTest(line), self.assertRaisesRegex(WrongSetting, f"^f: {said}"):
                self.imported(f"{line}\n", "there")


class Models(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, **files: str | bytes) -> None:
        for name, content in files.items():
            (self.folder / f"{name}.py").write_bytes(content if isinstance(content, bytes) else content.encode())

    def edit(self, *extras: str) -> list[str]:
        return edit_model(self.folder, GIVEN, parse_extras(json.dumps(extras)))

    def test_edit_is_idempotent_and_keeps_crlf_and_mark(self) -> None:
        for ends in ("\n", "\r\n"):
            for mark in (b"", b"\xef\xbb\xbf"):
                eco, rte = (mark + text.replace("\n", ends).encode() for text in (ECO, RTE))
                self.write(eco=eco, rte_azure=rte)
                self.assertEqual(self.edit("externalSecretProvider=None"), ["eco.py", "rte_azure.py"])
                self.assertEqual(
                    (self.folder / "eco.py").read_bytes(), mark + edited()["eco.py"].replace(b"\n", ends.encode())
                )
                self.assertEqual(self.edit("externalSecretProvider=None"), [])
                new_rte = (self.folder / "rte_azure.py").read_bytes()
                self.assertEqual(new_rte.count(b"\n"), rte.count(b"\n") + 1)
                self.assertEqual(new_rte.count(b"\r\n"), new_rte.count(b"\n") if ends == "\r\n" else 0)

    def test_constants_of_another_module(self) -> None:
        constants = 'from typing import Final\n\nSQL_HOST: Final[str] = "PLACEHOLDER_SQL_SERVER_FQDN"  # ours\nGIT_REPO_OWNER: str = "x"\n'
        self.write(
            eco=ECO.replace(
                'GIT_REPO_OWNER: str = "git_username"  # your user name', "from db_constants import GIT_REPO_OWNER"
            ),
            rte_azure=RTE.replace('MERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"', "from hosts import MERGE_HOST"),
            hosts="from db_constants import SQL_HOST as MERGE_HOST\n",
            db_constants=constants,
        )
        refuse_foreign_values(self.folder, GIVEN, "acme/model")
        self.assertEqual(self.edit(), ["db_constants.py", "eco.py", "rte_azure.py"])
        self.assertEqual(
            (self.folder / "db_constants.py").read_text(),
            constants.replace("PLACEHOLDER_SQL_SERVER_FQDN", GIVEN.sql_server_fqdn).replace('"x"', f'"{OWNER}"'),
        )
        self.assertEqual(self.edit(), [])
        with self.assertRaisesRegex(
            Refused,
            'in its db_constants.py SQL_HOST is \'.*Commit to main of acme/model, in db_constants.py: SQL_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"; then',
        ):
            refuse_foreign_values(
                self.folder,
                Values(OWNER, NAME, GIVEN.namespace, "ours.database.windows.net", GIVEN.pg_fqdn, "1.8.4", GIVEN.names),
                "acme/model",
            )

    def test_constants_that_cannot_be_followed(self) -> None:
        for line, said in (
            (
                "from elsewhere import MERGE_HOST",
                "MERGE_HOST comes from elsewhere, which is not a module of the model: assign it",
            ),
            ("from rte_azure import MERGE_HOST", "MERGE_HOST is not assigned"),
        ):
            with self.subTest(line):
                self.write(eco=ECO, rte_azure=RTE.replace('MERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"', line))
                with self.assertRaisesRegex(WrongSetting, f"^rte_azure.py: {said}"):
                    self.edit()

    def test_everything_wrong_is_told_at_once_and_nothing_is_written(self) -> None:
        self.write(
            eco=ECO.replace("from rte_demo import", "from mine import").replace("GIT_REPO_NAME: str", "NAME: str"),
            rte_azure=RTE.replace('"PLACEHOLDER_PG_FQDN"', 'os.environ["PG"]').replace(
                '"airflow-worker"', '"PLACEHOLDER_ACCOUNT"'
            ),
        )
        before = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        with self.assertRaises(WrongSetting) as caught:
            self.edit("Other.k=None")
        for text in (
            "eco.py: line 5 imports",
            "eco.py: GIT_REPO_NAME is not assigned",
            "rte_azure.py: line 14 is 'AIRFLOW_HOST",
            "there is no call Other(",
            "line 15 has PLACEHOLDER_ACCOUNT",
        ):
            self.assertIn(text, str(caught.exception))
        self.assertEqual({path.name: path.read_bytes() for path in self.folder.iterdir()}, before)

    def test_what_hits_a_text_only_is_found(self) -> None:
        self.write(
            eco=ECO,
            rte_azure=RTE.replace(
                'MERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"',
                '"""\nMERGE_HOST: str = "x"\n"""\nMERGE_HOST = str("x")',
            ),
        )
        with self.assertRaisesRegex(WrongSetting, "^rte_azure.py: line 15 is 'MERGE_HOST = str"):
            self.edit()
        self.write(eco="def (:")
        with self.assertRaisesRegex(WrongSetting, "^eco.py: not valid Python"):
            self.edit()


class Keywords(unittest.TestCase):
    CASES = (
        ("f()", "f(k=None)"),
        ("f(a)", "f(a, k=None)"),
        ("f(a,)", "f(a, k=None)"),
        ("f(a, b=1)", "f(a, b=1, k=None)"),
        ("f(\n    a=1,\n    b=2\n)", "f(\n    a=1,\n    b=2,\n    k=None\n)"),
        ("f(\n    a=1,\n    b=2,\n)", "f(\n    a=1,\n    b=2,\n    k=None,\n)"),
        (
            "f(\n    a=1,  # one, and\n    b=2  # two, (\n)",
            "f(\n    a=1,  # one, and\n    b=2,  # two, (\n    k=None\n)",
        ),
        ("f(\n    a=1,\n    b=2)", "f(\n    a=1,\n    b=2,\n    k=None)"),
        ("f(\r\n    a=1,\r\n    b=2\r\n)", "f(\r\n    a=1,\r\n    b=2,\r\n    k=None\r\n)"),
        ("f(\r\n    a=1)", "f(\r\n    a=1,\r\n    k=None)"),
        ("x = g(f(a=h(1)), 2)", "x = g(f(a=h(1), k=None), 2)"),
        ("f('ü', a='ß')", "f('ü', a='ß', k=None)"),
        ("f(k=3, a=1)", "f(k=None, a=1)"),
        ("f(\n    k=g(\n        1),\n    a=1)", "f(\n    k=None,\n    a=1)"),
        ("m.f(a)\nf(b)", "m.f(a, k=None)\nf(b, k=None)"),
        ("f(**d)", "f(**d, k=None)"),
        ("f(k=None)", "f(k=None)"),
        ("f( k = None )", "f( k = None )"),
    )

    def test_ensured(self) -> None:
        for old, new in self.CASES:
            with self.subTest(old):
                result = set_keyword("x.py", old.encode(), Keyword("f", "k", "None")).decode()
                self.assertEqual(result, new)
                ast.parse(result)

    def test_removed(self) -> None:
        for old, new in (
            ("f(k=None)", "f()"),
            ("f(a, k=None)", "f(a)"),
            ("f(k=None, a=1)", "f(a=1)"),
            ("f(\n    a=1,\n    k=None\n)", "f(\n    a=1,\n)"),
            ("f(\n    k=None,  # why\n    a=1\n)", "f(\n    a=1\n)"),
            ("f(\r\n    k=None,\r\n    a=1\r\n)", "f(\r\n    a=1\r\n)"),
            ("f(a)", "f(a)"),
        ):
            with self.subTest(old):
                result = set_keyword("x.py", old.encode(), Keyword("f", "k", None)).decode()
                self.assertEqual(result, new)
                ast.parse(result)

    def test_added_and_removed_is_the_same_program(self) -> None:
        for old, _ in self.CASES:
            if "k" not in old:
                with self.subTest(old):
                    there = set_keyword("x.py", old.encode(), Keyword("f", "k", "None"))
                    self.assertEqual(
                        ast.dump(ast.parse(set_keyword("x.py", there, Keyword("f", "k", None)))),
                        ast.dump(ast.parse(old)),
                    )

    def test_no_such_call(self) -> None:
        with self.assertRaisesRegex(WrongSetting, r"x.py: there is no call f\("):
            set_keyword("x.py", b"g(1)\n", Keyword("f", "k", "None"))

    def test_parse(self) -> None:
        self.assertEqual(
            parse_extras('["a=None", "SQLServerDatabase.b = True", "!c", "!D.e"]'),
            [
                Keyword("YellowAzureExternalAirflow3AndMergeDatabase", "a", "None"),
                Keyword("SQLServerDatabase", "b", "True"),
                Keyword("YellowAzureExternalAirflow3AndMergeDatabase", "c", None),
                Keyword("D", "e", None),
            ],
        )
        for text in ("", "null", "[1]", '["a"]', '["!a=1"]', '["a="]', '["a=b"]', '["a b=1"]'):
            with self.subTest(text), self.assertRaisesRegex(WrongSetting, "RTE_EXTRAS"):
                parse_extras(text)


if __name__ == "__main__":
    unittest.main()
