"""airflow_migrate, airflow_admin and verify against a live Airflow. The tests run in their order: starting Airflow is the slow part, and is done once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from support import (
    DAGS,
    EXPECTED,
    INFRASTRUCTURE,
    PASSWORD,
    LiveAirflow,
    Outcome,
    Reply,
    StandIn,
    differs_between_versions,
    others_build_on_it,
    wait_until,
)

MADE_BY_RUN = ["scd2_extra_dag"]
_SSE = (("Content-Type", "text/event-stream"),)


class Live(unittest.TestCase):
    airflow: LiveAirflow
    mcp: StandIn

    @classmethod
    def setUpClass(cls) -> None:
        cls.airflow = LiveAirflow()
        cls.mcp = StandIn(
            lambda method, path, body, headers: (
                Reply(200, "event: endpoint\r\ndata: /messages\r\n\r\n", _SSE) if path == "/sse" else Reply(404, "no")
            )
        )

    @classmethod
    def tearDownClass(cls) -> None:
        cls.mcp.close()
        cls.airflow.remove()

    def setUp(self) -> None:
        # A run takes seconds of a core, and later tests need no further one.
        if self._testMethodName >= "test_16":
            self.airflow.seconds = 3600
            self.airflow.set_state()

    def tearDown(self) -> None:
        for broken in self.airflow.dags.glob("broken*.py"):
            broken.unlink()
        self.airflow.set_state(failures=0)

    def check(self, outcome: Outcome, code: int, *texts: str) -> None:
        for text in texts:
            self.assertIn(text, outcome.output)
        self.assertEqual(outcome.code, code, outcome.output)
        for password in (PASSWORD, self.airflow.password):
            self.assertNotIn(password, outcome.output)
            self.assertNotIn(json.dumps(password)[1:-1], outcome.output)

    def in_airflow(self, code: str) -> str:
        """Runs code in Airflow's environment: the other way round to look at what a job did."""
        done = subprocess.run(
            [sys.executable, "-c", code], env=self.airflow.environment, capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

    def pause(self) -> None:
        self.airflow.sql("UPDATE dag SET is_paused = 1 WHERE dag_id = ?", INFRASTRUCTURE)

    def wait_for_quiet(self) -> None:
        """Until no task of the paused infrastructure DAG is under way; its runs stay as they are."""
        under_way = "SELECT * FROM task_instance WHERE dag_id = ? AND state IN ('queued', 'running')"
        wait_until(lambda: not self.airflow.sql(under_way, INFRASTRUCTURE), 300, "the task ends")

    def wait_for_import_errors(self, *files: str) -> None:
        """Until these files alone have one: those of an earlier test go one after the other."""

        def seen() -> bool:
            found = self.airflow.sql("SELECT filename FROM import_error")
            return sorted(Path(name).name for (name,) in found) == sorted(files)

        wait_until(seen, 300, f"the DAG processor reports {', '.join(files)} and no other file")

    def is_paused(self) -> bool:
        return bool(self.airflow.sql("SELECT is_paused FROM dag WHERE dag_id = ?", INFRASTRUCTURE)[0][0])

    def verify_within(self, seconds: int, wanted: str, **changes: str) -> Outcome:
        """A run that is to end at its bound, having come as far as `wanted`; with longer bounds where the machine is busy."""
        for bound in (seconds, 3 * seconds, 10 * seconds, 30 * seconds):
            outcome = self.airflow.job("verify.py", TIMEOUT_SECONDS=str(bound), **changes).end()
            if wanted in outcome.output:
                break
        return outcome

    # --- before anything runs ---

    def test_01_a_server_that_never_comes_up(self) -> None:
        outcome = self.airflow.job("verify.py", TIMEOUT_SECONDS="2").end()
        self.check(outcome, 1, "nothing listens there", "API server answers", "FAILED")
        self.assertEqual(outcome.result["checks"]["Airflow is healthy"], "not reached")
        self.assertLess(outcome.seconds, 60)

    def test_02_admin_before_the_migration(self) -> None:
        outcome = self.airflow.job("airflow_admin.py").end()
        self.check(outcome, 2, "airflow-migrate has not run")

    @others_build_on_it
    @differs_between_versions
    def test_03_the_whole_way_while_verify_already_waits(self) -> None:
        # Three jobs and four components import Airflow meanwhile.
        waiting = self.airflow.job("verify.py", TIMEOUT_SECONDS="900", MCP_URL=self.mcp.url + "/sse")
        first = self.airflow.job("airflow_migrate.py").end()
        self.check(first, 0, "the database answers")
        admin = self.airflow.job("airflow_admin.py").end()
        self.check(admin, 0)
        self.assertEqual(admin.result["changed"], ["created"])
        for component in ("api-server", "dag-processor", "scheduler", "triggerer"):
            self.airflow.start(component)
        outcome = waiting.end(1000)
        self.check(outcome, 0, "nothing listens there", "was paused, now unpaused")
        self.assertEqual(set(outcome.result["checks"].values()), {"ok"}, outcome.output)
        self.assertEqual(sorted(outcome.result["dags"]), sorted(DAGS))
        self.assertEqual(outcome.result["merged_configurations"], {"factory": 2, "CQRS": 1})
        self.assertNotIn("in the log of the merge", outcome.output)

    # --- it works ---

    def test_10_second_run(self) -> None:
        verify = self.airflow.job("verify.py").end()
        self.check(verify, 0, "was not paused")
        self.assertEqual(verify.result["checks"]["MCP server answers"], "not asked")

    def test_11_a_run_from_before_the_deployment_does_not_count(self) -> None:
        self.pause()
        later = (datetime.now(timezone.utc) + timedelta(seconds=200)).isoformat()
        outcome = self.airflow.job("verify.py", DEPLOYMENT_STARTED=later, TIMEOUT_SECONDS="4").end()
        self.check(outcome, 1, "none has started", "not parsed since the deployment")
        hours = (datetime.now(timezone.utc) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        # As Terraform writes it.
        outcome = self.airflow.job("verify.py", DEPLOYMENT_STARTED=hours).end()
        self.check(outcome, 0)

    def test_12_unpauses_only_the_infrastructure_dag(self) -> None:
        self.pause()
        outcome = self.airflow.job("verify.py", DEPLOYMENT_STARTED="").end()
        self.check(outcome, 0, "was paused, now unpaused")
        self.assertFalse(self.is_paused())

    def test_13_first_run_fails_and_the_next_one_decides(self) -> None:
        # Two: a run that is under way, and does not count, may take the first.
        self.airflow.set_state(failures=2)
        outcome = self.airflow.job("verify.py", DEPLOYMENT_STARTED="").end()
        self.check(outcome, 0, "failed (infrastructure_merge_task); the next scheduled one decides")

    @differs_between_versions
    def test_14_runs_that_always_fail(self) -> None:
        self.airflow.set_state(failures=1000)
        outcome = self.verify_within(12, "next scheduled one decides", DEPLOYMENT_STARTED="")
        self.check(outcome, 1, "failed: infrastructure_merge_task", "infrastructure DAG has run with success")
        self.assertEqual(outcome.result["checks"]["expected DAGs are registered"], "ok")
        self.assertEqual(outcome.result["checks"]["infrastructure DAG has run with success"], "FAILED")

    def test_15_a_dag_that_only_the_run_makes(self) -> None:
        self.pause()
        self.wait_for_quiet()
        self.airflow.set_state(makes=MADE_BY_RUN)
        # Nothing is expected but the infrastructure DAG: what its run has made is in the list all the same.
        outcome = self.airflow.job("verify.py", DEPLOYMENT_STARTED="", EXPECTED_DAGS="[]").end()
        self.check(outcome, 0, "    scd2_extra_dag ")
        self.assertIn(MADE_BY_RUN[0], outcome.result["dags"])

    def test_16_tokens_that_expire_in_the_middle(self) -> None:
        outcome = self.verify_within(9, "logging in again", EXPECTED_DAGS=json.dumps([*EXPECTED, "never"]))
        self.check(outcome, 1, "logging in again", "not registered: never")

    # --- something is wrong with the DAGs ---

    def test_20_missing_dag(self) -> None:
        outcome = self.airflow.job(
            "verify.py",
            EXPECTED_DAGS=json.dumps([*EXPECTED, "never", ["live_factory_dag", "forensic_factory_dag"]]),
            TIMEOUT_SECONDS="6",
        ).end()
        self.check(
            outcome,
            1,
            "not registered: never, live_factory_dag or forensic_factory_dag",
            "registered are:",
            "scd2_factory_dag",
            "name it in datasurface.expectedDags",
        )
        self.assertEqual(outcome.result["missing_dags"], ["never", ["live_factory_dag", "forensic_factory_dag"]])
        self.assertEqual(outcome.result["checks"]["infrastructure DAG has run with success"], "ok")

    def test_21_missing_infrastructure_dag(self) -> None:
        outcome = self.airflow.job(
            "verify.py", INFRASTRUCTURE_DAG="other-psp_infrastructure", TIMEOUT_SECONDS="4"
        ).end()
        self.check(outcome, 1, "other-psp_infrastructure is not registered", "Does git-sync read")

    @differs_between_versions
    def test_22_import_errors_are_all_shown(self) -> None:
        (self.airflow.dags / "broken_one.py").write_text(
            "# airflow DAG\nurl = 'mssql+pyodbc://sa:topsecret@host/db'\nraise ValueError('AZURE_KEY_VAULT_URL is unset, ' + url + ';PWD={top;secret};x')\n"
        )
        (self.airflow.dags / "broken_two.py").write_text("# airflow DAG\nimport there_is_no_such_module\n")
        self.wait_for_import_errors("broken_one.py", "broken_two.py")
        outcome = self.airflow.job("verify.py").end()
        self.check(
            outcome,
            1,
            "2 DAG files do not import",
            "broken_one.py",
            "broken_two.py",
            "Traceback",
            "AZURE_KEY_VAULT_URL is unset",
            "No module named 'there_is_no_such_module'",
        )
        self.assertNotIn("topsecret@", outcome.output)
        self.assertNotIn("{top;secret}", outcome.output)
        self.assertEqual(outcome.result["checks"]["this deployment's DAG files import"], "FAILED")
        self.assertEqual(len(outcome.result["import_errors"]), 2)
        # As Airflow names the files, they are none of the deployment's.
        outcome = self.airflow.job("verify.py", DAG_FILES="demo_psp_*_dag.py").end()
        self.check(outcome, 0, "note: broken_one.py does not import")
        self.assertEqual(sorted(outcome.result["other_import_errors"]), ["broken_one.py", "broken_two.py"])

    def test_23_an_import_error_that_is_mended_in_time(self) -> None:
        broken = self.airflow.dags / "broken_three.py"
        broken.write_text("# airflow DAG\nraise ValueError('not yet')\n")
        self.wait_for_import_errors("broken_three.py")
        job = self.airflow.job("verify.py", IMPORT_ERROR_SECONDS="250")
        job.wait_for("import errors: 1")
        broken.write_text("# airflow DAG\n")
        self.check(job.end(), 0)

    def test_24_an_import_error_that_shows_late(self) -> None:
        job = self.airflow.job("verify.py", SETTLE_SECONDS="250")
        job.wait_for("none yet, looking for 250 s")
        (self.airflow.dags / "broken_four.py").write_text("# airflow DAG\nraise ValueError('late')\n")
        self.check(job.end(), 1, "1 DAG file does not import")

    # --- something is wrong with the user ---

    @differs_between_versions
    def test_30_wrong_password(self) -> None:
        outcome = self.airflow.job(
            "verify.py", ADMIN_PASSWORD="another one entirely", ADMIN_SECRET="the Secret airflow-admin"
        ).end()
        self.check(
            outcome,
            3,
            "does not accept the user admin with the password in the Secret airflow-admin",
            "Raise revisions.airflowKeys",
        )
        self.assertNotIn("another one entirely", outcome.output)

    def test_31_changed_password_which_is_in_no_argument_list(self) -> None:
        job = self.airflow.job("airflow_admin.py", ADMIN_PASSWORD="a second password")
        seen: set[str] = set()

        def look() -> bool:
            for line in subprocess.run(
                ["ps", "-eo", "pgid=,args="], capture_output=True, text=True, check=True
            ).stdout.splitlines():
                group, _, arguments = line.strip().partition(" ")
                if group == str(job.process.pid):
                    seen.add(arguments)
            return job.process.poll() is not None

        wait_until(look, 300, "the job ends", 0.1)
        self.assertTrue(seen)
        self.assertEqual([arguments for arguments in seen if "second" in arguments], [])
        changed = job.end()
        self.check(changed, 0)
        self.assertEqual(changed.result["changed"], ["password"])
        self.check(self.airflow.job("verify.py").end(), 3)
        self.airflow.password = "a second password"
        self.check(self.airflow.job("verify.py").end(), 0)

    def test_32_a_user_without_the_role_gets_it(self) -> None:
        self.in_airflow("""
from airflow.providers_manager import ProvidersManager
ProvidersManager().initialize_providers_configuration()
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
with get_application_builder() as b:
    b.sm.add_user("viewer", "V", "W", "viewer@example.com", b.sm.find_role("Viewer"), "the viewer's own")
""")
        viewer = {"ADMIN_USERNAME": "viewer", "ADMIN_PASSWORD": "the viewer's own", "ADMIN_EMAIL": "viewer@example.com"}
        taken = self.airflow.job("airflow_admin.py", **{**viewer, "ADMIN_EMAIL": "admin@example.com"}).end()
        self.check(taken, 2, "belongs to another user (admin)")
        self.pause()
        refused = self.airflow.job("verify.py", FORBIDDEN_SECONDS="1", **viewer).end()
        self.check(refused, 3, "lacks the role Admin")
        given = self.airflow.job("airflow_admin.py", **viewer).end()
        self.check(given, 0, "other users hold the role Admin, too: admin")
        self.assertEqual(given.result["changed"], ["first name", "last name", "role Admin"])
        # The running API server remembers the user as it was.
        self.check(self.airflow.job("verify.py", FORBIDDEN_SECONDS="200", **viewer).end(), 0)

    # --- something breaks ---

    def test_41_the_server_dies_and_comes_back(self) -> None:
        job = self.airflow.job("verify.py", EXPECTED_DAGS=json.dumps([*EXPECTED, "late"]), RETRY_SECONDS="250")
        job.wait_for("not registered: late")
        self.airflow.stop("api-server", signal.SIGKILL)
        job.wait_for("nothing listens there")
        self.airflow.set_state(made=[*DAGS[1:], "late"])
        self.airflow.start("api-server")
        self.check(job.end(), 0, "next try in")

    def test_42_stopped_from_outside(self) -> None:
        job = self.airflow.job("verify.py", EXPECTED_DAGS=json.dumps([*EXPECTED, "never"]))
        job.wait_for("not registered: never")
        job.process.send_signal(signal.SIGTERM)
        outcome = job.end()
        self.check(outcome, 1, "stopped by SIGTERM", "result")

    def test_43_mcp_server_is_not_there_or_another_one(self) -> None:
        outcome = self.airflow.job("verify.py", MCP_URL=self.mcp.url + "/other", RETRY_SECONDS="1").end()
        self.check(outcome, 2, "is no event stream (HTTP 404", 'at the check "MCP server answers"')
        outcome = self.airflow.job("verify.py", MCP_URL="http://127.0.0.1:1/sse", TIMEOUT_SECONDS="6").end()
        self.check(outcome, 1, "did not answer with an event stream")

    @differs_between_versions
    def test_44_triggerer_gone_and_the_server_dies_half_way(self) -> None:
        half_way = self.airflow.job("verify.py", EXPECTED_DAGS=json.dumps([*EXPECTED, "never"]), RETRY_SECONDS="4")
        half_way.wait_for("not registered: never")
        self.airflow.stop("triggerer", signal.SIGKILL)
        time.sleep(7)
        outcome = self.airflow.job("verify.py", TIMEOUT_SECONDS="3").end()
        self.check(outcome, 1, "triggerer unhealthy", 'at the check "Airflow is healthy"')
        self.airflow.stop("api-server", signal.SIGKILL)
        self.check(
            half_way.end(), 1, 'at the check "expected DAGs are registered"', "given up after", "nothing listens there"
        )
