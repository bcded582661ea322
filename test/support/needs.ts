// The programs that tests need from Debian beyond Node. A test that cannot run says so loudly and
// is skipped; with RARANGI_TEST_NO_SKIPS=1, as .ci/run sets it, it fails instead. Use:
// `test.skipIf(!needs('redis-server'))('…', …)`.

import { spawnSync } from 'node:child_process';

/** Where the test needs put it. */
export const RESOLVED =
  '/usr/local/lib/rarangi-test-needs/systemd-resolved/lib/systemd/systemd-resolved';

// For each Debian package, a command that succeeds where it is installed.
const PROBES = {
  'redis-server': ['redis-server', '--version'],
  python3: ['python3', '--version'],
  curl: ['curl', '--version'],
  'nginx-light': ['nginx', '-v'],
  postgresql: ['sh', '-c', 'ls /usr/lib/postgresql/*/bin/postgres && psql --version'],
  mandoc: ['sh', '-c', 'command -v mandoc'],
  tmux: ['tmux', '-V'],
  zsh: ['zsh', '--version'],
  fish: ['fish', '--version'],
  systemd: ['sh', '-c', 'test -x /lib/systemd/systemd && unshare --net --mount --cgroup true'],
  openssl: ['openssl', 'version'],
  lintian: ['lintian', '--version'],
  iproute2: ['ip', '-V'],
  procps: ['pgrep', '--version'],
  // Only root may make a network of its own.
  'util-linux': ['unshare', '--net', '--mount', 'true'],
  'python3-cbor2': ['/usr/bin/python3', '-c', 'import cbor2'],
  caddy: ['caddy', 'version'],
  dnsutils: ['dig', '-v'],
  'knot-dnsutils': ['kdig', '-V'],
  dnsperf: ['sh', '-c', 'command -v dnsperf'],
  'python3-dnspython': ['/usr/bin/python3', '-c', 'import dns.resolver'],
  chromium: ['sh', '-c', 'command -v chromium'],
  prometheus: ['promtool', '--version'],
  'python3-prometheus-client': ['/usr/bin/python3', '-c', 'import prometheus_client.openmetrics'],
  'python3-requests': ['/usr/bin/python3', '-c', 'import requests'],
  'golang-go': ['go', 'version'],
  haproxy: ['haproxy', '-v'],
  'dnsmasq-base': ['dnsmasq', '--version'],
  unbound: ['unbound', '-V'],
  // It is not installed but taken apart, and lives on a library of systemd's.
  'systemd-resolved': [RESOLVED, '--version'],
  bind9: ['named', '-v'],
  'musl-tools': ['sh', '-c', 'command -v musl-gcc'],
  gcc: ['gcc', '--version'],
  'openjdk-17-jdk-headless': ['java', '-version'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** A Debian package that some tests need. */
export type Need = keyof typeof PROBES;

/** Whether a package is installed. Throws where a skip is a failure. */
export function needs(need: Need): boolean {
  const [program, ...words] = PROBES[need];
  if (spawnSync(program, words, { stdio: 'ignore' }).status === 0) return true;
  const said = `${need} is not there, or root has to run it: see .ci/install-test-needs.sh`;
  if (process.env['RARANGI_TEST_NO_SKIPS'] === '1') throw new Error(said);
  process.stderr.write(`*** NOT TESTED: what needs ${need}. ${said}\n`);
  return false;
}
