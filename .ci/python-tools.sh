# shellcheck shell=bash
# Sourced by the scripts that take a program from PyPI.

# install_python_tools NAME REQUIREMENTS NEEDS [FINISH]
#
# Sets $installed to an environment of Python that has the packages of the file REQUIREMENTS, by hash; it is made once, in CI_CACHE
# (default: .cache/ of the project), with PYTHON (default: python3). FINISH, a command, gets the folder in which it is made and the one
# that it becomes. NEEDS is what is said when it cannot be made; the script then ends with 1.
install_python_tools() {
  local name=$1 requirements=$2 needs=$3 finish=${4:-:} cache
  cache=${CI_CACHE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache}
  # Other packages are another folder; one that broke while it was made lies under another name.
  installed=$cache/$name-$(cksum <"$requirements" | cut -d' ' -f1)
  [ ! -e "$installed" ] || return 0
  mkdir -p "$cache"
  making=$(mktemp -d "$cache/$name-making-XXXXXX")
  trap 'rm -rf "$making"' EXIT
  if ! { "${PYTHON:-python3}" -m venv "$making" &&
    "$making/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$requirements" &&
    "$finish" "$making" "$installed"; }; then
    echo "$needs" >&2
    exit 1
  fi
  # Another run may have been first.
  mv -T "$making" "$installed" 2>/dev/null || [ -e "$installed" ]
  rm -rf "$making"
  trap - EXIT
}
