"""clean_task_pods.py against a Kubernetes API that answers what a test says."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from support import Outcome, Reply, StandIn, run_job


def ago(days: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod(name: str, made: float, *ended: float) -> dict[str, object]:
    statuses = [{"state": {"terminated": {"exitCode": 1, "finishedAt": ago(days)}}} for days in ended]
    return {
        "metadata": {"name": name, "uid": f"uid of {name}", "creationTimestamp": ago(made)},
        "status": {"phase": "Failed", "containerStatuses": statuses},
    }


class CleanTaskPods(unittest.TestCase):
    def setUp(self) -> None:
        self.pods: list[dict[str, object]] = []
        self.asked: list[tuple[str, str, str, str]] = []
        self.replies: dict[str, Reply] = {}
        self.http = StandIn(self.answer)
        self.addCleanup(self.http.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.token = Path(folder.name) / "token"
        self.token.write_text("the account's token\n")

    def answer(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Reply:
        place, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        self.asked.append((method, place, body, headers.get("Authorization", "")))
        if method in self.replies:
            return self.replies[method]
        if method == "DELETE":
            return Reply(200, {"kind": "Pod"})
        wanted = {"labelSelector": ["kubernetes_pod_operator=True"], "fieldSelector": ["status.phase=Failed"]}
        if place != "/api/v1/namespaces/acme/pods" or {key: query.get(key) for key in wanted} != wanted:
            return Reply(404, {"message": f"not what is asked: {path}"})
        start = int(query.get("continue", ["0"])[0])
        rest = start + 2 < len(self.pods)
        return Reply(
            200, {"items": self.pods[start : start + 2], "metadata": {"continue": str(start + 2) if rest else ""}}
        )

    def clean(self, **changes: str) -> Outcome:
        return run_job(
            "clean_task_pods.py",
            {
                "NAMESPACE": "acme",
                "KEEP_DAYS": "7",
                "KUBERNETES_API": self.http.url,
                "TOKEN_FILE": str(self.token),
                "RETRY_SECONDS": "1",
                "RETRY_DELAY": "0.1",
                **changes,
            },
        )

    def deleted(self) -> list[str]:
        return [place.rsplit("/", 1)[1] for method, place, _, _ in self.asked if method == "DELETE"]

    def test_failed_pods_go_when_they_ended_long_enough_ago(self) -> None:
        self.pods = [
            pod("old", 9, 8),
            pod("long-task-that-ended-now", 30, 8, 0.1),
            pod("evicted", 8),
            pod("evicted-now", 1),
            pod("new", 6, 5),
        ]
        outcome = self.clean()
        self.assertEqual(outcome.code, 0, outcome.output)
        self.assertEqual(self.deleted(), ["old", "evicted"])
        self.assertEqual((outcome.result["deleted"], outcome.result["kept"]), (2, 3))
        self.assertEqual(
            [body for method, _, body, _ in self.asked if method == "DELETE"],
            ['{"preconditions": {"uid": "uid of old"}}', '{"preconditions": {"uid": "uid of evicted"}}'],
        )
        self.assertEqual({authorization for _, _, _, authorization in self.asked}, {"Bearer the account's token"})
        self.assertNotIn("the account's token", outcome.output)

    def test_a_pod_that_somebody_else_has_deleted_is_none_of_its_own(self) -> None:
        self.pods = [pod("old", 9, 8)]
        self.replies["DELETE"] = Reply(404, {"message": "not found"})
        outcome = self.clean()
        self.assertEqual((outcome.code, outcome.result["deleted"]), (0, 0), outcome.output)

    def test_refused_and_out_of_order(self) -> None:
        self.pods = [pod("old", 9, 8)]
        self.replies["DELETE"] = Reply(403, {"message": "pods is forbidden"})
        outcome = self.clean()
        self.assertEqual(outcome.code, 3, outcome.output)
        self.assertIn("needs a Role with list and delete on pods", outcome.message)
        self.replies = {"GET": Reply(500, "etcdserver: leader changed")}
        outcome = self.clean()
        self.assertEqual(outcome.code, 1, outcome.output)
        self.assertIn("answers HTTP 500", outcome.message)
