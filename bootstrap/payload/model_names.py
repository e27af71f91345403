"""What the model calls its parts, read from its source without running it, and where that differs from the deployment's settings:
database, secrets, jobs and DAG ids are called after these names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from model_files import Model
from model_reading import PROVIDER_CALL, Place, Reader
from outcome import Variable
from python_source import called

ASSEMBLY_CALL = "YellowAzureExternalAirflow3AndMergeDatabase"
# The name in the model that its image's tag is made of.
IMAGE_VERSION = "DATASURFACE_VERSION"
_AZURE_SQL = r"(AzureSQL\w*|SQLServer)Database"

_NAME = r"[A-Za-z][A-Za-z0-9_-]*"

NAME_VARIABLES = (
    Variable("ECOSYSTEM", "the model's ecosystem", pattern=_NAME),
    Variable("ASSEMBLY", "the assembly of its platform service provider", pattern=_NAME),
    Variable("PSP", "its platform service provider", pattern=_NAME),
    Variable("RTE_NAME", "its runtime environment", pattern=_NAME),
    Variable("MERGE_CONTAINER", "the data container of its merge engine", pattern=_NAME),
    Variable("MERGE_DATABASE", "the database of its merge engine", pattern=_NAME),
    Variable("GIT_CREDENTIAL", "its credential for the model's repository", pattern=_NAME),
    Variable("MERGE_CREDENTIAL", "its credential for the merge database", pattern=_NAME),
)


@dataclass(frozen=True)
class Names:
    """By the settings' own names, below datasurface.model."""

    ecosystem: str
    assembly: str
    psp: str
    runtimeEnvironment: str
    mergeContainer: str
    mergeDatabase: str
    gitCredential: str
    mergeCredential: str
    releaseSuffix: str

    @staticmethod
    def of(settings: dict[str, str]) -> Names:
        return Names(
            ecosystem=settings["ECOSYSTEM"],
            assembly=settings["ASSEMBLY"],
            psp=settings["PSP"],
            runtimeEnvironment=settings["RTE_NAME"],
            mergeContainer=settings["MERGE_CONTAINER"],
            mergeDatabase=settings["MERGE_DATABASE"],
            gitCredential=settings["GIT_CREDENTIAL"],
            mergeCredential=settings["MERGE_CREDENTIAL"],
            releaseSuffix=settings["RELEASE_SUFFIX"],
        )


class _Names(Reader):
    def __init__(self, model: Model, wanted: Names) -> None:
        super().__init__(model)
        self._wanted = wanted

    def _compare(self, setting: str, place: Place, found: str | None) -> None:
        wanted = str(getattr(self._wanted, setting))
        if found is not None and found != wanted:
            self.wrong.append(
                f"{place} is {found!r}, wanted is {wanted!r}: set datasurface.model.{setting}: {found or repr(found)}"
            )

    def _compare_name(self, setting: str, call: Place, keyword: str = "name", position: int | None = 0) -> None:
        place = self.argument(call, keyword, position)
        if place is not None:
            self._compare(setting, place, self.text(place))

    def _each(self, name: str) -> Iterator[Place]:
        found = self.calls(name)
        if not found:
            self.wrong.append(f"there is no call {name}(...) in {', '.join(self.files)}")
        yield from found

    def read(self) -> None:
        for call in self._each("Ecosystem"):
            self._compare_name("ecosystem", call)
        for call in self.calls(ASSEMBLY_CALL):
            self._compare_name("assembly", call)
        self._runtime()
        for call in self._each("VersionPatternReleaseSelector"):
            place = self.argument(call, "versionPattern", 0)
            if place is not None:
                self._compare("releaseSuffix", place, self._suffix(place))
        providers = list(self._each(PROVIDER_CALL))
        if len(providers) > 1:
            places = ", ".join(f"{place.file} line {place.node.lineno}" for place in providers)
            self.wrong.append(
                f"the model has {len(providers)} platform service providers ({places}), and a deployment runs one: give each an environment and a model repository of its own (docs/model.md)"
            )
            return
        for provider in providers:
            self._provider(provider)

    def images_of_their_own(self) -> list[str]:
        for provider in self.calls(PROVIDER_CALL):
            place = self.argument(provider, "datasurfaceDockerImage")
            parts = place.node.values if place and isinstance(place.node, ast.JoinedStr) else []
            before, last = parts[-2:] if len(parts) > 1 else (None, None)
            follows = (
                isinstance(before, ast.Constant)
                and str(before.value).endswith(":v")
                and isinstance(last, ast.FormattedValue)
                and last.conversion == -1
                and last.format_spec is None
                and isinstance(last.value, ast.Name)
                and last.value.id == IMAGE_VERSION
            )
            if place and not follows:
                self.wrong.append(
                    f"{place} is {ast.unparse(place.node)}: datasurface.imageDigest pins the pods of tasks where the image ends in :v{{{IMAGE_VERSION}}}. Write it so, or leave the setting out: tasks and jobs then run what the tag names at the time"
                )
        return self.wrong

    def _runtime(self) -> None:
        """A model may declare several; the deployment's is one of them, and the one that rte_azure.py configures."""
        for name in ("RuntimeDeclaration", "getRuntimeEnvironmentOrThrow"):
            places = [place for call in self._each(name) if (place := self.argument(call, "name", 0)) is not None]
            texts = [self.text(place) for place in places]
            if texts and None not in texts and self._wanted.runtimeEnvironment not in texts:
                for place, text in zip(places, texts):
                    self._compare("runtimeEnvironment", place, text)

    def _suffix(self, place: Place) -> str | None:
        def is_version(node: ast.expr) -> bool:
            return isinstance(node, ast.Attribute) and node.attr == "VN_N_N"

        node = place.node
        if is_version(node):
            return ""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and is_version(node.left):
            return self.text(Place(place.file, node.right, place.what))
        self.wrong.append(
            f"{place} is {ast.unparse(node)!r}: wanted is VersionPatterns.VN_N_N + {self._wanted.releaseSuffix!r} (datasurface.model.releaseSuffix)"
        )
        return None

    def _provider(self, provider: Place) -> None:
        self._compare_name("psp", provider)
        for setting, keyword in (("gitCredential", "gitCredential"), ("mergeCredential", "mergeRW_Credential")):
            credential = self.argument(provider, keyword)
            call = self.call_of(credential) if credential else None
            if call is not None:
                self._compare_name(setting, call)
        container = self.argument(provider, "merge_datacontainer")
        call = self.call_of(container) if container else None
        if call is None:
            return
        assert isinstance(call.node, ast.Call)
        engine = called(self.model.parsed(call.file), call.node)
        if not re.fullmatch(_AZURE_SQL, engine):
            self.wrong.append(
                f"{call} is a {engine or 'call'}: a merge engine other than Azure SQL (SQLServerDatabase, AzureSQL...Database) is not deployed"
            )
            return
        self._compare_name("mergeContainer", call)
        self._compare_name("mergeDatabase", call, "databaseName", None)


def images_of_their_own(model: Model, wanted: Names) -> list[str]:
    """Images that do not follow from DATASURFACE_VERSION, so that a digest in it would not reach the pods of tasks."""
    return _Names(model, wanted).images_of_their_own()


def disagreements(model: Model, wanted: Names) -> list[str]:
    """Every name of the model that differs from the settings, or cannot be read: file, line, found, wanted and the setting."""
    reader = _Names(model, wanted)
    reader.read()
    return reader.wrong
