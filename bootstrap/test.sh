#!/usr/bin/env bash
set -euo pipefail

usage='npm run test:bootstrap [-- OPTIONS]

Tests of the scripts of the bootstrap jobs: types, units, real git over HTTP, GitHub'"'"'s answers, a real Airflow with SQLite and with
PostgreSQL. Several run at a time. Needs git, ps and Python 3.11; packages are installed into .cache/ from the locked requirements.

  --only NAME  only this one; may be given several times: types, payload (what needs no Airflow), airflow, or a module, class or test
               as Python names it, such as test_publish_model.Refused.test_ruleset
  --full       also: publish-model and publish-dag killed at each request, and not only at each change; each test with the older
               Airflow, which otherwise runs those that show what differs between versions
  --help       this text

Environment variables:
  PYTHON       the Python for types and payload, 3.10 or newer (default: python3)

Exit status: 0 when every test passed, 1 when not, 2 when an argument is wrong, 130 when interrupted.'

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
allowed='Allowed: --only, --full, --help.'
words=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --full) words+=(--full) ;;
    --only | --only=*)
      if [[ $1 == --only ]]; then
        shift
        name=${1:-}
      else
        name=${1#*=}
      fi
      [[ -n $name && $name != -* ]] || refuse "--only has no value. $allowed"
      words+=(--only "$name")
      ;;
    -*) refuse "Unknown option '$1'. $allowed" ;;
    *) refuse "Unexpected argument '$1'. $allowed" ;;
  esac
  shift
done

need() { # a missing tool is an error, never a skip
  echo "bootstrap/test.sh: $1" >&2
  exit 1
}

python=${PYTHON:-python3}
command -v "$python" >/dev/null || need "no $python: install Python 3.10 or newer with venv (Debian: apt-get install python3 python3-venv), or name one in PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || need "$("$python" --version) is too old: 3.10 or newer is needed; name one in PYTHON"
command -v git >/dev/null || need "no git: install it (Debian: apt-get install git)"
[[ -x "$(git --exec-path)/git-http-backend" ]] || need "this git has no git-http-backend: install the full git (Alpine: apk add git-daemon)"
command -v ps >/dev/null || need "no ps: install it (Debian: apt-get install procps)"

export PYTHONDONTWRITEBYTECODE=1
exec "$python" "$(dirname "${BASH_SOURCE[0]}")/tests/suite.py" ${words[@]+"${words[@]}"}
