"""Deletes failed pods of Airflow's tasks that ended long enough ago. DAGs of some releases keep them for ever; their logs stay in Airflow.

Only pods that a KubernetesPodOperator has made count, by its label, and only those in the phase Failed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote, urlencode

from http_exchange import Answer, an_object, exchange, objects, opener
from outcome import Refused, Result, Retryable, Variable, progress, read_settings, register_secret, run
from patience import VARIABLES as PATIENCE_VARIABLES
from patience import Patience, Unreachable

VARIABLES = (
    Variable("NAMESPACE", "Kubernetes namespace of the pods", pattern=r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"),
    Variable("KEEP_DAYS", "days for which a failed pod stays", pattern=r"[0-9]+(\.[0-9]+)?"),
    Variable(
        "KUBERNETES_API",
        "address of the Kubernetes API",
        default="https://kubernetes.default.svc",
        pattern=r"https?://[^\s/@?#]+",
    ),
    Variable(
        "TOKEN_FILE",
        "file with the service account's token",
        default="/var/run/secrets/kubernetes.io/serviceaccount/token",
    ),
    *PATIENCE_VARIABLES,
)

_LABEL = "kubernetes_pod_operator=True"
_PAGE = 100


class _Pods:
    def __init__(self, settings: Mapping[str, str]) -> None:
        self._path = f"/api/v1/namespaces/{settings['NAMESPACE']}/pods"
        self._url = settings["KUBERNETES_API"]
        self._token_file = Path(settings["TOKEN_FILE"])
        self._patience = Patience.of(dict(settings))
        self._director = opener(use_proxies=False)

    def _call(self, method: str, path: str, payload: object = None) -> Answer:
        # Read each time: the kubelet renews it.
        token = self._token_file.read_text().strip()
        register_secret(token)
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if payload is None else json.dumps(payload).encode()

        def call() -> Answer:
            answer = exchange(self._director, method, self._url + path, headers, data, timeout=60)
            if answer.status == 429 or answer.status >= 500:
                raise Unreachable(
                    f"{self._url} answers HTTP {answer.status} to {method} {path.split('?')[0]}",
                    after=answer.seconds_to_wait(),
                )
            return answer

        answer = self._patience.until_reached("the Kubernetes API", call)
        if answer.status in (401, 403):
            raise Refused(
                f"the Kubernetes API refuses to {method} {path.split('?')[0]} (HTTP {answer.status}): the service account needs a Role with list and delete on pods. It says: {answer.text()}"
            )
        return answer

    def failed(self) -> Iterator[Mapping[str, object]]:
        more = ""
        while True:
            query = {
                "labelSelector": _LABEL,
                "fieldSelector": "status.phase=Failed",
                "limit": str(_PAGE),
                **({"continue": more} if more else {}),
            }
            answer = self._call("GET", f"{self._path}?{urlencode(query)}")
            if answer.status != 200:
                raise Retryable(f"listing pods answers HTTP {answer.status}: {answer.text()}")
            page = an_object(answer.json())
            yield from objects(page, "items")
            more = str(an_object(page.get("metadata")).get("continue") or "")
            if not more:
                return

    def delete(self, name: str, uid: str) -> bool:
        # Not a pod of the same name that came in its place.
        answer = self._call("DELETE", f"{self._path}/{quote(name)}", {"preconditions": {"uid": uid}})
        if answer.status not in (200, 202, 404, 409):
            raise Retryable(f"deleting the pod {name} answers HTTP {answer.status}: {answer.text()}")
        return answer.status in (200, 202)


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None


def _ended(pod: Mapping[str, object]) -> datetime | None:
    """When its last container ended; when it was made if none has run, as after an eviction."""
    statuses = objects(pod.get("status"), "containerStatuses")
    ends = [_time(an_object(an_object(status.get("state")).get("terminated")).get("finishedAt")) for status in statuses]
    return max((end for end in ends if end), default=_time(an_object(pod.get("metadata")).get("creationTimestamp")))


def main() -> Result:
    settings = read_settings(VARIABLES)
    pods = _Pods(settings)
    before = datetime.now(timezone.utc) - timedelta(days=float(settings["KEEP_DAYS"]))
    progress(
        f"failed pods of tasks in {settings['NAMESPACE']} that ended before {before.isoformat(timespec='seconds')}"
    )
    deleted = kept = 0
    for pod in list(pods.failed()):
        metadata, ended = an_object(pod.get("metadata")), _ended(pod)
        name = str(metadata.get("name"))
        if ended is None or ended >= before:
            kept += 1
        elif pods.delete(name, str(metadata.get("uid"))):
            deleted += 1
            progress(f"    deleted {name}, which failed at {ended.isoformat(timespec='seconds')}")
    return {"deleted": deleted, "kept": kept}


if __name__ == "__main__":
    sys.exit(run("clean-task-pods", main, __doc__, VARIABLES))
