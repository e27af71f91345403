"""airflow_migrate and airflow_admin with Airflow's own packages and a real PostgreSQL that wants passwords."""

from __future__ import annotations

import importlib.metadata
import shutil
import signal
import tempfile
import textwrap
import unittest
from pathlib import Path
from urllib.parse import quote

from support import FAB, Job, Outcome, Postgres, differs_between_versions, free_port, others_build_on_it, run_job, stop

USER, PASSWORD = "pgadmin", "p@ss:w/rd %41!$é"
VERSION = importlib.metadata.version("apache-airflow")


class _Case(unittest.TestCase):
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="jobs-"))

    @classmethod
    def tearDownClass(cls) -> None:
        shutil.rmtree(cls.folder, ignore_errors=True)

    def environment(self, dsn: str, **changes: str) -> dict[str, str]:
        return {
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": dsn,
            "DATABASE_SECRET": "the Secret airflow-database",
            "REQUIRED_PACKAGES": "[]",
            "RETRY_SECONDS": "4",
            "RETRY_DELAY": "0.5",
            "ADMIN_USERNAME": "admin",
            "ADMIN_PASSWORD": "the admin's own",
            "ADMIN_EMAIL": "admin@example.com",
            **changes,
        }

    def check(self, outcome: Outcome, code: int, *texts: str) -> None:
        self.assertEqual(outcome.code, code, outcome.output)
        for text in texts:
            self.assertIn(text, outcome.output)
        for secret in (PASSWORD, quote(PASSWORD, safe=""), "the admin's own"):
            self.assertNotIn(secret, outcome.output)


