#!/usr/bin/env bash
# Builds the Debian package of what is in dist: `packaging/build-deb.sh [FOLDER]`. Needs no network
# and no root: the modules that it takes along are those that `npm ci` installed here, without what
# only developers need, and without the native helper of cbor-x, so that one package serves every
# architecture. Prints the path of the package.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(realpath "${1:-.}")
version=$(node -p 'require("./package.json").version')
if [[ ! -e dist/cli/start/main.js ]]; then
  echo 'dist is missing; build it with: npm run build' >&2
  exit 1
fi

# The folders of the modules that are neither for developers nor optional; a folder comes before those in it.
MODULES='Object.entries(require("./package-lock.json").packages)
  .filter(([path, { dev, optional, devOptional }]) => path && !dev && !optional && !devOptional)
  .map(([path]) => path).sort().join("\n")'

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
put() { install -D -m "$1" "$2" "$tree/$3"; }

# The program.
home=$tree/usr/lib/rarangi
mkdir -p "$home"
cp -r dist package.json oclif.manifest.json "$home"
node -p "$MODULES" | while read -r folder; do
  mkdir -p "$home/${folder%/*}"
  cp -r "$folder" "$home/$folder"
  # The list names those of its nested modules that are needed.
  rm -rf "$home/$folder/node_modules"
done
find "$home" \( -name '*.ts' -o -name '*.map' -o -name '*.md' -o -name '.*' \) -type f -delete
find "$home" -type f -exec chmod 644 {} +
put 755 bin/run.js usr/lib/rarangi/bin/run.js
put 644 bin/package.json usr/lib/rarangi/bin/package.json
# The node of Debian, whatever else the caller's PATH may have.
sed -i 's|^exec node |exec /usr/bin/node |' "$home/bin/run.js"
mkdir -p "$tree/usr/bin"
ln -s ../lib/rarangi/bin/run.js "$tree/usr/bin/rarangi"

# The files that go with it.
for page in man/*; do put 644 "$page" "usr/share/man/man${page##*.}/${page##*/}"; done
put 644 completion/rarangi.bash usr/share/bash-completion/completions/rarangi
put 644 completion/_rarangi usr/share/zsh/vendor-completions/_rarangi
put 644 completion/rarangi.fish usr/share/fish/vendor_completions.d/rarangi.fish
put 644 packaging/systemd/rarangi@.service usr/lib/systemd/system/rarangi@.service
put 644 packaging/systemd/rarangi.sysusers usr/lib/sysusers.d/rarangi.conf
put 644 packaging/systemd/serve.env etc/rarangi/serve.env
put 644 packaging/systemd/web.service usr/share/doc/rarangi/examples/web.service
for file in grafana/rarangi.json prometheus/rarangi.rules.yml prometheus/rarangi.test.yml; do
  put 644 "packaging/$file" "usr/share/doc/rarangi/examples/$file"
done
put 644 LICENSE usr/share/doc/rarangi/copyright
put 644 README.md usr/share/doc/rarangi/README.md
for page in docs/*.{md,svg,webp}; do put 644 "$page" "usr/share/doc/rarangi/$page"; done
put 644 CHANGELOG.md usr/share/doc/rarangi/changelog
gzip -9n "$tree"/usr/share/man/man?/* "$tree/usr/share/doc/rarangi/changelog"

# What dpkg wants to know.
mkdir "$tree/DEBIAN"
size=$(du -sk --exclude=DEBIAN "$tree" | cut -f 1)
# A pre-release sorts before its release.
sed "s/@VERSION@/${version/-/\~}/; s/@SIZE@/$size/" packaging/debian/control >"$tree/DEBIAN/control"
cp packaging/debian/conffiles "$tree/DEBIAN"
install -m 755 packaging/debian/{postinst,prerm,postrm} "$tree/DEBIAN"
(cd "$tree" && find usr etc -type f -exec md5sum {} +) >"$tree/DEBIAN/md5sums"
chmod -R u=rwX,go=rX "$tree"

package=$out/rarangi_${version/-/\~}_all.deb
dpkg-deb --root-owner-group --build "$tree" "$package" >/dev/null
echo "$package"
