"""The edits by themselves: what they find, what they keep."""

from __future__ import annotations

import ast
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "payload"))

from model_edits import Extra, Values, apply_extra, check, edit_eco, edit_rte, parse_extras, set_import, set_literal  # noqa: E402
from model_repository import ECO, NAME, OWNER, RTE, VALUES, edited  # noqa: E402
from outcome import WrongSetting  # noqa: E402

GIVEN = Values(OWNER, NAME, VALUES["NAMESPACE"], VALUES["SQL_SERVER_FQDN"], VALUES["PG_FQDN"], VALUES["DATASURFACE_VERSION"])


class Literals(unittest.TestCase):
    def test_forms_of_the_line(self) -> None:
        for line, wanted in (
            ('X: str = "old"', 'X: str = "new"'),
            ("X = 'old'", "X = 'new'"),
            ('X:str="old" # text "a"', 'X:str="new" # text "a"'),
            ('X: str = ""', 'X: str = "new"'),
            ('X: str = "old"   \r', 'X: str = "new"   \r'),
        ):
            with self.subTest(line):
                self.assertEqual(set_literal("f", f"a\n{line}\nb\n", "X", "new"), f"a\n{wanted}\nb\n")
                self.assertEqual(set_literal("f", line, "X", "new"), wanted)

    def test_other_lines_are_no_match(self) -> None:
        for line in ('# X: str = "old"', '  X = "old"', 'XX = "old"', 'X = f"old"', 'X = "old" + y', 'X: int = "old"', "X = 1", 'X == "old"'):
            with self.subTest(line), self.assertRaisesRegex(WrongSetting, "^f: no line matches"):
                set_literal("f", f"{line}\n", "X", "new")

    def test_import(self) -> None:
        self.assertEqual(set_import("f", "from rte_aws import createDemoRTE  # x\r\n"), "from rte_azure import createDemoRTE  # x\r\n")
        old_dispatch = 'if T == "aws":\n    from rte_aws import createDemoRTE\nelse:\n    from rte_demo import createDemoRTE\n'
        self.assertEqual(set_import("f", old_dispatch), old_dispatch.replace("rte_aws", "rte_azure").replace("rte_demo", "rte_azure"))
        for line in ("# from rte_demo import createDemoRTE", "from rte_demo import createDemoRTE, x", "import rte_demo"):
            with self.subTest(line), self.assertRaises(WrongSetting):
                set_import("f", f"{line}\n")

    def test_edit_is_idempotent_and_keeps_crlf_and_mark(self) -> None:
        for ends in ("\n", "\r\n"):
            for mark in (b"", b"\xef\xbb\xbf"):
                eco, rte = (mark + text.replace("\n", ends).encode() for text in (ECO, RTE))
                new_eco, new_rte = edit_eco(eco, GIVEN), edit_rte(rte, GIVEN, parse_extras('["externalSecretProvider=None"]'))
                check(new_eco, new_rte, GIVEN)
                self.assertEqual(new_eco, mark + edited()["eco.py"].replace(b"\n", ends.encode()))
                self.assertEqual((edit_eco(new_eco, GIVEN), edit_rte(new_rte, GIVEN, parse_extras('["externalSecretProvider=None"]'))), (new_eco, new_rte))
                self.assertEqual(new_rte.count(b"\n"), rte.count(b"\n") + 1)
                self.assertEqual(new_rte.count(b"\r\n"), new_rte.count(b"\n") if ends == "\r\n" else 0)

    def test_check_finds_what_hit_a_text_only(self) -> None:
        rte = RTE.replace('MERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"', '"""\nMERGE_HOST: str = "x"\n"""\nMERGE_HOST = str("x")')
        with self.assertRaisesRegex(WrongSetting, "MERGE_HOST"):
            check(edited()["eco.py"], edit_rte(rte.encode(), GIVEN, []), GIVEN)
        with self.assertRaisesRegex(WrongSetting, "createDemoRTE"):
            check(edited()["eco.py"] + b"from rte_demo import (createDemoRTE)\n", edited()["rte_azure.py"], GIVEN)
        with self.assertRaisesRegex(WrongSetting, "eco.py: not valid Python"):
            check(b"def (:", edited()["rte_azure.py"], GIVEN)


class Keywords(unittest.TestCase):
    CASES = (
        ("f()", "f(k=None)"),
        ("f(a)", "f(a, k=None)"),
        ("f(a,)", "f(a, k=None)"),
        ("f(a, b=1)", "f(a, b=1, k=None)"),
        ("f(\n    a=1,\n    b=2\n)", "f(\n    a=1,\n    b=2,\n    k=None\n)"),
        ("f(\n    a=1,\n    b=2,\n)", "f(\n    a=1,\n    b=2,\n    k=None,\n)"),
        ("f(\n    a=1,  # one, and\n    b=2  # two, (\n)", "f(\n    a=1,  # one, and\n    b=2,  # two, (\n    k=None\n)"),
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
                result = apply_extra("x.py", old.encode(), Extra("f", "k", "None")).decode()
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
                result = apply_extra("x.py", old.encode(), Extra("f", "k", None)).decode()
                self.assertEqual(result, new)
                ast.parse(result)

    def test_added_and_removed_is_the_same_program(self) -> None:
        for old, _ in self.CASES:
            if "k" not in old:
                with self.subTest(old):
                    there = apply_extra("x.py", old.encode(), Extra("f", "k", "None"))
                    self.assertEqual(ast.dump(ast.parse(apply_extra("x.py", there, Extra("f", "k", None)))), ast.dump(ast.parse(old)))

    def test_no_such_call(self) -> None:
        with self.assertRaisesRegex(WrongSetting, r"x.py: no line matches 'f\('"):
            apply_extra("x.py", b"g(1)\n", Extra("f", "k", "None"))

    def test_parse(self) -> None:
        self.assertEqual(
            parse_extras('["a=None", "SQLServerDatabase.b = True", "!c", "!D.e"]'),
            [
                Extra("YellowAzureExternalAirflow3AndMergeDatabase", "a", "None"),
                Extra("SQLServerDatabase", "b", "True"),
                Extra("YellowAzureExternalAirflow3AndMergeDatabase", "c", None),
                Extra("D", "e", None),
            ],
        )
        for text in ("", "null", "[1]", '["a"]', '["!a=1"]', '["a="]', '["a=b"]', '["a b=1"]'):
            with self.subTest(text), self.assertRaisesRegex(WrongSetting, "RTE_EXTRAS"):
                parse_extras(text)


if __name__ == "__main__":
    unittest.main()
