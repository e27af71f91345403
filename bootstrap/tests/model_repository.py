"""A model with the lines that the vendor's demo model has where a deployment edits it; the rest is our own."""

from __future__ import annotations

ECO = '''\
"""A model for tests."""

from datasurface.dsl import Ecosystem, RuntimeDeclaration
# For another cloud this line is changed to: from rte_aws import createDemoRTE
from rte_demo import createDemoRTE

GIT_REPO_OWNER: str = "git_username"  # your user name
GIT_REPO_NAME: str = "gitrepo_name"  # your repository


def createEcosystem() -> Ecosystem:
    repo = f"{GIT_REPO_OWNER}/{GIT_REPO_NAME}"
    ecosystem = Ecosystem(name="Demo", repo=repo, runtimeDecls=[RuntimeDeclaration("demo", repo)])
    createDemoRTE(ecosystem)
    return ecosystem
'''

RTE = '''\
"""Where the model runs: Azure.
PLACEHOLDER values are replaced when it is deployed.
"""

from datasurface.md.db.sqlserver import SQLServerDatabase
from datasurface.platforms.yellow import YellowPlatformServiceProvider
from datasurface.platforms.yellow.azure_assembly import YellowAzureExternalAirflow3AndMergeDatabase
from datasurface.repos import VersionPatternReleaseSelector, VersionPatterns
from datasurface.security import Credential, CredentialType

KUB_NAME_SPACE: str = "PLACEHOLDER_NAMESPACE"
MERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"
MERGE_PORT: int = 1433
AIRFLOW_HOST: str = "PLACEHOLDER_PG_FQDN"
AIRFLOW_SERVICE_ACCOUNT: str = "airflow-worker"
DATASURFACE_VERSION: str = "1.1.0"
MERGE_DBNAME: str = "merge_db"


def createDemoPSP():
    merge = SQLServerDatabase("K8sMergeDB", hostPort=(MERGE_HOST, MERGE_PORT), databaseName=MERGE_DBNAME)
    assembly = YellowAzureExternalAirflow3AndMergeDatabase(
        name="Demo",
        namespace=KUB_NAME_SPACE,
        afHostPortPair=(AIRFLOW_HOST, 5432),
        airflowServiceAccount=AIRFLOW_SERVICE_ACCOUNT
    )
    return YellowPlatformServiceProvider(
        "Demo_PSP",
        gitCredential=Credential("git", CredentialType.API_TOKEN),
        mergeRW_Credential=Credential("sqlserver-demo-merge", CredentialType.USER_PASSWORD),
        yp_assembly=assembly,
        merge_datacontainer=merge,
    )


def createDemoRTE(ecosystem):
    rte = ecosystem.getRuntimeEnvironmentOrThrow("demo")
    rte.configure(VersionPatternReleaseSelector(VersionPatterns.VN_N_N + "-demo"))
    rte.setPSP(createDemoPSP())
    return rte
'''

OWNER, NAME = "acme", "model-of.ours"
VALUES = {
    "NAMESPACE": "demo1-azure",
    "SQL_SERVER_FQDN": "ds-sql-x1.database.windows.net",
    "PG_FQDN": "ds-pg-x1.postgres.database.azure.com",
    "DATASURFACE_VERSION": "1.8.4",
    "CHECK_MODULE": "datasurface.entrypoints.action",
}
# What the settings say of the model's names.
NAMES = {
    "ECOSYSTEM": "Demo",
    "ASSEMBLY": "Demo",
    "PSP": "Demo_PSP",
    "RTE_NAME": "demo",
    "MERGE_CONTAINER": "K8sMergeDB",
    "MERGE_DATABASE": "merge_db",
    "GIT_CREDENTIAL": "git",
    "MERGE_CREDENTIAL": "sqlserver-demo-merge",
    "RELEASE_SUFFIX": "-demo",
}


def template() -> dict[str, bytes]:
    return {
        "eco.py": ECO.encode(),
        "rte_azure.py": RTE.encode(),
        "rte_demo.py": b"def createDemoRTE(ecosystem): ...\n",
        "README.md": b"# Model\nPLACEHOLDER_NAMESPACE stays in a text\n",
        ".gitignore": b"generated_output/\n*.py\n",
        "helm/values.yaml": b"host: PLACEHOLDER_PG_FQDN\n",
    }


WORKFLOW = ".github/workflows/pull-request.yml"
IMAGE = "registry.gitlab.com/datasurface-inc/datasurface/datasurface"


