#!/usr/bin/env bash
# Builds the rehearsal providers and lays them out where terraform finds them:  install.sh [DIR]
# Prints the line that switches terraform over to them. Builds again only when a source file has changed. Needs Go.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/datasurface-rehearsal}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# One folder for each state of the sources: another checkout that is in the middle of a deployment keeps its providers
# (terraform would refuse others: "does not match any of the checksums").
stamp=$(cd "$here" && { go version; cat install.sh ./*.go go.mod go.sum tables/*.txt schemas/*.gz providers.txt; } |
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-16)
dir=$cache/$stamp

if [ ! -e "$dir/terraform.rc" ]; then
  # Test workers may call this at the same time: one builds, the others wait. Where there is no flock, each builds and
  # the first to finish wins.
  if command -v flock >/dev/null; then
    exec 9>"$cache/lock"
    flock 9
  fi
fi

if [ ! -e "$dir/terraform.rc" ]; then
  new=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  (cd "$here" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -buildvcs=false -trimpath -ldflags '-s -w' -o "$new/rehearsal" .) >&2
  platform=$(go env GOOS)_$(go env GOARCH)
  while read -r name version; do
    package=$new/mirror/registry.terraform.io/hashicorp/$name/$version/$platform
    mkdir -p "$package"
    # One program under six names: the name tells it which provider to play.
    ln "$new/rehearsal" "$package/terraform-provider-${name}_v$version" 2>/dev/null ||
      cp "$new/rehearsal" "$package/terraform-provider-${name}_v$version"
  done <"$here/providers.txt"
  cat >"$new/terraform.rc" <<RC
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path = "$dir/mirror"
  }
}
RC
  chmod 755 "$new"
  # mv would put it into a folder that is there; a finished build of the same sources is as good.
  [ -e "$dir" ] || mv "$new" "$dir"

  # Builds that nobody has asked for in a month.
  find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} +
fi
touch "$dir"

echo "export TF_CLI_CONFIG_FILE='$dir/terraform.rc'"
