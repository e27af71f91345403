"""Prepares Airflow's metadata database: proves that the image has the packages that the DAGs import, waits for the database, migrates it, and checks the result.

Runs in the Airflow image, before the Helm release. A second run finds nothing to do.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Sequence

import airflow_database
from outcome import Failure, Result, Retryable, Variable, WrongSetting, progress, read_settings, redact, run
from patience import VARIABLES as PATIENCE_VARIABLES
from patience import Patience

_NAME_LIST = r'\[\s*("[^"]+"(\s*,\s*"[^"]+")*)?\s*\]'

VARIABLES = (
    Variable(
        "REQUIRED_PACKAGES",
        'JSON list of the names that the DAGs import, e.g. ["pyodbc", "azure.identity"]',
        pattern=_NAME_LIST,
        allowed="a JSON list of import names",
    ),
    Variable(
        "REQUIRED_ODBC_DRIVERS",
        'JSON list of ODBC drivers that must be installed, e.g. ["ODBC Driver 18 for SQL Server"]',
        default="[]",
        pattern=_NAME_LIST,
        allowed="a JSON list of driver names",
    ),
    Variable(
        "EXPECTED_AIRFLOW_VERSION",
        "version that the image must have, or its beginning (3.1 admits 3.1.8)",
        default="",
        pattern=r"[0-9]+(\.[0-9a-z]+)*",
    ),
    Variable(
        "IMAGE_SETTING",
        "how messages call the setting that names the image",
        default="the setting that names the Airflow image",
    ),
    *airflow_database.VARIABLES,
    *PATIENCE_VARIABLES,
)

# Airflow's package itself takes seconds to import on a small node.
_IMPORT_SECONDS = 180
_DISTRIBUTIONS = ("apache-airflow-core", "apache-airflow")

# One process for each package: a library that crashes while it loads ends that process only, and what it prints stays there.
_IMPORT = """
import importlib, json, sys
try:
    importlib.import_module(sys.argv[1])
except BaseException as error:
    missing = isinstance(error, ModuleNotFoundError) and (sys.argv[1] == error.name or sys.argv[1].startswith(str(error.name) + "."))
    print("\\n" + json.dumps([missing, type(error).__name__ + ": " + str(error)]))
    sys.exit(9)
"""
_DRIVERS = "import json, pyodbc; print('\\n' + json.dumps(pyodbc.drivers()))"


def _names(text: str, variable: str) -> list[str]:
    try:
        names = json.loads(text)
    except ValueError as error:
        raise WrongSetting(f"{variable} is not JSON: {error}") from error
    return [str(name) for name in names]


def _python(code: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, last line of stdout, last lines of stderr. The process does not get the database's DSN: importing a package needs none."""
    environment = {name: value for name, value in os.environ.items() if name != airflow_database.DSN}
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_IMPORT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Retryable(
            f"importing {' '.join(arguments) or 'pyodbc'} took more than {_IMPORT_SECONDS} s: is the node that slow?"
        ) from error
    lines = done.stdout.strip().splitlines()
    return done.returncode, lines[-1] if lines else "", " ".join(done.stderr.split())[-300:]


def _fault_of(package: str) -> str | None:
    """What keeps a package from being imported."""
    code, line, errors = _python(_IMPORT, package)
    if code == 0:
        return None
    if code == 9 and line.startswith("["):
        missing, text = json.loads(line)
        return f"{package} is missing" if missing else f"{package} is there, but does not load ({text})"
    return f"{package} ends the interpreter (code {code}) {errors}".strip()


def _prove_version(expected: str, remedy: str) -> str:
    for distribution in _DISTRIBUTIONS:
        try:
            actual = importlib.metadata.version(distribution)
            break
        except importlib.metadata.PackageNotFoundError:
            continue
    else:
        raise WrongSetting(f"the image has no Airflow in {sys.executable}: {remedy}")
    wanted = expected.split(".") if expected else []
    if actual.split(".")[: len(wanted)] != wanted:
        raise WrongSetting(
            f"the image has Airflow {actual}, not {expected}, which the chart and the DAGs of this release want: {remedy}"
        )
    progress(f"the image has Airflow {actual} on Python {sys.version.split()[0]}")
    return actual


