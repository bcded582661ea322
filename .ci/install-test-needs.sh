#!/usr/bin/env bash
# Installs what the tests need from Debian: `sudo .ci/install-test-needs.sh`. Does nothing where
# everything is there. The tests themselves say what they leave out for want of a program.
set -euo pipefail

missing=()
has() { command -v "$1" >/dev/null || missing+=("$2"); }

has redis-server redis-server
has python3 python3
has curl curl
has nginx nginx-light
has caddy caddy
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
has mandoc mandoc
has tmux tmux
has zsh zsh
has fish fish
has systemd-analyze systemd
has openssl openssl
has dig dnsutils
has kdig knot-dnsutils
has dnsperf dnsperf
has wrk wrk
has dnsmasq dnsmasq-base
has unbound unbound
has named bind9
has haproxy haproxy
has go golang-go
has gcc gcc
has musl-gcc musl-tools
has java openjdk-17-jdk-headless
has promtool prometheus
has chromium chromium
/usr/bin/python3 -c 'import prometheus_client.openmetrics' 2>/dev/null || missing+=(python3-prometheus-client)
/usr/bin/python3 -c 'import dns.resolver' 2>/dev/null || missing+=(python3-dnspython)
/usr/bin/python3 -c 'import requests' 2>/dev/null || missing+=(python3-requests)
has lintian lintian
has ip iproute2
has pgrep procps
has unshare util-linux
/usr/bin/python3 -c 'import cbor2' 2>/dev/null || missing+=(python3-cbor2)

# systemd-resolved takes over /etc/resolv.conf where it is installed: its package is taken apart.
resolved=/usr/local/lib/rarangi-test-needs/systemd-resolved
take_resolved_apart() {
  [[ -x $resolved/lib/systemd/systemd-resolved ]] && return
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download -q systemd-resolved)
  mkdir -p "$resolved"
  dpkg -x "$folder"/*.deb "$resolved"
  rm -rf "$folder"
}

if ((${#missing[@]} == 0)) && [[ -x $resolved/lib/systemd/systemd-resolved ]]; then
  echo 'all that the tests need from Debian is installed'
  exit 0
fi

echo "the tests need from Debian: ${missing[*]} systemd-resolved (taken apart)"
if ! command -v apt-get >/dev/null; then
  echo '*** there is no apt-get here: install them by other means' >&2
  exit 1
fi
if ((EUID != 0)); then
  echo "*** not root: run sudo $0" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# A policy that forbids it keeps Debian from starting services of its own.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
if ((${#missing[@]} > 0)); then
  apt-get install -q -y --no-install-recommends "${missing[@]}"
fi
take_resolved_apart
