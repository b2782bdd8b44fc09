#!/usr/bin/env bash
# Everything that runs without a virtual machine: the checks, then all tests.
set -euo pipefail
cd "$(dirname "$0")/.."
./Scripts/check.sh
# In one process each: a lab wants the machine's two cores for itself.
swift build --build-tests -q
swift test --skip-build --no-parallel
