"""Proves that the deployment works: Airflow is healthy, the admin can log in, the infrastructure DAG is registered and not paused, one run of it
that started after the deployment has succeeded, none of the deployment's DAG files fails to import, and the MCP server answers.

The other DAGs follow from the model. Its log lists those that there are, with what the merge says of their configurations; EXPECTED_DAGS makes
some of them a requirement. DAG files of others in the same repository that do not import are reported, and do not fail it. Its log ends with a
table of these checks: the walkthrough's last checkpoint. It changes one thing: it unpauses the infrastructure DAG.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone

import airflow_api
from airflow_api import Airflow
from checks import Clock, Table
from dag_import_errors import ImportErrors
from dag_runs import Runs, merged_configurations, time_of
from git_cache import VARIABLES as GIT_CACHE_VARIABLES
from git_cache import remove_old_caches
from http_exchange import an_object
from mcp_stream import wait_for_stream
from outcome import Result, Retryable, Variable, WrongSetting, progress, read_settings, run
from patience import Unreachable

_DAG_ID = r"[A-Za-z0-9_.-]{1,250}"

VARIABLES = (
    *airflow_api.VARIABLES,
    Variable(
        "EXPECTED_DAGS",
        "JSON list of the DAGs that must be registered beside the infrastructure DAG, each an id or a list of alternative ids, of which one is enough",
        default="[]",
        pattern=r"\[.*\]",
        allowed="a JSON list of DAG ids and lists of them",
    ),
    Variable("INFRASTRUCTURE_DAG", "id of the DAG that must run once", pattern=_DAG_ID),
    Variable(
        "DAG_FILES",
        "names of the DAG files that publish-dag publishes, * for any text; import errors of other files are reported and do not fail the job",
        default="*",
        pattern=r"[A-Za-z0-9_.*-]+",
        allowed="a file name with * for any text, for example acme_psp_*_dag.py",
    ),
    Variable(
        "DEPLOYMENT_STARTED",
        "only runs that started after this time count, in ISO 8601 with a time zone; default: the start of this job",
        default="",
    ),
    Variable(
        "MCP_URL",
        "address of the MCP server's event stream, e.g. http://acme-psp-mcp:8000/sse; empty: not asked",
        default="",
        pattern=airflow_api.URL,
        allowed="an http(s) address without user or query",
    ),
    Variable("TIMEOUT_SECONDS", "bound for everything together", default="1800", pattern=airflow_api.SECONDS),
    Variable(
        "IMPORT_ERROR_SECONDS",
        "how long an import error may last before it fails the job: after a repaired DAG file the old error stays until git-sync and the DAG processor have seen it",
        default="120",
        pattern=airflow_api.SECONDS,
    ),
    Variable(
        "SETTLE_SECONDS",
        "how long to look for import errors at least: git-sync and the DAG processor see a DAG file only some time after it was pushed",
        default="90",
        pattern=airflow_api.SECONDS,
    ),
    Variable("POLL_SECONDS", "pause between two looks", default="5", pattern=airflow_api.SECONDS),
    *GIT_CACHE_VARIABLES,
)

# In /api/v2/monitor/health. A component that never reported is null, which is not healthy either.
_COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
# DAGs that a message names: a model may have hundreds.
_SHOWN = 20

_CHECKS = {
    "server": "API server answers",
    "health": "Airflow is healthy",
    "login": "admin logs in",
    "dag": "infrastructure DAG is registered and not paused",
    "errors": "this deployment's DAG files import",
    "run": "infrastructure DAG has run with success",
    "dags": "expected DAGs are registered",
    "merge": "merge has configured DAGs",
    "mcp": "MCP server answers",
}


def _wait_for_server(airflow: Airflow, clock: Clock) -> None:
    while True:
        try:
            airflow.health()
            return
        except Unreachable as error:
            away = error
        clock.tell(f"not yet: {away}")
        if not clock.pause(away):
            raise Retryable(f"the API server did not answer within {clock.seconds:.0f} s; the last thing seen: {away}")


def _wait_for_health(airflow: Airflow, clock: Clock) -> str:
    while True:
        away: Unreachable | None = None
        try:
            health = airflow.health()
            ill = []
            for component in _COMPONENTS:
                state = an_object(health.get(component))
                if state.get("status") != "healthy":
                    heartbeat = state.get(f"latest_{component}_heartbeat")
                    ill.append(
                        f"{component} {state.get('status') or 'has never reported'}"
                        + (f" (last heartbeat {heartbeat})" if heartbeat else "")
                    )
            if not ill:
                return ", ".join(_COMPONENTS)
            status = ", ".join(ill)
        except Unreachable as error:
            away, status = error, str(error)
        clock.tell(f"not yet: {status}")
        if not clock.pause(away):
            raise Retryable(f"not healthy within {clock.seconds:.0f} s: {status}")


def _wait_for_dag(airflow: Airflow, clock: Clock, errors: ImportErrors, dag: str) -> str:
    """The infrastructure DAG alone: with some releases it is its run that makes the other ones."""
    unpaused = False
    while True:
        found = airflow.dags()
        count = errors.look(airflow.import_errors(), patient=True)
        if dag in found:
            if not found[dag].get("is_paused"):
                return f"{dag}: {'was paused, now unpaused' if unpaused else 'was not paused'}"
            airflow.unpause(dag)
            unpaused = True
            continue
        status = f"{dag} is not registered; {len(found)} DAGs are: {', '.join(sorted(found)[:10]) or 'none'}; import errors: {count}"
        clock.tell(f"not yet: {status}")
        if not clock.pause():
            errors.look(airflow.import_errors(), patient=False)
            raise Retryable(
                f"not within {clock.seconds:.0f} s: {status}. Does git-sync read the DAG repository (log of its container in the DAG processor's pod), and has publish-dag pushed the file?"
            )


def _parsed_since(dag: Mapping[str, object], since: datetime) -> bool:
    parsed = time_of(dag.get("last_parsed_time"))
    return parsed is not None and parsed >= since


def _ids(dags: Iterable[Iterable[str]]) -> str:
    return ", ".join(" or ".join(ids) for ids in dags)


def _what_there_is(absent: list[tuple[str, ...]], found: Iterable[str], runs: Runs) -> str:
    if not absent:
        return ""
    names = sorted(found)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    made = (
        "Is there nothing like it, the infrastructure DAG has not made it: the logs of its runs in Airflow's UI say why"
        if runs.succeeded
        else "As long as no run of the infrastructure DAG has succeeded, the DAGs that it makes are not there"
    )
    return (
        f"; registered are: {', '.join(names[:_SHOWN]) or 'none'}{more}. DAG ids follow from names in the model."
        f" Does one of these stand for a missing one, name it in datasurface.expectedDags in the environment's file, which takes the place of the list ([]: no DAG is expected). {made}"
    )


def _wait_for_rest(
    airflow: Airflow,
    clock: Clock,
    errors: ImportErrors,
    runs: Runs,
    expected: list[tuple[str, ...]],
    settle: float,
    table: Table,
) -> dict[str, Mapping[str, object]]:
    """Everything that a working infrastructure DAG brings about, waited for together: none of it comes in an order that holds for all releases.

    Returns the DAGs that there are after its run."""
    start = time.monotonic()
    wanted = [(runs.dag,), *expected]
    while True:
        # Before the DAGs: what a run has made is in the list.
        runs.look(airflow)
        found = airflow.dags()
        registered = [[dag for dag in ids if dag in found] for ids in wanted]
        absent = [ids for ids, there in zip(wanted, registered) if not there]
        # Known from an earlier deployment, but not seen in a file since this one began.
        old = [
            there for there in registered if there and not any(_parsed_since(found[dag], runs.since) for dag in there)
        ]
        waiting = {}
        if absent or old:
            parts = ([f"not registered: {_ids(absent)}"] if absent else []) + (
                [f"not parsed since the deployment: {_ids(old)}"] if old else []
            )
            waiting["dags"] = "; ".join(parts)
        elif runs.ended is not None and not _parsed_since(found[runs.dag], runs.ended):
            waiting["dags"] = f"{runs.dag} is not parsed since its run, which may have made other DAGs"
        else:
            table.done("dags", start, f"{len(expected)} expected, {len(found)} in all")

        if runs.dag in found and found[runs.dag].get("is_paused"):
            progress(f"    {runs.dag} is paused again: unpausing it")
            airflow.unpause(runs.dag)
        if runs.succeeded:
            table.done("run", start, runs.succeeded)
        else:
            waiting["run"] = runs.status

        count = errors.look(airflow.import_errors(), patient=True)
        if count:
            waiting["errors"] = f"{count} at present"
        elif time.monotonic() - start < settle:
            waiting["errors"] = f"none yet, looking for {settle:.0f} s"
        else:
            table.done("errors", start, errors.text_of_others() or "no import error")
        if not waiting:
            return found
        for key, detail in waiting.items():
            table.pending(key, detail)
        status = "; ".join(f"import errors: {detail}" if key == "errors" else detail for key, detail in waiting.items())
        clock.tell(f"not yet: {status}")
        if not clock.pause():
            errors.look(airflow.import_errors(), patient=False)
            missing = [ids[0] if len(ids) == 1 else list(ids) for ids in absent]
            others = errors.text_of_others()
            raise Retryable(
                f"not within {clock.seconds:.0f} s: {status}{_what_there_is(absent, found, runs)}{f'; {others}' if others else ''}",
                missing_dags=missing,
            )


def _list(dags: Mapping[str, Mapping[str, object]]) -> None:
    progress(f"DAGs in Airflow: {len(dags)}")
    width = max(map(len, dags), default=0)
    for dag, entry in sorted(dags.items()):
        progress(
            f"    {dag.ljust(width)}  {'paused' if entry.get('is_paused') else 'active'}  {entry.get('relative_fileloc') or entry.get('fileloc') or ''}".rstrip()
        )


def _started(text: str) -> datetime:
    now = datetime.now(timezone.utc)
    if not text:
        return now
    started = time_of(text)
    if started is None:
        raise WrongSetting(
            f"DEPLOYMENT_STARTED is {text!r}: wanted is a time in ISO 8601 with its time zone, such as {now.isoformat(timespec='seconds')}"
        )
    if started > now + timedelta(minutes=5):
        raise WrongSetting(
            f"DEPLOYMENT_STARTED is {text}, and here it is {now.isoformat(timespec='seconds')}: no run could have started after it"
        )
    return started.astimezone(timezone.utc)


def _expected(text: str, infrastructure: str) -> list[tuple[str, ...]]:
    """The ids of each expected DAG beside the infrastructure DAG; most have one."""
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise WrongSetting(f"EXPECTED_DAGS is not JSON: {error}") from error
    expected = [tuple(entry) if isinstance(entry, list) else (entry,) for entry in entries]
    wrong = [
        entry
        for entry, ids in zip(entries, expected)
        if not ids or not all(isinstance(dag, str) and re.fullmatch(_DAG_ID, dag) for dag in ids)
    ]
    if wrong:
        raise WrongSetting(
            f"EXPECTED_DAGS holds what is no DAG id, and no list of alternative ones: {', '.join(map(json.dumps, wrong))}"
        )
    return [ids for ids in dict.fromkeys(expected) if ids != (infrastructure,)]


def main() -> Result:
    settings = read_settings(VARIABLES)
    since = _started(settings["DEPLOYMENT_STARTED"])
    infrastructure = settings["INFRASTRUCTURE_DAG"]
    expected = _expected(settings["EXPECTED_DAGS"], infrastructure)
    clock = Clock(float(settings["TIMEOUT_SECONDS"]), max(0.1, float(settings["POLL_SECONDS"])))
    airflow = Airflow(settings, clock)
    errors = ImportErrors(float(settings["IMPORT_ERROR_SECONDS"]), settings["DAG_FILES"])
    runs = Runs(infrastructure, since)
    table = Table(_CHECKS)
    progress(
        f"verifying {settings['AIRFLOW_URL']} within {clock.seconds:.0f} s; runs count from {since.isoformat(timespec='seconds')}"
    )

    start = time.monotonic()
    with table.check("server"):
        _wait_for_server(airflow, clock)
        table.done("server", start, settings["AIRFLOW_URL"])
    start = time.monotonic()
    with table.check("health"):
        table.done("health", start, _wait_for_health(airflow, clock))
    start = time.monotonic()
    with table.check("login"):
        airflow.log_in()
        table.done("login", start, settings["ADMIN_USERNAME"])
    start = time.monotonic()
    with table.check("dag"):
        table.done("dag", start, _wait_for_dag(airflow, clock, errors, infrastructure))
    with table.check("errors", "run", "dags"):
        dags = _wait_for_rest(airflow, clock, errors, runs, expected, float(settings["SETTLE_SECONDS"]), table)
    start = time.monotonic()
    merged = merged_configurations(airflow, runs)
    table.done(
        "merge",
        start,
        ", ".join(f"{count} {kind}" for kind, count in merged.items()) or f"no log of {runs.succeeded} says so",
        state="ok" if any(merged.values()) else "none" if merged else "not known",
    )
    start = time.monotonic()
    with table.check("mcp"):
        if settings["MCP_URL"]:
            table.done("mcp", start, wait_for_stream(settings["MCP_URL"], clock, float(settings["RETRY_SECONDS"])))
        else:
            table.done("mcp", start, "MCP_URL is empty", state="not asked")
    _list(dags)
    table.show()
    remove_old_caches(settings["GIT_CACHE"])
    return {
        "run": runs.succeeded,
        "dags": sorted(dags),
        "merged_configurations": merged,
        "other_import_errors": errors.others,
        "checks": table.facts(),
    }


if __name__ == "__main__":
    sys.exit(run("verify", main, __doc__, VARIABLES))
