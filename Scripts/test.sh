#!/usr/bin/env bash
# Everything that runs without a virtual machine: the checks, then all tests.
# What failed is said once more at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
./Scripts/check.sh
swift build --build-tests -q

output=$(mktemp)
trap 'rm -f "$output"' EXIT
# One test at a time: a lab wants the machine's two cores for itself.
if swift test --skip-build --no-parallel 2>&1 | tee "$output"; then exit 0; fi
echo
echo "What failed:"
grep -a 'recorded an issue' "$output" || tail -n 20 "$output"
exit 1
