#!/usr/bin/env bash
# How long commands take to start on every Node that is promised, or on those named: the row `start`
# of the benchmarks, a table for each.
set -euo pipefail
cd "$(dirname "$0")/.."
source .ci/node-versions.sh
npm run --silent build
node_modules/.bin/tsc -p test/tsconfig.bench.json

for version in ${*:-20 22 24 26}; do
  fetch_node "$version"
  "$node" .build/bench/test/bench/run.js start
done
