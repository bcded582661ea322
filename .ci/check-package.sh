#!/usr/bin/env bash
# Is what `npm pack` would publish a sound package? Packs what is built, and asks publint and attw.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --ignore-scripts --pack-destination "$folder" >/dev/null
package=("$folder"/*.tgz)

node_modules/.bin/publint run "${package[0]}" --strict
node_modules/.bin/attw "${package[0]}" --profile esm-only --quiet
