"""The credentials that a model names, against the settings."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "payload"))

from model_credentials import Comparison, compare_credentials, parse_credentials
from model_files import Model
from model_repository import renamed, team_model, template
from outcome import WrongSetting

# What team_model uses.
LISTED = {"bulk-writer": "API_KEY_PAIR", "crm_source": "USER_PASSWORD", "cqrs-writer": "USER_PASSWORD"}


class Credentials(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def compare(self, files: dict[str, bytes], listed: dict[str, str], **changes: str) -> Comparison:
        """`changes` are lines behind a file's own, by its name without .py."""
        for name, data in files.items():
            if name.endswith(".py"):
                (self.folder / name).write_bytes(data + changes.get(name.removesuffix(".py"), "").encode())
        return compare_credentials(Model(self.folder), listed)

    def with_team(self, lines: str, listed: dict[str, str] = LISTED) -> Comparison:
        return self.compare(team_model(), listed, crm_team=f"\n\n{lines}\n")

    def test_models_agree_with_their_own(self) -> None:
        for files, listed in ((template(), {}), (renamed(), {}), (team_model(), LISTED)):
            self.assertEqual(self.compare(files, listed), Comparison([], []))

    def test_what_the_list_lacks_is_told_with_place_name_and_type(self) -> None:
        self.assertEqual(
            self.compare(team_model(), {}).wrong,
            [
                "rte_azure.py: line 18: the credential bulk-writer is not in datasurface.credentials: add it, as name: bulk-writer, type: API_KEY_PAIR",
                "rte_azure.py: line 23: the credential cqrs-writer is not in datasurface.credentials: add it, as name: cqrs-writer, type: USER_PASSWORD",
                "crm_team.py: line 9: the credential crm_source is not in datasurface.credentials: add it, as name: crm_source, type: USER_PASSWORD",
            ],
        )

    def test_another_type(self) -> None:
        self.assertEqual(
            self.compare(team_model(), {**LISTED, "bulk-writer": "USER_PASSWORD"}),
            Comparison(
                [
                    "rte_azure.py: line 18: the credential bulk-writer is of the type API_KEY_PAIR, and datasurface.credentials says USER_PASSWORD: set type: API_KEY_PAIR"
                ],
                [],
            ),
        )
        files = template()
        files["rte_azure.py"] = files["rte_azure.py"].replace(
            b'"git", CredentialType.API_TOKEN', b'"git", CredentialType.USER_PASSWORD'
        )
        self.assertEqual(
            self.compare(files, {}),
            Comparison(
                ["rte_azure.py: line 30: the credential git is of the type USER_PASSWORD, and wanted is API_TOKEN"], []
            ),
        )

    def test_a_listed_one_that_the_model_does_not_name_is_a_note(self) -> None:
        self.assertEqual(
            self.compare(template(), {"crm": "API_TOKEN"}),
            Comparison(
                [], ["datasurface.credentials has crm: the model has no Credential(...) of that name that can be read"]
            ),
        )

    def test_what_the_source_does_not_decide_is_a_note(self) -> None:
        for lines, said in (
            (
                'def transformer():\n    return GitHubRepository("acme/jobs", credential=Credential("jobs", CredentialType.API_TOKEN))\n\n\ntransformer()',
                "a repository's",
            ),
            (
                'JOBS = Credential("jobs", CredentialType.API_TOKEN)\nREPO = GitHubRepository("acme/jobs", credential=JOBS)\nprint(REPO)',
                "a repository's",
            ),
            (
                'def jobs():\n    return Credential("jobs", CredentialType.API_TOKEN)\n\n\nprint(GitHubRepository("acme/jobs", credential=jobs()))',
                "a repository's",
            ),
            ('JOBS = Credential("jobs", CredentialType.API_TOKEN)', "JOBS is not used"),
            (
                'def old():\n    jobs = Credential("jobs", CredentialType.API_TOKEN)\n    ingest(jobs)',
                "old is not used",
            ),
            ('class Old:\n    jobs = Credential("jobs", CredentialType.API_TOKEN)', "jobs is not used"),
            ('if CLOUD == "aws":\n    ingest(Credential("jobs", CredentialType.API_TOKEN))', "in a branch"),
            ('ingest(Credential("jobs", CredentialType.API_TOKEN) if OLD else None)', "in a branch"),
        ):
            with self.subTest(lines):
                self.assertEqual(
                    self.with_team(lines),
                    Comparison(
                        [], [self.anything_with("the credential jobs is not in datasurface.credentials", f"({said}")]
                    ),
                )

    def test_a_name_that_is_made_when_the_model_runs_is_a_note(self) -> None:
        for name in ('f"team-{1}"', "elsewhere", 'os.environ["NAME"]'):
            with self.subTest(name):
                self.assertEqual(
                    self.with_team(f"ingest(Credential({name}, CredentialType.API_TOKEN))"),
                    Comparison(
                        [], [self.anything_with("crm_team.py: line ", "cannot be read without running the model")]
                    ),
                )

    def test_forms_of_use(self) -> None:
        for lines in (
            'ingest(Credential("jobs", CredentialType.API_TOKEN))',
            'ingest(Credential(name="jobs", credentialType=CredentialType.API_TOKEN))',
            'JOBS: Credential = Credential("jobs", CredentialType.API_TOKEN)\ningest(JOBS)',
            'JOBS = Credential("jobs", CredentialType.API_TOKEN)\ningest(JOBS, GitHubRepository("acme/jobs", credential=JOBS))',
            'def jobs():\n    made = Credential("jobs", CredentialType.API_TOKEN)\n    return made\n\n\ningest(jobs())',
            'import datasurface.security as security\ningest(security.Credential("jobs", security.CredentialType.API_TOKEN))',
            'from datasurface.security import Credential as Secret, CredentialType as Kind\ningest(Secret("jobs", Kind.API_TOKEN))',
            'for team in range(3):\n    ingest(Credential("jobs", CredentialType.API_TOKEN))',
        ):
            with self.subTest(lines):
                found = self.with_team(lines)
                self.assertEqual(
                    (found.wrong, found.notes),
                    (
                        [
                            self.anything_with(
                                "the credential jobs is not in datasurface.credentials: add it, as name: jobs, type: API_TOKEN"
                            )
                        ],
                        [],
                    ),
                )

    def test_a_module_that_only_another_runtime_imports_is_not_read(self) -> None:
        files = {
            **renamed(),
            "rte_local.py": renamed()["rte_local.py"]
            + b'\n\nfrom datasurface.security import Credential, CredentialType\nprint(Credential("local", CredentialType.USER_PASSWORD))\n',
        }
        self.assertEqual(self.compare(files, {}), Comparison([], []))

    def test_the_variable(self) -> None:
        self.assertEqual(parse_credentials('{"a": "API_TOKEN"}'), {"a": "API_TOKEN"})
        for text in ("", "[]", '{"a": 1}', "{"):
            with (
                self.subTest(text),
                self.assertRaisesRegex(
                    WrongSetting, "^CREDENTIALS is .* wanted is JSON of a type by each credential's name$"
                ),
            ):
                parse_credentials(text)

    @staticmethod
    def anything_with(*texts: str) -> str:
        return _Containing(texts)


class _Containing(str):
    """Equal to each text that has all of these in it."""

    def __new__(cls, texts: tuple[str, ...]) -> _Containing:
        made = super().__new__(cls, " … ".join(texts))
        made.texts = texts
        return made

    texts: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and all(text in other for text in self.texts)

    __hash__ = str.__hash__


if __name__ == "__main__":
    unittest.main()