def beside(version: str, module: str) -> dict[str, bytes]:
    """What stands beside the model for pull requests, of a version of DataSurface."""
    run = f"docker run --rm {IMAGE}:v{version} \\\n            python -m datasurface.{module}.action /main /pr"
    return {
        "requirements.txt": f"pytest==8.0.0\ndatasurface=={version}\ndatasurface-tools==1.0.0\n".encode(),
        WORKFLOW: f"on: pull_request\njobs:\n  check:\n    steps:\n      - run: |\n          {run}\n      - uses: actions/checkout@v4\n".encode(),
        ".gitlab-ci.yml": f"variables:\n  DATASURFACE_IMAGE: {IMAGE}:v{version}\ncheck:\n  script: python -m datasurface.{module}.action /main /pr\n".encode(),
    }


def with_crlf(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data.replace(b"\n", b"\r\n") for name, data in files.items()}


def edited() -> dict[str, bytes]:
    """eco.py and rte_azure.py as the deployment wants them, without extras. Written down apart from the code that edits."""
    eco = (
        ECO.replace("\nfrom rte_demo import", "\nfrom rte_azure import")
        .replace('"git_username"', f'"{OWNER}"')
        .replace('"gitrepo_name"', f'"{NAME}"')
    )
    rte = RTE
    for old, new in (
        ("PLACEHOLDER_NAMESPACE", VALUES["NAMESPACE"]),
        ("PLACEHOLDER_SQL_SERVER_FQDN", VALUES["SQL_SERVER_FQDN"]),
        ("PLACEHOLDER_PG_FQDN", VALUES["PG_FQDN"]),
        ('"1.1.0"', '"1.8.4"'),
    ):
        rte = rte.replace(old, new)
    return {"eco.py": eco.encode(), "rte_azure.py": rte.encode()}


# A model in which a team has renamed everything, with constants of another file and its own function names.
RENAMED_NAMES = {
    "ECOSYSTEM": "Acme",
    "ASSEMBLY": "Acme_Lake",
    "PSP": "Acme_Data_PSP",
    "RTE_NAME": "prod",
    "MERGE_CONTAINER": "Warehouse",
    "MERGE_DATABASE": "acme_merge",
    "GIT_CREDENTIAL": "github-acme",
    "MERGE_CREDENTIAL": "acme-merge-rw",
    "RELEASE_SUFFIX": "-acme",
}

_RENAMED_ECO = """\
from datasurface.dsl import Ecosystem, RuntimeDeclaration
from acme_names import ECOSYSTEM, GIT_REPO_NAME, GIT_REPO_OWNER, RUNTIME
from rte_local import (
    createAcmeRTE,
)


def createEcosystem() -> Ecosystem:
    repo = f"{GIT_REPO_OWNER}/{GIT_REPO_NAME}"
    ecosystem = Ecosystem(ECOSYSTEM, repo, runtimeDecls=[RuntimeDeclaration(name="test", repo=repo), RuntimeDeclaration(name=RUNTIME, repo=repo)])
    createAcmeRTE(ecosystem)
    return ecosystem
"""

_RENAMED_RTE = """\
from acme_names import RUNTIME, SUFFIX
from acme_platform import create_platform
from datasurface.repos import VersionPatternReleaseSelector as Selector, VersionPatterns
from datasurface.yellow import YellowAzureExternalAirflow3AndMergeDatabase

from hosts import AIRFLOW_HOST, MERGE_HOST

KUB_NAME_SPACE = "PLACEHOLDER_NAMESPACE"
DATASURFACE_VERSION = "1.1.0"


def createAcmeRTE(ecosystem):
    rte = ecosystem.getRuntimeEnvironmentOrThrow(RUNTIME)
    rte.configure(Selector(VersionPatterns.VN_N_N + SUFFIX))
    assembly = YellowAzureExternalAirflow3AndMergeDatabase(name="Acme_Lake", namespace=KUB_NAME_SPACE, afHostPortPair=(AIRFLOW_HOST, 5432))
    rte.setPSP(create_platform(assembly, MERGE_HOST))
    return rte
"""

_RENAMED_PLATFORM = """\
import datasurface.yellow as yellow
from datasurface.containers import AzureSQLHyperscaleDatabase
from datasurface.security import Credential, CredentialType

import acme_names
from acme_names import MERGE_DATABASE

GIT = Credential("github-acme", CredentialType.API_TOKEN)


def _engine(host):
    container = AzureSQLHyperscaleDatabase(name="Warehouse", hostPort=(host, 1433), databaseName=MERGE_DATABASE)
    return container


def _merge_credential():
    return Credential("acme-merge-rw", CredentialType.USER_PASSWORD)


def create_platform(assembly, host):
    return yellow.YellowPlatformServiceProvider(
        name="Acme_Data_PSP", gitCredential=GIT, mergeRW_Credential=_merge_credential(), yp_assembly=assembly, merge_datacontainer=_engine(host)
    )
"""


