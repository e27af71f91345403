"""verify.py against a server that behaves as the real one can, but not on demand: busy, broken, crowded, or not Airflow at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from support import DAGS, EXPECTED, INFRASTRUCTURE, PAYLOAD, Outcome, Reply, StandIn, clean_environment, run_job

SCD4_DAGS = [dag.replace("scd2", "scd4") for dag in DAGS]
HEALTHY = {
    component: {"status": "healthy"} for component in ("metadatabase", "scheduler", "dag_processor", "triggerer")
}


class Server:
    """Answers as a healthy Airflow; `override` comes first."""

    def __init__(self) -> None:
        self.override: dict[str, object] = {}
        self.dags = list(DAGS)
        self.logins = 0
        self.old: list[str] = []
        self.paused: list[str] = []
        self.runs: list[dict[str, str]] = [{"dag_run_id": "run+1", "state": "success"}]
        self.parsed = "2999-01-01T00:00:00Z"
        self.tasks: list[dict[str, object]] = []
        # By the task's id and try.
        self.logs: dict[str, Reply] = {}

    def answer(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Reply | None:
        place, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        if place in self.override:
            reply = self.override[place]
            reply = reply.pop(0) if isinstance(reply, list) and reply else reply
            if isinstance(reply, Reply):
                return reply
            if reply is None:
                return None
        if place == "/api/v2/monitor/health":
            return Reply(200, HEALTHY)
        if place == "/auth/token":
            self.logins += 1
            return Reply(201, {"access_token": f"token-{self.logins}"})
        if headers.get("Authorization") != f"Bearer token-{self.logins}":
            return Reply(401, {"detail": "Invalid JWT token"})
        offset, limit = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["50"])[0])
        if place == "/api/v2/dags":
            page = self.dags[offset : offset + min(limit, 100)]
            return Reply(
                200,
                {
                    "dags": [
                        {
                            "dag_id": dag,
                            "is_paused": dag in self.paused,
                            "relative_fileloc": "demo_psp_infrastructure_dag.py",
                            "last_parsed_time": "2020-01-01T00:00:00Z" if dag in self.old else self.parsed,
                        }
                        for dag in page
                    ],
                    "total_entries": len(self.dags),
                },
            )
        if place == "/api/v2/importErrors":
            return Reply(200, {"import_errors": [], "total_entries": 0})
        if place.endswith("/dagRuns"):
            return Reply(200, {"dag_runs": self.runs, "total_entries": len(self.runs)})
        if place.endswith("/taskInstances"):
            return Reply(200, {"task_instances": self.tasks, "total_entries": len(self.tasks)})
        if "/logs/" in place:
            return self.logs.get("/".join(place.split("/")[-3::2]), Reply(404, {"detail": "Not Found"}))
        return Reply(404, {"detail": "Not Found"})


class StandInTests(unittest.TestCase):
    def setUp(self) -> None:
        self.server = Server()
        self.http = StandIn(self.server.answer)
        self.addCleanup(self.http.close)

    def verify(self, **changes: str) -> Outcome:
        return run_job(
            "verify.py",
            {
                "AIRFLOW_URL": self.http.url,
                "ADMIN_USERNAME": "admin",
                "ADMIN_PASSWORD": "stand-in password",
                "EXPECTED_DAGS": json.dumps(EXPECTED),
                "INFRASTRUCTURE_DAG": INFRASTRUCTURE,
                "TIMEOUT_SECONDS": "20",
                "IMPORT_ERROR_SECONDS": "1",
                "SETTLE_SECONDS": "0",
                "FORBIDDEN_SECONDS": "0.5",
                "POLL_SECONDS": "0.1",
                "RETRY_SECONDS": "2",
                "RETRY_DELAY": "0.1",
                # For what is outside of the cluster.
                "http_proxy": "http://127.0.0.1:1",
                **changes,
            },
        )

    def check(self, outcome: Outcome, code: int, *texts: str) -> None:
        self.assertEqual(outcome.code, code, outcome.output)
        for text in texts:
            self.assertIn(text, outcome.output)

    def test_healthy(self) -> None:
        self.check(self.verify(), 0)

    def test_without_a_list_the_infrastructure_dag_is_enough_and_the_others_are_listed(self) -> None:
        self.server.dags = [INFRASTRUCTURE, "live_factory_dag", "Acme_default_Warehouse_2_cqrs"]
        self.server.paused = ["live_factory_dag"]
        outcome = self.verify(EXPECTED_DAGS="")
        self.check(
            outcome,
            0,
            "0 expected, 3 in all",
            "DAGs in Airflow: 3",
            "live_factory_dag               paused  demo_psp_infrastructure_dag.py",
            "Acme_default_Warehouse_2_cqrs  active",
        )
        self.assertEqual(outcome.result["dags"], sorted(self.server.dags))
        self.server.dags = ["live_factory_dag"]
        self.check(self.verify(EXPECTED_DAGS="", TIMEOUT_SECONDS="1"), 1, "demo-psp_infrastructure is not registered")

    def test_dags_that_the_run_made_are_in_the_list(self) -> None:
        self.server.runs = [{"dag_run_id": "run+1", "state": "success", "end_date": "2998-01-01T00:00:00Z"}]
        self.server.parsed = "2997-01-01T00:00:00Z"
        outcome = self.verify(EXPECTED_DAGS="[]", TIMEOUT_SECONDS="1")
        self.check(
            outcome,
            1,
            "demo-psp_infrastructure is not parsed since its run",
            'at the check "expected DAGs are registered"',
        )
        self.server.parsed = "2999-01-01T00:00:00Z"
        self.check(self.verify(EXPECTED_DAGS="[]"), 0)

    def test_what_the_merge_says_is_told_and_the_rest_of_its_log_is_not(self) -> None:
        line = "2026-11-27 INFO Populated %s DAG configurations {'psp': 'Demo_PSP', 'config_count': %d}"
        specification = "{'name': 'sqlserver-demo-merge_PASSWORD', 'value': 'in the log'}"
        self.server.tasks = [
            {"task_id": "start", "try_number": 1, "map_index": -1},
            {"task_id": "infrastructure_merge_task", "try_number": 2, "map_index": -1},
        ]
        self.server.logs = {
            "infrastructure_merge_task/2": Reply(
                200,
                {
                    "content": [
                        {"event": text}
                        for text in (specification, line % ("factory", 1), line % ("factory", 2), line % ("CQRS", 0))
                    ]
                },
            )
        }
        outcome = self.verify()
        self.check(outcome, 0, "merge has configured DAGs", "2 factory, 0 CQRS")
        self.assertEqual(outcome.result["merged_configurations"], {"factory": 2, "CQRS": 0})
        self.assertEqual(outcome.result["checks"]["merge has configured DAGs"], "ok")
        self.assertNotIn("in the log", outcome.output.replace("in the logs", ""))
        self.server.logs["infrastructure_merge_task/2"] = Reply(200, {"content": [{"event": line % ("factory", 0)}]})
        self.assertEqual(self.verify().result["checks"]["merge has configured DAGs"], "none")

    def test_a_log_that_cannot_be_read_does_not_fail(self) -> None:
        self.server.tasks = [{"task_id": "infrastructure_merge_task", "try_number": 1}]
        outcome = self.verify()
        self.check(outcome, 0, "no log of run+1 says so")
        self.assertEqual(outcome.result["checks"]["merge has configured DAGs"], "not known")
        self.server.logs = {"infrastructure_merge_task/1": Reply(500, "no such volume")}
        self.check(self.verify(), 0, "note: a log of the run run+1 cannot be read", "answers HTTP 500")

    def test_what_earlier_versions_left_in_the_git_cache_is_removed(self) -> None:
        with tempfile.TemporaryDirectory() as share:
            old = Path(share, "bootstrap-0123456789abcdef")
            old.mkdir()
            os.utime(old, (0, 0))
            self.check(self.verify(GIT_CACHE=share), 0, f"removed from {share}")
            self.assertFalse(old.exists())

    def test_more_dags_than_a_page(self) -> None:
        self.server.dags = [f"a_{number:04}" for number in range(250)] + DAGS
        outcome = self.verify()
        self.check(outcome, 0, "255 in all")

    def test_server_errors_in_the_middle(self) -> None:
        self.server.override["/api/v2/dags"] = [Reply(500, "PendingRollbackError"), None, Reply(503, "")]
        # After the list is empty, it is no reply any more, and the healthy answer follows.
        self.check(self.verify(), 0, "answers HTTP 500 to GET /api/v2/dags")
        self.server.override["/api/v2/dags"] = Reply(500, "PendingRollbackError")
        self.check(self.verify(), 1, "given up after", "answers HTTP 500", 'at the check "infrastructure DAG')

    def test_token_refused_again_and_again(self) -> None:
        self.server.override["/api/v2/dags"] = Reply(401, {"detail": "Signature verification failed"})
        self.check(self.verify(), 1, "do its replicas have different keys")

    def test_not_airflow(self) -> None:
        self.server.override["/api/v2/monitor/health"] = Reply(404, "<html>nginx</html>")
        self.check(self.verify(), 2, "is it Airflow 3", "nginx")
        self.server.override = {"/api/v2/monitor/health": Reply(302, "", (("Location", "http://127.0.0.1:1/"),))}
        self.check(self.verify(), 2, "answers HTTP 302")

    def test_component_that_never_reported(self) -> None:
        self.server.override["/api/v2/monitor/health"] = Reply(
            200, {**HEALTHY, "dag_processor": None, "triggerer": {"status": None, "latest_triggerer_heartbeat": None}}
        )
        self.check(
            self.verify(TIMEOUT_SECONDS="1"), 1, "dag_processor has never reported, triggerer has never reported"
        )

    def test_another_auth_manager(self) -> None:
        self.server.override["/auth/token"] = Reply(405, {"detail": "Method Not Allowed"})
        self.check(self.verify(), 2, "is its auth manager FAB?")

    def test_forbidden(self) -> None:
        self.server.override["/api/v2/importErrors"] = Reply(403, {"detail": "Forbidden"})
        self.check(self.verify(), 3, "lacks the role Admin")
        self.server.override["/api/v2/importErrors"] = [Reply(403, {"detail": "Forbidden"})]
        self.check(self.verify(FORBIDDEN_SECONDS="10"), 0)

    def test_dag_of_an_earlier_deployment(self) -> None:
        self.server.old = DAGS
        self.check(
            self.verify(TIMEOUT_SECONDS="1"),
            1,
            "not parsed since the deployment: demo-psp_infrastructure, scd2_factory_dag, scd2_datatransformer_factory, Demo_PSP",
        )

    def test_one_of_the_alternatives_is_enough(self) -> None:
        for dags in (DAGS, SCD4_DAGS):
            self.server.dags = dags
            outcome = self.verify()
            self.check(outcome, 0, "4 expected, 5 in all")
            self.assertEqual(outcome.result["dags"], sorted(dags))

    def test_none_of_the_alternatives(self) -> None:
        self.server.dags = [dag.replace("scd2", "live") for dag in DAGS]
        outcome = self.verify(TIMEOUT_SECONDS="1")
        self.check(outcome, 1, 'at the check "expected DAGs are registered"')
        self.assertIn(
            "not registered: scd2_factory_dag or scd4_factory_dag, scd2_datatransformer_factory or scd4_datatransformer_factory;",
            outcome.message,
        )
        self.assertIn(
            "registered are: Demo_PSP_K8sMergeDB_reconcile, Demo_PSP_default_K8sMergeDB_cqrs, demo-psp_infrastructure, live_datatransformer_factory, live_factory_dag.",
            outcome.message,
        )
        self.assertEqual(
            outcome.result["missing_dags"],
            [
                ["scd2_factory_dag", "scd4_factory_dag"],
                ["scd2_datatransformer_factory", "scd4_datatransformer_factory"],
            ],
        )

    def test_any_missing_dag_gets_the_hint(self) -> None:
        self.server.dags = DAGS[:-1]
        outcome = self.verify(TIMEOUT_SECONDS="1")
        self.check(
            outcome,
            1,
            "not registered: Demo_PSP_default_K8sMergeDB_cqrs;",
            "name it in datasurface.expectedDags",
            "the infrastructure DAG has not made it: the logs of its runs",
        )
        self.server.runs = []
        self.check(self.verify(TIMEOUT_SECONDS="1"), 1, "As long as no run of the infrastructure DAG has succeeded")

    def test_an_alternative_of_an_earlier_deployment_does_not_count(self) -> None:
        self.server.old = [dag for dag in DAGS if "scd2" in dag]
        self.check(
            self.verify(TIMEOUT_SECONDS="1"),
            1,
            "not parsed since the deployment: scd2_factory_dag, scd2_datatransformer_factory",
        )
        # The model was changed from SCD2 to SCD4, and Airflow does not know yet that the DAGs of before are gone.
        self.server.dags = [*DAGS, *(dag for dag in SCD4_DAGS if "scd4" in dag)]
        self.check(self.verify(), 0, "4 expected, 7 in all")

    def test_of_many_dags_the_message_shows_some_and_their_number(self) -> None:
        self.server.dags = [f"a_{number:04}" for number in range(250)] + DAGS[:-1]
        self.check(self.verify(TIMEOUT_SECONDS="1"), 1, "a_0017, a_0018 and 234 more")

    def test_import_error_of_a_file_that_is_gone_does_not_count_until_the_end(self) -> None:
        error = {
            "import_error_id": 1,
            "timestamp": "2026-01-01T00:00:00Z",
            "filename": "old.py",
            "bundle_name": "dags-folder",
            "stack_trace": "ValueError: old",
        }
        stale = Reply(200, {"import_errors": [error], "total_entries": 1})
        self.server.override["/api/v2/importErrors"] = [stale] * 25
        self.check(self.verify(), 0, "import errors: 1 at present")
        self.server.override["/api/v2/importErrors"] = stale
        outcome = self.verify(TIMEOUT_SECONDS="3")
        self.check(outcome, 1, "1 DAG file does not import: old.py (ValueError: old)")

    def test_import_error_of_a_file_of_somebody_else_is_reported_and_does_not_fail(self) -> None:
        def error(name: str) -> dict[str, object]:
            return {
                "import_error_id": 1,
                "timestamp": datetime.now(timezone.utc).isoformat(),
                "filename": name,
                "bundle_name": "dags-folder",
                "stack_trace": f"Traceback\nValueError: {name}",
            }

        def present(*names: str) -> None:
            self.server.override["/api/v2/importErrors"] = Reply(
                200, {"import_errors": [error(name) for name in names], "total_entries": len(names)}
            )

        present("mine.py", "team/other_dag.py")
        outcome = self.verify(DAG_FILES="demo_psp_*_dag.py")
        self.check(
            outcome, 0, "not this deployment's, and do not import: mine.py (ValueError: mine.py), team/other_dag.py"
        )
        self.assertEqual(sorted(outcome.result["other_import_errors"]), ["mine.py", "team/other_dag.py"])
        self.assertEqual(outcome.output.count("note: mine.py does not import"), 1)
        present("mine.py", "demo_psp_infrastructure_dag.py")
        outcome = self.verify(DAG_FILES="demo_psp_*_dag.py", TIMEOUT_SECONDS="2")
        self.check(outcome, 1, "1 DAG file does not import: demo_psp_infrastructure_dag.py")
        # A DAG that is missing may need what the other file defines.
        present("mine.py")
        self.server.dags = DAGS[:-1]
        self.check(
            self.verify(DAG_FILES="demo_psp_*_dag.py", TIMEOUT_SECONDS="1"),
            1,
            f"not registered: {DAGS[-1]}; registered are",
            "; not this deployment's, and do not import: mine.py",
        )

    def test_a_server_that_asks_for_a_wait_gets_it(self) -> None:
        for place in ("/api/v2/monitor/health", "/api/v2/dags"):
            self.server.override = {place: [Reply(503, "", (("Retry-After", "1"),))]}
            outcome = self.verify()
            self.check(outcome, 0)
            self.server.override = {place: Reply(503, "", (("Retry-After", "3600"),))}
            self.check(self.verify(), 3, "It asks not to be called before", "(in 60 min)")

    def test_mcp_that_does_not_admit_the_host(self) -> None:
        for reply in (Reply(421, "Misdirected Request"), Reply(400, "Invalid Host header")):
            self.server.override["/sse"] = reply
            self.check(self.verify(MCP_URL=self.http.url + "/sse"), 3, "--allowed-host")

    def test_mcp_that_is_slow(self) -> None:
        stream = Reply(200, "event: endpoint\r\n\r\n", (("Content-Type", "text/event-stream; charset=utf-8"),))
        self.server.override["/sse"] = [Reply(503, ""), None, stream]
        self.check(self.verify(MCP_URL=self.http.url + "/sse"), 0, "HTTP 503")

    def test_wrong_settings(self) -> None:
        for wrong in ("1", "[]", '["scd2_factory_dag", 1]', '["scd2 factory"]', '{"a": "b"}', '[["a"]]'):
            self.check(
                self.verify(EXPECTED_DAGS=f'["right", {wrong}]'),
                2,
                f"no DAG id, and no list of alternative ones: {wrong}",
            )
        self.check(
            self.verify(EXPECTED_DAGS="demo", MCP_URL="demo-psp-mcp:8000"), 2, "EXPECTED_DAGS is 'demo'", "MCP_URL is"
        )
        self.check(self.verify(DEPLOYMENT_STARTED="yesterday"), 2, "ISO 8601")
        self.check(self.verify(DEPLOYMENT_STARTED="2026-01-01T00:00:00"), 2, "with its time zone")
        self.check(self.verify(DEPLOYMENT_STARTED="2999-01-01T00:00:00Z"), 2, "no run could have started after it")
        self.check(self.verify(ADMIN_PASSWORD=""), 2, "ADMIN_PASSWORD is not set")

    def test_the_time_of_the_deployment_reaches_the_query(self) -> None:
        started = datetime.now(timezone.utc).replace(microsecond=0).isoformat()
        self.check(self.verify(DEPLOYMENT_STARTED=started), 0)
        asked = [parse_qs(urlsplit(path).query) for _, path in self.http.requests if "/dagRuns" in path]
        self.assertEqual(asked[0]["start_date_gte"], [started])


class Help(unittest.TestCase):
    def test_each_script_lists_its_variables(self) -> None:
        for script, names in {
            "verify.py": [
                "AIRFLOW_URL",
                "ADMIN_PASSWORD",
                "EXPECTED_DAGS",
                "INFRASTRUCTURE_DAG",
                "DEPLOYMENT_STARTED",
                "MCP_URL",
                "TIMEOUT_SECONDS",
            ],
            "identity.py": ["KEY_VAULT_URL", "SECRET_NAME", "REQUIRED_KEYS", "AZURE_FEDERATED_TOKEN_FILE"],
            "airflow_migrate.py": [
                "REQUIRED_PACKAGES",
                "EXPECTED_AIRFLOW_VERSION",
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
            ],
            "airflow_admin.py": [
                "ADMIN_USERNAME",
                "ADMIN_PASSWORD",
                "ADMIN_EMAIL",
                "ADMIN_FIRST_NAME",
                "ADMIN_LAST_NAME",
            ],
        }.items():
            done = subprocess.run(
                [sys.executable, str(PAYLOAD / script), "--help"],
                env=clean_environment({}),
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([name for name in [*names, "exit codes: 0"] if name not in done.stdout], [], script)
