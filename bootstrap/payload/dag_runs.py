"""Runs of the infrastructure DAG since the deployment, and what the log of the one that succeeded says of the merge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from airflow_api import Airflow
from outcome import Failure, progress

# What DataSurface's merge says, in a line of text or inside of JSON.
_CONFIGURATIONS = re.compile(
    r"Populated (?P<kind>factory|CQRS) DAG configurations(?:(?!Populated).){0,400}?config_count[\\\"']*\s*[:=]\s*(?P<count>\d+)",
    re.DOTALL,
)
_KINDS = ("factory", "CQRS")


def time_of(value: object) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else None


@dataclass
class Runs:
    dag: str
    since: datetime
    succeeded: str = ""
    # When the run that succeeded has ended: what it brings about is seen in DAG files that are parsed later.
    ended: datetime | None = None
    _noted: set[str] = field(default_factory=set)
    _failed: list[str] = field(default_factory=list)
    status: str = ""

    def look(self, airflow: Airflow) -> None:
        if self.succeeded:
            return
        states: dict[str, int] = {}
        for entry in airflow.runs_since(self.dag, self.since):
            run_id, state = str(entry.get("dag_run_id")), str(entry.get("state"))
            states[state] = states.get(state, 0) + 1
            if state == "success":
                self.succeeded, self.ended = run_id, time_of(entry.get("end_date"))
                return
            if state == "failed" and run_id not in self._noted:
                self._noted.add(run_id)
                tasks = (
                    ", ".join(str(task.get("task_id")) for task in airflow.tasks(self.dag, run_id, "failed"))
                    or "no task"
                )
                self._failed.append(f"{run_id} (failed: {tasks})")
                progress(f"    note: the run {run_id} failed ({tasks}); the next scheduled one decides")
        seen = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        self.status = f"no run of {self.dag} that started since {self.since.isoformat(timespec='seconds')} has succeeded ({seen or 'none has started'})"
        if self._failed:
            self.status += f"; failed: {'; '.join(self._failed[-3:])}, its logs are in Airflow's UI"


def _place_of_merge(task: Mapping[str, object]) -> tuple[bool, str]:
    """Sorts the tasks whose names speak of the merge to the front."""
    name = str(task.get("task_id"))
    return "merge" not in name, name


def merged_configurations(airflow: Airflow, runs: Runs) -> dict[str, int]:
    """How many configurations of DAGs the merge of the successful run has written, by their kind; empty when its log does not say so."""
    found: dict[str, int] = {}
    try:
        for task in sorted(airflow.tasks(runs.dag, runs.succeeded, "success"), key=_place_of_merge):
            found.update(
                {
                    match["kind"]: int(match["count"])
                    for match in _CONFIGURATIONS.finditer(airflow.log(runs.dag, runs.succeeded, task))
                }
            )
            if len(found) == len(_KINDS):
                break
    except Failure as failure:
        # The log is looked at beside the proof, which stands without it.
        progress(f"    note: a log of the run {runs.succeeded} cannot be read: {failure}")
    return {kind: found[kind] for kind in _KINDS if kind in found}
