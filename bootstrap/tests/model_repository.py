"""A model with the lines that the vendor's demo model has where a deployment edits it; the rest is our own."""

from __future__ import annotations

ECO = '''\
"""A model for tests."""

from datasurface.dsl import Ecosystem
# For another cloud this line is changed to: from rte_aws import createDemoRTE
from rte_demo import createDemoRTE

GIT_REPO_OWNER: str = "git_username"  # your user name
GIT_REPO_NAME: str = "gitrepo_name"  # your repository


def createEcosystem() -> Ecosystem:
    ecosystem = Ecosystem(name="Demo", repo=f"{GIT_REPO_OWNER}/{GIT_REPO_NAME}")
    createDemoRTE(ecosystem)
    return ecosystem
'''

RTE = '''\
"""Where the model runs: Azure.
PLACEHOLDER values are replaced when it is deployed.
"""

from datasurface.platforms.yellow.azure_assembly import YellowAzureExternalAirflow3AndMergeDatabase

KUB_NAME_SPACE: str = "PLACEHOLDER_NAMESPACE"
MERGE_HOST: str = "PLACEHOLDER_SQL_SERVER_FQDN"
MERGE_PORT: int = 1433
AIRFLOW_HOST: str = "PLACEHOLDER_PG_FQDN"
AIRFLOW_SERVICE_ACCOUNT: str = "airflow-worker"
DATASURFACE_VERSION: str = "1.1.0"


def createDemoPSP():
    return YellowAzureExternalAirflow3AndMergeDatabase(
        name="Demo",
        namespace=KUB_NAME_SPACE,
        afHostPortPair=(AIRFLOW_HOST, 5432),
        airflowServiceAccount=AIRFLOW_SERVICE_ACCOUNT
    )


def createDemoRTE(ecosystem):
    return createDemoPSP()
'''

OWNER, NAME = "acme", "model-of.ours"
VALUES = {
    "NAMESPACE": "demo1-azure",
    "SQL_SERVER_FQDN": "ds-sql-x1.database.windows.net",
    "PG_FQDN": "ds-pg-x1.postgres.database.azure.com",
    "DATASURFACE_VERSION": "1.8.4",
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


def with_crlf(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data.replace(b"\n", b"\r\n") for name, data in files.items()}


def edited() -> dict[str, bytes]:
    """eco.py and rte_azure.py as the deployment wants them, without extras. Written down apart from the code that edits."""
    eco = ECO.replace("\nfrom rte_demo import", "\nfrom rte_azure import").replace('"git_username"', f'"{OWNER}"').replace('"gitrepo_name"', f'"{NAME}"')
    rte = RTE
    for old, new in (
        ("PLACEHOLDER_NAMESPACE", VALUES["NAMESPACE"]),
        ("PLACEHOLDER_SQL_SERVER_FQDN", VALUES["SQL_SERVER_FQDN"]),
        ("PLACEHOLDER_PG_FQDN", VALUES["PG_FQDN"]),
        ('"1.1.0"', '"1.8.4"'),
    ):
        rte = rte.replace(old, new)
    return {"eco.py": eco.encode(), "rte_azure.py": rte.encode()}
