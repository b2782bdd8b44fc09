#!/usr/bin/env bash
# The product's main job, from nothing: three nodes, four pods, every pair of them tried, two services asked from
# everywhere, one of which keeps its clients as long as they come back in time; all taken down again.
set -euo pipefail
cd "$(dirname "$0")/.."
lab=demo
families=${1:-v4v6}

phase() { # phase NAME COMMAND...: runs a command and says how long it took
    local name=$1 start=$EPOCHREALTIME rc=0
    shift
    "$@" || rc=$?
    local ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    times+=("$(printf '%-10s %6d.%d s' "$name" $((ms / 1000)) $((ms % 1000 / 100)))")
    return $rc
}

build() {
    swift build -q --product ovenbird
    swift build -q --product ovenbird-cni
}

times=()
ovenbird=.build/debug/ovenbird
trap '"$ovenbird" lab down $lab >/dev/null 2>&1 || true' EXIT

echo "building; the first time this takes some minutes"
phase build build
"$ovenbird" lab down $lab >/dev/null 2>&1 || true
phase up "$ovenbird" lab up Examples/network --name $lab --nodes 3 --families "$families" \
    --cni "$PWD/.build/debug/ovenbird-cni"
rc=0
phase check "$ovenbird" check network --lab $lab --port 8080 || rc=$?
phase services "$ovenbird" check services --lab $lab || rc=$?
"$ovenbird" explain service shop/till --lab $lab --node n1 || rc=$?
"$ovenbird" status --lab $lab || rc=$?
phase down "$ovenbird" lab down $lab
printf '\n'
printf '%s\n' "${times[@]}"
exit $rc
