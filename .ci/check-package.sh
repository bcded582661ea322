#!/usr/bin/env bash
# Is what `npm pack` would publish a sound package? Packs what is built, and asks publint and attw.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --ignore-scripts --pack-destination "$folder" >/dev/null
package=("$folder"/*.tgz)

# bin/run.js is read by sh first, so it begins with #!/bin/sh: publint's one complaint about that is
# no fault.
found=$(node_modules/.bin/publint run "${package[0]}" --strict 2>&1) || true
faults=$(grep -E '^[0-9]+\. ' <<<"$found" | grep -vF 'should start with a shebang, e.g. #!/usr/bin/env node' || true)
if [[ -n $faults ]]; then
  echo "$found"
  exit 1
fi
node_modules/.bin/attw "${package[0]}" --profile esm-only --quiet
