"""What a model calls its parts, against the settings."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "payload"))

from model_edits import Values, edit_model
from model_files import Model
from model_names import Names, disagreements
from model_repository import NAME, NAMES, OWNER, RENAMED_NAMES, VALUES, renamed, template
from outcome import WrongSetting


class NamesOfModels(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def wrong(self, files: dict[str, bytes], names: dict[str, str] = NAMES) -> list[str]:
        for name, data in files.items():
            if name.endswith(".py"):
                (self.folder / name).write_bytes(data)
        return disagreements(Model(self.folder), Names.of(names))

    def only_wrong(self, file: str, old: str, new: str) -> str:
        """What is wrong with the template with one change: one thing."""
        files = template()
        self.assertEqual(files[file].count(old.encode()), 1)
        [said] = self.wrong({**files, file: files[file].replace(old.encode(), new.encode())})
        return said

    def test_the_template_agrees_with_the_defaults(self) -> None:
        self.assertEqual(self.wrong(template()), [])

    def test_a_model_with_other_names_in_several_files_agrees_with_its_own(self) -> None:
        self.assertEqual(self.wrong(renamed(), RENAMED_NAMES), [])

    def test_every_name_that_differs_is_told_with_its_place_and_its_setting(self) -> None:
        self.assertEqual(
            self.wrong(renamed()),
            [
                "eco.py: line 10: name of Ecosystem(...) is 'Acme', wanted is 'Demo': set datasurface.model.ecosystem: Acme",
                "rte_azure.py: line 15: name of YellowAzureExternalAirflow3AndMergeDatabase(...) is 'Acme_Lake', wanted is 'Demo': set datasurface.model.assembly: Acme_Lake",
                "eco.py: line 10: name of RuntimeDeclaration(...) is 'test', wanted is 'demo': set datasurface.model.runtimeEnvironment: test",
                "eco.py: line 10: name of RuntimeDeclaration(...) is 'prod', wanted is 'demo': set datasurface.model.runtimeEnvironment: prod",
                "rte_azure.py: line 13: name of getRuntimeEnvironmentOrThrow(...) is 'prod', wanted is 'demo': set datasurface.model.runtimeEnvironment: prod",
                "rte_azure.py: line 14: versionPattern of VersionPatternReleaseSelector(...) is '-acme', wanted is '-demo': set datasurface.model.releaseSuffix: -acme",
                "acme_platform.py: line 22: name of YellowPlatformServiceProvider(...) is 'Acme_Data_PSP', wanted is 'Demo_PSP': set datasurface.model.psp: Acme_Data_PSP",
                "acme_platform.py: line 8: name of gitCredential of YellowPlatformServiceProvider(...) is 'github-acme', wanted is 'git': set datasurface.model.gitCredential: github-acme",
                "acme_platform.py: line 17: name of mergeRW_Credential of YellowPlatformServiceProvider(...) is 'acme-merge-rw', wanted is 'sqlserver-demo-merge': set datasurface.model.mergeCredential: acme-merge-rw",
                "acme_platform.py: line 12: name of merge_datacontainer of YellowPlatformServiceProvider(...) is 'Warehouse', wanted is 'K8sMergeDB': set datasurface.model.mergeContainer: Warehouse",
                "acme_platform.py: line 12: databaseName of merge_datacontainer of YellowPlatformServiceProvider(...) is 'acme_merge', wanted is 'merge_db': set datasurface.model.mergeDatabase: acme_merge",
            ],
        )

    def test_each_name_of_the_template(self) -> None:
        for file, old, new, setting in (
            ("eco.py", '(name="Demo"', '("Acme"', "ecosystem: Acme"),
            ("eco.py", 'RuntimeDeclaration("demo"', 'RuntimeDeclaration("prod"', "runtimeEnvironment: prod"),
            ("rte_azure.py", 'OrThrow("demo")', 'OrThrow("prod")', "runtimeEnvironment: prod"),
            ("rte_azure.py", 'name="Demo"', 'name="Acme"', "assembly: Acme"),
            ("rte_azure.py", '"Demo_PSP"', '"Acme_PSP"', "psp: Acme_PSP"),
            ("rte_azure.py", '"K8sMergeDB"', '"Warehouse"', "mergeContainer: Warehouse"),
            ("rte_azure.py", '"merge_db"', '"acme_merge"', "mergeDatabase: acme_merge"),
            ("rte_azure.py", '"git"', '"github"', "gitCredential: github"),
            ("rte_azure.py", '"sqlserver-demo-merge"', '"sql-acme"', "mergeCredential: sql-acme"),
            ("rte_azure.py", '"-demo"', '"-acme"', "releaseSuffix: -acme"),
            ("rte_azure.py", ' + "-demo"', "", "releaseSuffix: ''"),
        ):
            with self.subTest(new):
                said = self.only_wrong(file, old, new)
                self.assertTrue(said.startswith(f"{file}: line "), said)
                self.assertTrue(said.endswith(f": set datasurface.model.{setting}"), said)

    def test_two_platform_service_providers(self) -> None:
        second = 'def second():\n    return YellowPlatformServiceProvider("Second_PSP")\n\n\ndef createDemoRTE'
        said = self.only_wrong("rte_azure.py", "def createDemoRTE", second)
        self.assertRegex(
            said,
            r"^the model has 2 platform service providers \(rte_azure.py line \d+, rte_azure.py line \d+\), and a deployment runs one: give each an environment and a model repository of its own \(docs/model.md\)$",
        )

    def test_another_merge_engine(self) -> None:
        for engine in ("PostgresDatabase", "SnowFlakeDatabase"):
            said = self.only_wrong("rte_azure.py", "= SQLServerDatabase(", f"= {engine}(")
            self.assertRegex(
                said,
                f"^rte_azure.py: line 21: .* is a {engine}: a merge engine other than Azure SQL .* is not deployed$",
            )

    def test_what_cannot_be_read(self) -> None:
        for file, old, new, text in (
            (
                "eco.py",
                '(name="Demo"',
                '(name=os.environ["E"]',
                "name of Ecosystem(...) is \"os.environ['E']\", and not a string literal",
            ),
            ("eco.py", '(name="Demo"', "(name=elsewhere", "elsewhere"),
            ("eco.py", "Ecosystem(name", "make(name", "there is no call Ecosystem(...) in rte_azure.py, eco.py"),
            (
                "rte_azure.py",
                'VersionPatterns.VN_N_N + "-demo"',
                '"v.*"',
                "wanted is VersionPatterns.VN_N_N + '-demo' (datasurface.model.releaseSuffix)",
            ),
            (
                "rte_azure.py",
                "        merge_datacontainer=merge,\n",
                "",
                "YellowPlatformServiceProvider(...) has no argument merge_datacontainer",
            ),
            (
                "rte_azure.py",
                "merge_datacontainer=merge,",
                "merge_datacontainer=stores[0],",
                "merge_datacontainer of YellowPlatformServiceProvider(...) is not a call, nor the name of one",
            ),
            (
                "rte_azure.py",
                "return YellowPlatformServiceProvider(",
                "return Own(",
                "there is no call YellowPlatformServiceProvider(...)",
            ),
        ):
            with self.subTest(new):
                said = self.only_wrong(file, old, new)
                self.assertIn(text, said)

    def test_differences_stand_beside_what_cannot_be_edited_and_nothing_is_written(self) -> None:
        files = {**renamed(), "hosts.py": b'AIRFLOW_HOST = "PLACEHOLDER_PG_FQDN"\nMERGE_HOST = "a" + "b"\n'}
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
        values = Values(
            OWNER,
            NAME,
            VALUES["NAMESPACE"],
            VALUES["SQL_SERVER_FQDN"],
            VALUES["PG_FQDN"],
            VALUES["DATASURFACE_VERSION"],
            Names.of({**RENAMED_NAMES, "PSP": "Another"}),
        )
        with self.assertRaises(WrongSetting) as caught:
            edit_model(self.folder, values, [])
        for text in ("hosts.py: line 2 is", "wanted is 'Another': set datasurface.model.psp: Acme_Data_PSP"):
            self.assertIn(text, str(caught.exception))
        self.assertEqual({path.name: path.read_bytes() for path in self.folder.iterdir()}, files)


if __name__ == "__main__":
    unittest.main()
