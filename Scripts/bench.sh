#!/usr/bin/env bash
# Figures: what the core costs, what policies cost at scale, and how long a pod takes to start. Release builds; ratios
# within one run are what counts.
set -euo pipefail
cd "$(dirname "$0")/.."
swift build -c release -q --product CoreBenchmark
.build/release/CoreBenchmark
swift build -c release -q --product PolicyBenchmark
.build/release/PolicyBenchmark
swift build -c release -q --product ovenbird
swift build -c release -q --product ovenbird-cni -Xswiftc -static-executable
.build/release/PolicyBenchmark engine "$PWD/.build/release/ovenbird" "$PWD/.build/release/ovenbird-cni"
swift build -c release -q --product PodBenchmark
.build/release/PodBenchmark "$PWD/.build/release/ovenbird" "$PWD/.build/release/ovenbird-cni" "${PODS:-100}"
