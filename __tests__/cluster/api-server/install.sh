#!/usr/bin/env bash
# Builds kube-apiserver, kube-controller-manager, etcd, fakenode and helm from the Go module proxy, once.
# usage: install.sh [DIR]      DIR defaults to $XDG_CACHE_HOME/datasurface-api-server or ~/.cache/datasurface-api-server
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/datasurface-api-server}
mkdir -p "$dir/bin"
bin=$(cd "$dir/bin" && pwd)

version_of() { awk -v m="$1" '$1 == m && NF > 1 { print $2; exit }' "$here/go.mod"; }
kube=$(version_of k8s.io/kubernetes) # v1.36.x
minor=${kube#v1.}
minor=${minor%%.*}
version=k8s.io/component-base/version
# Without these the server calls itself v0.0.0-master, and charts that ask for Kubernetes >= 1.x refuse it.
stamp="-s -w -X $version.gitMajor=1 -X $version.gitMinor=$minor -X $version.gitVersion=$kube -X $version.gitTreeState=clean"
# Compiling is what takes the time, and the servers have little to do: no optimization, no debugger's tables.
compiler="-N -l -dwarf=false"
export CGO_ENABLED=0

# build NAME PACKAGE SOURCES...: builds a program, unless it was built from the same sources and modules.
build() {
  local name=$1 package=$2 start=$SECONDS want tmp
  shift 2
  want=$(cd "$here" && cat go.mod go.sum install.sh "$@" | cksum | cut -d' ' -f1)
  if [[ -x $bin/$name && $(cat "$bin/$name.version" 2>/dev/null) == "$want" ]]; then
    echo "have  $name"
    return
  fi
  tmp=$(mktemp -d "$bin/.build-XXXXXX")
  (cd "$here" && nice -n 5 go build -mod=readonly -buildvcs=false -trimpath -gcflags=all="$compiler" -ldflags "$stamp" -o "$tmp/$name" "$package")
  mv -f "$tmp/$name" "$bin/$name"
  rm -rf "$tmp"
  echo "$want" >"$bin/$name.version"
  echo "built $name in $((SECONDS - start)) s, $(du -m "$bin/$name" | cut -f1) MiB"
}

build control-plane ./control-plane control-plane/main.go
for name in etcd kube-apiserver kube-controller-manager; do
  ln -sf control-plane "$bin/$name"
done
build fakenode ./fakenode fakenode/*.go
build helm helm.sh/helm/v3/cmd/helm
echo "$bin"