def renamed() -> dict[str, bytes]:
    """Beside it stands a runtime of another cloud, with a platform that this deployment does not load."""
    return {
        "eco.py": _RENAMED_ECO.encode(),
        "rte_azure.py": _RENAMED_RTE.encode(),
        "rte_local.py": b'from datasurface.yellow import YellowPlatformServiceProvider\n\n\ndef createAcmeRTE(ecosystem):\n    return YellowPlatformServiceProvider("Local_PSP")\n',
        "acme_platform.py": _RENAMED_PLATFORM.encode(),
        "acme_names.py": b'from typing import Final\n\nECOSYSTEM: Final[str] = "Acme"\nRUNTIME: Final = "prod"\nSUFFIX = "-acme"\nMERGE_DATABASE = "acme_merge"\nGIT_REPO_OWNER = "x"\nGIT_REPO_NAME = "y"\n',
        "hosts.py": b'AIRFLOW_HOST: str = "PLACEHOLDER_PG_FQDN"\nMERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"\n',
    }


_TEAM_RTE = """\
from datasurface.containers import AzureSQLDatabase, SQLServerDatabase
from datasurface.dsl import ConsumerReplicaGroup
from datasurface.repos import VersionPatternReleaseSelector, VersionPatterns
from datasurface.security import Credential, CredentialType
from datasurface.yellow import BulkObjectStorageBinding, YellowAzureExternalAirflow3AndMergeDatabase, YellowPlatformServiceProvider

from db_constants import AIRFLOW_HOST, BULK_CREDENTIAL, CQRS_CREDENTIAL, MERGE_DATABASE, MERGE_HOST

KUB_NAME_SPACE = "PLACEHOLDER_NAMESPACE"
DATASURFACE_VERSION = "1.1.0"


def _merge():
    return SQLServerDatabase("K8sMergeDB", hostPort=(MERGE_HOST, 1433), databaseName=MERGE_DATABASE)


def _bulk():
    return BulkObjectStorageBinding(writerCredential=Credential(BULK_CREDENTIAL, CredentialType.API_KEY_PAIR))


def createDemoPSP():
    warehouse = AzureSQLDatabase("Warehouse", hostPort=("warehouse.example", 1433), databaseName="warehouse")
    group = ConsumerReplicaGroup(name="BI", dataContainers={warehouse}, credential=Credential(CQRS_CREDENTIAL, CredentialType.USER_PASSWORD))
    assembly = YellowAzureExternalAirflow3AndMergeDatabase(name="Demo", namespace=KUB_NAME_SPACE, afHostPortPair=(AIRFLOW_HOST, 5432))
    return YellowPlatformServiceProvider(
        "Demo_PSP",
        gitCredential=Credential("git", CredentialType.API_TOKEN),
        mergeRW_Credential=Credential("sqlserver-demo-merge", CredentialType.USER_PASSWORD),
        yp_assembly=assembly,
        merge_datacontainer=_merge(),
        bulkObjectStorage=_bulk(),
        consumerReplicaGroups=[group],
    )


def createDemoRTE(ecosystem):
    rte = ecosystem.getRuntimeEnvironmentOrThrow("demo")
    rte.configure(VersionPatternReleaseSelector(VersionPatterns.VN_N_N + "-demo"))
    rte.setPSP(createDemoPSP())
    return rte
"""

_TEAM_CRM = """\
from datasurface.dsl import Datastore, SQLIngestion, Workspace
from datasurface.repos import GitHubRepository
from datasurface.security import Credential, CredentialType

SOURCE = "crm_source"


def create_crm_team(zone):
    credential = Credential(SOURCE, CredentialType.USER_PASSWORD)
    team = zone.getTeamOrThrow("crm")
    for number in range(3):
        team.add(Datastore(f"Crm_{number}", capture_metadata=SQLIngestion(credential)))
    team.add(Workspace("CrmReport"))
"""


def team_model() -> dict[str, bytes]:
    """What a team makes of the template: a consumer group and bulk storage with their credentials, sources and workspaces in files of their own, constants in db_constants.py."""
    eco = ECO.replace(
        "\nfrom rte_demo import createDemoRTE\n",
        "\nfrom rte_demo import createDemoRTE\nfrom zones import create_zones\n",
    )
    eco = eco.replace("    createDemoRTE(ecosystem)\n", "    createDemoRTE(ecosystem)\n    create_zones(ecosystem)\n")
    return {
        **template(),
        "eco.py": eco.encode(),
        "rte_azure.py": _TEAM_RTE.encode(),
        "db_constants.py": b'AIRFLOW_HOST: str = "PLACEHOLDER_PG_FQDN"\nMERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"\nMERGE_DATABASE = "merge_db"\nBULK_CREDENTIAL = "bulk-writer"\nCQRS_CREDENTIAL = "cqrs-writer"\n',
        "zones.py": b'from crm_team import create_crm_team\n\n\ndef create_zones(ecosystem):\n    create_crm_team(ecosystem.getZoneOrThrow("sales"))\n',
        "crm_team.py": _TEAM_CRM.encode(),
    }
