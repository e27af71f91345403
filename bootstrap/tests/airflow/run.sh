#!/usr/bin/env bash
# Runs the job scripts against real Airflows from PyPI: bootstrap/tests/airflow/run.sh [3.1|3.3|all]
# The environments lie under .cache/ of the project and are made once for each change of the locked requirements.
# Ends with a line `N passed, N failed`; the exit code is 0 only when nothing failed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../../.." && pwd)
cache=${CI_CACHE:-$project/.cache}

case "${1:-all}" in
  3.1 | 3.3) versions=("$1") ;;
  all) versions=(3.1 3.3) ;;
  *)
    echo "usage: run.sh [3.1|3.3|all]" >&2
    exit 2
    ;;
esac

# Locked for this version: other ones may want other wheels.
if ! python3.11 -c 'import venv, ensurepip' 2>/dev/null; then
  echo "error: python3.11 with its venv module is missing. Remedy: install it (Debian: apt-get install python3.11-venv; elsewhere: pyenv install 3.11), and put it on PATH" >&2
  exit 2
fi
if ! command -v ps >/dev/null; then
  echo "error: ps is missing. Remedy: install it (Debian: apt-get install procps)" >&2
  exit 2
fi

install() {
  local venv=$1 requirements=$2 wanted
  wanted=$(sha256sum "$requirements" | cut -d' ' -f1)
  if [[ -x $venv/bin/python && -f $venv/installed && $(<"$venv/installed") == "$wanted" ]]; then
    return
  fi
  echo "installing $(basename "$requirements") into ${venv#"$project"/}"
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  python3.11 -m venv "$venv"
  if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$requirements"; then
    echo "error: the packages of $(basename "$requirements") could not be installed. Remedy: pip must reach PyPI or a mirror of it (PIP_INDEX_URL)" >&2
    exit 2
  fi
  "$venv/bin/python" -m pip check
  echo "$wanted" >"$venv/installed"
}

passed=0
failed=0
suite() {
  local title=$1 python=$2 log last start=$SECONDS
  shift 2
  echo "--- $title"
  log=$(mktemp)
  (cd "$here" && PYTHONDONTWRITEBYTECODE=1 "$python" suite.py "$@") 2>&1 | tee "$log" || true
  last=$(tail -n 1 "$log")
  rm -f "$log"
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
  else
    echo "the suite ended without its result"
    failed=$((failed + 1))
  fi
  echo "--- $title: $((SECONDS - start)) s"
}

for version in "${versions[@]}"; do
  install "$cache/airflow-$version" "$here/requirements-$version.txt"
done
suite "identity and verify with stand-ins" python3.11 test_identity test_verify_stand_in
for version in "${versions[@]}"; do
  python=$cache/airflow-$version/bin/python
  suite "Airflow $version: migrate and admin with PostgreSQL" "$python" test_jobs
  suite "Airflow $version: live" "$python" test_live
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
