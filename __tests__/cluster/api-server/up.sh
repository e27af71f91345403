#!/usr/bin/env bash
# Starts etcd, kube-apiserver, kube-controller-manager and fakenode on loopback; prints the path of a kubeconfig.
# usage: up.sh [STATE_DIR]     a new folder under $TMPDIR by default; down.sh takes the same folder
#        API_SERVER_DIR: where install.sh built (default: its default)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${API_SERVER_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/datasurface-api-server}/bin
[[ -x $bin/fakenode ]] || { echo "up.sh: nothing in $bin: run install.sh first" >&2; exit 1; }
if [[ $# -gt 0 ]]; then
  state=$1
  [[ ! -e $state/pids ]] || { echo "up.sh: $state is in use: down.sh $state first" >&2; exit 1; }
  rm -rf "$state"
  mkdir -p "$state"
else
  state=$(mktemp -d "${TMPDIR:-/tmp}/datasurface-api-server-XXXXXX")
fi
state=$(cd "$state" && pwd)

"$bin/fakenode" prepare "$state"
set -a
# shellcheck source=/dev/null
. "$state/env"
set +a

launch() {
  local name=$1
  shift
  "$bin/$name" "$@" >"$state/$name.log" 2>&1 </dev/null &
  echo "$! $name" >>"$state/pids"
}
give_up() {
  echo "up.sh: $1; last lines of the logs in $state:" >&2
  tail -n 5 "$state"/*.log >&2
  "$here/down.sh" "$state" >/dev/null
  exit 1
}
trap 'give_up "interrupted"' INT TERM
api() { curl -sf --max-time 2 --cacert "$state/ca.crt" -H "Authorization: Bearer $(cut -d, -f1 "$state/tokens.csv")" "https://127.0.0.1:$API_PORT$1" "${@:2}"; }
# await SECONDS WHAT COMMAND...
await() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || give_up "$what did not come up"
    while read -r pid name; do kill -0 "$pid" 2>/dev/null || give_up "$name stopped"; done <"$state/pids"
    sleep 0.2
  done
}

etcd=http://127.0.0.1:$ETCD_PORT peer=http://127.0.0.1:$ETCD_PEER_PORT
launch etcd --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn \
  --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
  --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
await 20 etcd curl -sf --max-time 2 "$etcd/health"

launch kube-apiserver --etcd-servers "$etcd" --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port "$API_PORT" \
  --tls-cert-file "$state/server.crt" --tls-private-key-file "$state/server.key" --client-ca-file "$state/ca.crt" \
  --token-auth-file "$state/tokens.csv" --authorization-mode RBAC --endpoint-reconciler-type none --allow-privileged \
  --kubelet-preferred-address-types InternalIP \
  --service-account-issuer https://kubernetes.default.svc --service-cluster-ip-range 172.16.0.0/16 \
  --service-account-key-file "$state/sa.key" --service-account-signing-key-file "$state/sa.key"
await 60 kube-apiserver api /readyz

# The node has no heartbeat, so the controller that would evict its pods is off.
launch kube-controller-manager --kubeconfig "$state/kubeconfig" --leader-elect=false --bind-address 127.0.0.1 --secure-port 0 \
  --controllers '*,-node-lifecycle-controller,-node-ipam-controller' \
  --service-account-private-key-file "$state/sa.key" --root-ca-file "$state/ca.crt"
launch fakenode run "$state"
for class in "$here"/storage-classes/*.json; do
  await 10 "storage class" api /apis/storage.k8s.io/v1/storageclasses -H 'Content-Type: application/json' --data-binary "@$class"
done
await 30 fakenode api /api/v1/nodes/fakenode
await 30 kube-controller-manager api /api/v1/namespaces/default/serviceaccounts/default

echo "$state/kubeconfig"