def _prove_packages(packages: Sequence[str], drivers: Sequence[str], remedy: str) -> None:
    faults = []
    for package in packages:
        fault = _fault_of(package)
        progress(f"package {package}: {'imported' if fault is None else 'FAILED'}")
        if fault is not None:
            faults.append(fault)
    if drivers:
        code, line, errors = _python(_DRIVERS)
        installed = json.loads(line) if code == 0 and line.startswith("[") else []
        for driver in drivers:
            progress(f"{driver}: {'installed' if driver in installed else 'FAILED'}")
            if driver not in installed:
                faults.append(f"{driver} is not installed (installed: {', '.join(installed) or errors or 'none'})")
    if faults:
        raise WrongSetting(f"the image lacks what the DAGs need: {'; '.join(faults)}. Remedy: {remedy}", faults=faults)


def _airflow(remedy: str, *arguments: str) -> None:
    """Runs Airflow's command and shows what it prints."""
    shown = f"airflow {' '.join(arguments)}"
    progress(f"$ {shown}")
    tail: deque[str] = deque(maxlen=15)
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            # Left out: deprecations of its own dependencies, and what Alembic loads.
            if line.strip() and "Warning" not in line and "setup plugin alembic" not in line:
                tail.append(line.rstrip())
                progress(f"  {line.rstrip()}")
        code = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    if code != 0:
        raise _explain(shown, code, "\n".join(tail), remedy)


def _explain(command: str, code: int, output: str, remedy: str) -> Failure:
    # For example asyncpg, which Airflow loads for any PostgreSQL database, whatever driver the DSN names.
    absent = re.findall(r"ModuleNotFoundError: No module named '([^']+)'", output)
    if absent:
        return WrongSetting(f"{command}: the image lacks {absent[-1]}. Remedy: {remedy}")
    newer = re.search(r"Can't locate revision identified by '([^']+)'", output)
    if newer:
        return WrongSetting(
            f"{command}: the database was migrated by a newer Airflow (revision {newer[1]}), and this image does not know it. "
            "Go back to the newer image, or take the database back with it first (docs/upgrading.md)"
        )
    lines = output.splitlines()
    # Rich draws a box around the stack trace; what failed stands in the last lines.
    text = " ".join(" ".join(lines[-4:]).split())
    return Retryable(f"{command} ended with code {code}: {redact(text)[:1200]}")


def main() -> Result:
    settings = read_settings(VARIABLES)
    packages = _names(settings["REQUIRED_PACKAGES"], "REQUIRED_PACKAGES")
    drivers = _names(settings["REQUIRED_ODBC_DRIVERS"], "REQUIRED_ODBC_DRIVERS")
    dsn = settings[airflow_database.DSN]
    where = airflow_database.register_dsn(dsn)
    patience = Patience.of(settings)
    # The default is a default of this job only; Airflow has another one.
    os.environ[airflow_database.AUTH_MANAGER] = settings[airflow_database.AUTH_MANAGER]

    remedy = f"{settings['IMAGE_SETTING']} must name an image that has them (walkthrough step 11)"
    version = _prove_version(
        settings["EXPECTED_AIRFLOW_VERSION"],
        f"{settings['IMAGE_SETTING']} and the DataSurface version must fit each other",
    )
    _prove_packages(packages, drivers, remedy)

    engine = airflow_database.connect(dsn, patience, settings["DATABASE_SECRET"], where)
    progress(f"the database answers: {where}")
    _airflow(remedy, "db", "migrate")
    _airflow(remedy, "db", "check-migrations", "--migration-wait-timeout", "30")
    if not airflow_database.has_fab_tables(engine):
        raise WrongSetting(
            f"Airflow's tables are there, but not those of FAB ({airflow_database.FAB_TABLE}): does the image's Airflow know {settings[airflow_database.AUTH_MANAGER]}?"
        )
    return {"airflow": version, "packages": packages, "database": where}


if __name__ == "__main__":
    sys.exit(run("airflow-migrate", main, __doc__, VARIABLES))
