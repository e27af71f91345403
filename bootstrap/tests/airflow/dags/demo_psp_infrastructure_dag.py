"""Stands for the DAG file that DataSurface generates: the infrastructure DAG, whose run makes the other DAGs known, as the real one does through tables.

state.json beside this folder steers it: {"paused": bool, "made": [DAG ids that exist from the start], "makes": [DAG ids that a run makes], "failures": number of runs that fail, "seconds": between two runs}.
"""

import json
import logging
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

STATE = Path(os.environ["AIRFLOW_HOME"]) / "state.json"
COMMON = {"start_date": datetime(2026, 1, 1, tzinfo=timezone.utc), "catchup": False, "max_active_runs": 1}


def merge() -> None:
    state = json.loads(STATE.read_text())
    if state["failures"] > 0:
        state["failures"] -= 1
        STATE.write_text(json.dumps(state))
        raise RuntimeError("the tables are not there yet")
    state["made"] = sorted({*state["made"], *state["makes"]})
    STATE.write_text(json.dumps(state))
    # As the real task's log, which has the specification of its pod, too. The tests' Airflow leaves out what is less than a warning.
    for line in (
        "{'name': 'sqlserver-demo-merge_PASSWORD', 'value': 'in the log of the merge'}",
        f"Populated factory DAG configurations {json.dumps({'psp': 'Demo_PSP', 'config_count': 2})}",
        f"Populated CQRS DAG configurations {json.dumps({'psp': 'Demo_PSP', 'config_count': 1})}",
    ):
        logging.getLogger(__name__).warning(line)


state = json.loads(STATE.read_text())
with DAG(
    "demo-psp_infrastructure",
    schedule=timedelta(seconds=state["seconds"]),
    is_paused_upon_creation=state["paused"],
    default_args={"retries": 0},
    **COMMON,
) as infrastructure:
    (
        EmptyOperator(task_id="start")
        >> PythonOperator(task_id="infrastructure_merge_task", python_callable=merge)
        >> EmptyOperator(task_id="end")
    )

for dag_id in state["made"]:
    with DAG(dag_id, schedule=None, **COMMON) as made:
        EmptyOperator(task_id="only")
    globals()[dag_id.replace("-", "_")] = made