class Image(_Case):
    """What airflow-migrate proves before it touches the database."""

    def migrate(self, **changes: str) -> Outcome:
        return run_job(
            "airflow_migrate.py",
            self.environment(
                f"sqlite:///{self.folder}/untouched.db",
                IMAGE_SETTING="airflow.image in the environment file",
                **changes,
            ),
        )

    def refused(self, outcome: Outcome, *texts: str) -> None:
        self.check(outcome, 2, *texts)
        self.assertFalse((self.folder / "untouched.db").exists(), "the database was touched")

    def fake(self, name: str, source: str) -> str:
        packages = self.folder / f"packages-{name}"
        packages.mkdir(exist_ok=True)
        (packages / f"{name}.py").write_text(textwrap.dedent(source))
        return str(packages)

    def test_missing_packages_are_all_named(self) -> None:
        outcome = self.migrate(REQUIRED_PACKAGES='["json", "no_driver", "azure.no_such_part", "airflow.providers.fab"]')
        self.refused(
            outcome,
            "no_driver is missing",
            "azure.no_such_part is missing",
            "airflow.image in the environment file must name an image that has them",
        )
        self.assertEqual(len(outcome.result["faults"]), 2)

    @differs_between_versions
    def test_the_packages_of_walkthrough_step_11_import(self) -> None:
        outcome = self.migrate(REQUIRED_PACKAGES='["pymssql", "azure.identity", "azure.keyvault.secrets", "no_driver"]')
        self.refused(
            outcome,
            "package pymssql: imported",
            "package azure.identity: imported",
            "package azure.keyvault.secrets: imported",
        )

    def test_package_without_its_library(self) -> None:
        path = self.fake("half_there", "import not_there_either")
        self.refused(
            self.migrate(PYTHONPATH=path, REQUIRED_PACKAGES='["half_there"]'),
            "half_there is there, but does not load (ModuleNotFoundError: No module named 'not_there_either')",
        )
        path = self.fake("no_library", "raise ImportError('libodbc.so.2: cannot open shared object file')")
        self.refused(
            self.migrate(PYTHONPATH=path, REQUIRED_PACKAGES='["no_library"]'),
            "no_library is there, but does not load (ImportError: libodbc.so.2",
        )

    def test_package_that_crashes(self) -> None:
        path = self.fake("crashes", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
        self.refused(
            self.migrate(PYTHONPATH=path, REQUIRED_PACKAGES='["crashes"]'), "crashes ends the interpreter (code -11)"
        )

    def test_importing_does_not_see_the_dsn(self) -> None:
        path = self.fake(
            "curious", "import os; raise ImportError(str('AIRFLOW__DATABASE__SQL_ALCHEMY_CONN' in os.environ))"
        )
        self.refused(self.migrate(PYTHONPATH=path, REQUIRED_PACKAGES='["curious"]'), "(ImportError: False)")

    def test_odbc_driver(self) -> None:
        path = self.fake("pyodbc", "def drivers(): return ['ODBC Driver 17 for SQL Server']")
        outcome = self.migrate(
            PYTHONPATH=path,
            REQUIRED_PACKAGES='["pyodbc"]',
            REQUIRED_ODBC_DRIVERS='["ODBC Driver 18 for SQL Server", "ODBC Driver 17 for SQL Server"]',
        )
        self.refused(
            outcome,
            "ODBC Driver 18 for SQL Server is not installed (installed: ODBC Driver 17 for SQL Server)",
            "ODBC Driver 17 for SQL Server: installed",
        )

    def test_another_version(self) -> None:
        self.refused(self.migrate(EXPECTED_AIRFLOW_VERSION="2.10"), f"the image has Airflow {VERSION}, not 2.10")
        # Found before the real one: 3.1 is not the beginning of 3.10.
        metadata = self.folder / "later" / "apache_airflow_core-3.10.2.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: apache-airflow-core\nVersion: 3.10.2\n")
        self.refused(
            self.migrate(PYTHONPATH=str(metadata.parent), EXPECTED_AIRFLOW_VERSION="3.1"),
            "the image has Airflow 3.10.2, not 3.1, which the chart and the DAGs of this release want",
        )

    def test_wrong_settings_come_at_once(self) -> None:
        outcome = self.migrate(
            REQUIRED_PACKAGES="pyodbc",
            RETRY_SECONDS="long",
            AIRFLOW__CORE__AUTH_MANAGER="airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        )
        self.refused(outcome, "REQUIRED_PACKAGES is 'pyodbc'", "RETRY_SECONDS is 'long'", f"wanted is {FAB}")


class Database(_Case):
    postgres: Postgres

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.postgres = Postgres(USER, PASSWORD)
        cls.postgres.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.postgres.remove()
        super().tearDownClass()

    def dsn(
        self,
        password: str = PASSWORD,
        port: int = 0,
        database: str = "postgres",
        host: str = "127.0.0.1",
        more: str = "",
    ) -> str:
        return f"postgresql+psycopg2://{USER}:{quote(password, safe='')}@{host}:{port or self.postgres.port}/{database}{more}"

    def migrate(self, dsn: str, **changes: str) -> Outcome:
        return run_job("airflow_migrate.py", self.environment(dsn, **changes))

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        import psycopg2  # type: ignore[import-untyped]

        connection = psycopg2.connect(
            host="127.0.0.1", port=self.postgres.port, user=USER, password=PASSWORD, dbname=database
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def test_1_unreachable(self) -> None:
        outcome = self.migrate(self.dsn(port=free_port()))
        self.check(outcome, 1, "takes no connection", "next try in", "given up after")
        self.assertRegex(outcome.output, r"given up after [0-9] s")
        self.check(
            self.migrate(self.dsn(host="no-such-server.invalid"), RETRY_SECONDS="1"),
            1,
            "cannot be resolved",
            "private DNS zone",
        )

    def test_2_wrong_password(self) -> None:
        outcome = self.migrate(self.dsn(password="not that one"), RETRY_SECONDS="300")
        self.check(
            outcome,
            3,
            "does not accept user and password",
            "the password in the Secret airflow-database is not the server's",
        )
        self.assertNotIn("not that one", outcome.output)
        self.assertNotIn("next try in", outcome.output)
        admin = run_job("airflow_admin.py", self.environment(self.dsn(password="not that one")))
        self.check(admin, 3, "the Secret airflow-database")

    def test_3_wrong_dsn(self) -> None:
        self.check(
            self.migrate(self.dsn(database="airflow_database")), 2, "the server has no database 'airflow_database'"
        )
        self.check(self.migrate(self.dsn(more="?sslmode=require")), 2, "no TLS connection", "sslmode")
        self.check(self.migrate("postgresql+psycopg2://a:b/c@d:5432/x"), 2, "percent-encoded")
        self.check(self.migrate("postgresql+nosuchdriver://a:b@127.0.0.1/x"), 2, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")

    @others_build_on_it
    @differs_between_versions
    def test_4_server_comes_up_late_and_second_run(self) -> None:
        self.sql("CREATE DATABASE airflow_db")
        self.postgres.stop()
        job = Job(
            "airflow_migrate.py",
            self.environment(
                self.dsn(database="airflow_db"),
                RETRY_SECONDS="300",
                REQUIRED_PACKAGES='["airflow.providers.fab"]',
                EXPECTED_AIRFLOW_VERSION=VERSION.rsplit(".", 1)[0],
            ),
        )
        job.wait_for("takes no connection")
        self.postgres.start()
        self.check(job.end(), 0, "the database answers")
        self.assertEqual(self.sql("SELECT count(*) FROM ab_user", "airflow_db"), [(0,)])
        before = self.sql("SELECT version_num FROM alembic_version", "airflow_db")
        self.check(self.migrate(self.dsn(database="airflow_db")), 0)
        self.assertEqual(self.sql("SELECT version_num FROM alembic_version", "airflow_db"), before)

    @differs_between_versions
    def test_5_admin(self) -> None:
        environment = self.environment(self.dsn(database="airflow_db"))
        self.check(run_job("airflow_admin.py", environment), 0, "created")
        self.check(run_job("airflow_admin.py", environment), 0, "already as it must be")
        self.sql("UPDATE ab_user SET active = false", "airflow_db")
        changed = run_job(
            "airflow_admin.py",
            {
                **environment,
                "ADMIN_PASSWORD": "another password",
                "ADMIN_EMAIL": "new@example.com",
                "ADMIN_LAST_NAME": "Istrator",
            },
        )
        self.check(changed, 0)
        self.assertEqual(changed.result["changed"], ["last name", "email", "active", "password"])
        self.assertEqual(
            self.sql(
                "SELECT u.username, r.name FROM ab_user u JOIN ab_user_role j ON j.user_id = u.id JOIN ab_role r ON r.id = j.role_id",
                "airflow_db",
            ),
            [("admin", "Admin")],
        )

    @differs_between_versions
    def test_5b_image_without_a_package_of_airflow_itself(self) -> None:
        hidden = self.folder / "hidden"
        hidden.mkdir()
        (hidden / "asyncpg.py").write_text("raise ModuleNotFoundError(\"No module named 'asyncpg'\", name='asyncpg')\n")
        self.check(self.migrate(self.dsn(), PYTHONPATH=str(hidden)), 2, "the image lacks asyncpg")

    def test_6_killed_while_it_migrates(self) -> None:
        self.sql("CREATE DATABASE killed")
        dsn = self.dsn(database="killed")
        job = Job("airflow_migrate.py", self.environment(dsn))
        job.wait_for("Creating Airflow database tables")
        stop(job.process, signal.SIGKILL)
        self.check(self.migrate(dsn), 0)
        self.assertEqual(self.sql("SELECT count(*) FROM ab_user", "killed"), [(0,)])

    def test_7_migrated_by_a_newer_airflow(self) -> None:
        self.sql("UPDATE alembic_version SET version_num = 'ffffffffffff'", "airflow_db")
        self.check(
            self.migrate(self.dsn(database="airflow_db")), 2, "migrated by a newer Airflow (revision ffffffffffff)"
        )

    def test_8_admin_when_the_server_is_gone(self) -> None:
        self.postgres.stop()
        self.check(
            run_job("airflow_admin.py", self.environment(self.dsn(database="airflow_db"))), 1, "takes no connection"
        )
