#!/usr/bin/env bash
set -euo pipefail

usage='npm run test:bootstrap [-- OPTIONS]

Tests of the scripts of the bootstrap jobs: types, units, real git over HTTP, a real Airflow. Needs git and Python 3.11; packages
are installed into .cache/ from the locked requirements.

  --only NAME  only this one: types, payload or airflow
  --help       this text

Environment variables:
  PYTHON       the Python for types and payload, 3.10 or newer (default: python3)

Exit status: 0 when every test passed, 1 when not, 2 when an argument is wrong.'

refuse() {
  echo "$1" >&2
  exit 2
}

for word; do
  if [[ $word == --help || $word == -h ]]; then
    echo "$usage"
    exit
  fi
done
allowed='Allowed: --only, --help.'
what=all
while [[ $# -gt 0 ]]; do
  case $1 in
    --only | --only=*)
      if [[ $1 == --only ]]; then
        shift
        what=${1:-}
      else
        what=${1#*=}
      fi
      case $what in
        types | payload | airflow) ;;
        '') refuse "--only has no value. $allowed" ;;
        *) refuse "--only: \"$what\" is not one of types, payload, airflow." ;;
      esac
      ;;
    -*) refuse "Unknown option '$1'. $allowed" ;;
    *) refuse "Unexpected argument '$1'. $allowed" ;;
  esac
  shift
done

bootstrap=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$bootstrap")
cache=${CI_CACHE:-$project/.cache}
venv=$cache/bootstrap-venv
export PYTHONDONTWRITEBYTECODE=1

need() { # a missing tool is an error, never a skip
  echo "bootstrap/test.sh: $1" >&2
  exit 1
}

python=${PYTHON:-python3}
command -v "$python" >/dev/null || need "no $python: install Python 3.10 or newer with venv (Debian: apt-get install python3 python3-venv), or name one in PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || need "$("$python" --version) is too old: 3.10 or newer is needed; name one in PYTHON"
command -v git >/dev/null || need "no git: install it (Debian: apt-get install git)"
[[ -x "$(git --exec-path)/git-http-backend" ]] || need "this git has no git-http-backend: install the full git (Alpine: apk add git-daemon)"

types() {
  if [[ ! -x $venv/bin/python ]] || ! "$venv/bin/python" -c '' 2>/dev/null; then
    rm -rf "$venv"
    "$python" -m venv "$venv" || need "$python cannot make a venv (Debian: apt-get install python3-venv)"
  fi
  if ! cmp -s "$bootstrap/requirements-test.txt" "$venv/installed.txt"; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$bootstrap/requirements-test.txt" || need "the pinned packages of bootstrap/requirements-test.txt cannot be installed: is PyPI or its mirror reachable?"
    cp "$bootstrap/requirements-test.txt" "$venv/installed.txt"
  fi
  echo "== types (mypy --strict, Python 3.10)"
  (cd "$bootstrap" && MYPYPATH=payload:tests "$venv/bin/mypy" --strict --python-version 3.10 --cache-dir "$cache/mypy" payload/*.py tests/*.py tests/stand_in/datasurface/generator.py)
}

payload() {
  echo "== publish-model, publish-dag ($("$python" --version), $(git --version))"
  (cd "$bootstrap/tests" && "$python" -m unittest discover --pattern 'test_*.py')
}

airflow() {
  local run=$bootstrap/tests/airflow/run.sh
  [[ -f $run ]] || need "bootstrap/tests/airflow/run.sh is missing"
  bash "$run"
}

case $what in
  all)
    types
    payload
    airflow
    ;;
  *) "$what" ;;
esac
echo "== bootstrap tests passed ($what)"
