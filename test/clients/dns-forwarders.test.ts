// Resolvers that forward our zone, with the files that are shipped.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { eventually } from '../support/conditions.ts';
import { needs, RESOLVED } from '../support/needs.ts';
import type { Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';
import type { DnsHost } from './dns-world.ts';
import { RECIPES, startDnsHost, startElsewhere, ZONE } from './dns-world.ts';

const canRun = canMakeNetworks() && needs('knot-dnsutils');

interface Forwarder {
  readonly name: string;
  readonly need: Parameters<typeof needs>[0];
  /** Where it listens. */
  readonly address?: string;
  /** It keeps an answer that may be kept for 0 s to the end of that second, if it is a none. */
  readonly keepsNone?: boolean;
  /** Says how it is started. */
  readonly words: (folder: string) => Promise<string[]>;
}

const FORWARDERS: readonly Forwarder[] = [
  {
    name: 'dnsmasq',
    need: 'dnsmasq-base',
    words: (folder) => {
      const own = ['--no-resolv', '--no-hosts', '--stop-dns-rebind', '--port=53', '--user=root'];
      const files = [`--conf-file=${join(RECIPES, 'dnsmasq.conf')}`, `--pid-file=${folder}/pid`];
      return Promise.resolve(['dnsmasq', '--keep-in-foreground', ...own, ...files]);
    },
  },
  {
    name: 'unbound',
    need: 'unbound',
    words: async (folder) => {
      const lines = [
        'server:',
        '  interface: 127.0.0.1',
        '  use-syslog: no',
        '  chroot: ""',
        '  username: ""',
        `  directory: "${folder}"`,
        `  pidfile: "${folder}/unbound.pid"`,
        'remote-control:',
        '  control-enable: no',
        `include: "${join(RECIPES, 'unbound.conf')}"`,
      ];
      await writeFile(join(folder, 'unbound.conf'), `${lines.join('\n')}\n`);
      return ['unbound', '-d', '-c', join(folder, 'unbound.conf')];
    },
  },
  {
    name: 'BIND',
    need: 'bind9',
    keepsNone: true,
    words: async (folder) => {
      const lines = [
        `options { directory "${folder}"; listen-on { 127.0.0.1; }; listen-on-v6 { none; };`,
        '  recursion yes; empty-zones-enable no; pid-file none; session-keyfile none;',
        '  managed-keys-directory "."; validate-except { "rarangi.internal"; }; };',
        'controls { };',
        await readFile(join(RECIPES, 'named.conf'), 'utf8'),
      ];
      await writeFile(join(folder, 'named.conf'), `${lines.join('\n')}\n`);
      return ['named', '-g', '-u', 'root', '-c', join(folder, 'named.conf')];
    },
  },
  {
    name: 'systemd-resolved',
    need: 'systemd-resolved',
    address: '127.0.0.53',
    // It wants a user of its own, and an interface beside loopback: without one it asks nobody.
    words: async (folder) => {
      const lines = [
        'set -e',
        'ip link add resolved0 type veth peer name resolved1',
        'ip link set resolved1 up',
        'ip address add 10.53.0.1/24 dev resolved0',
        'ip link set resolved0 up',
        `mkdir -p ${folder}/systemd/resolved.conf.d`,
        `cp ${join(RECIPES, 'resolved.conf')} ${folder}/systemd/resolved.conf.d/rarangi.conf`,
        `mount --bind ${folder}/systemd /etc/systemd`,
        'for file in passwd group; do',
        `  grep -v ^systemd-resolve: /etc/$file >${folder}/$file || :`,
        'done',
        `echo systemd-resolve:x:61099:61099::/:/bin/false >>${folder}/passwd`,
        `echo systemd-resolve:x:61099: >>${folder}/group`,
        `for file in passwd group; do mount --bind ${folder}/$file /etc/$file; done`,
        'mkdir -p /run/systemd',
        `exec ${RESOLVED}`,
      ];
      await writeFile(join(folder, 'resolved.sh'), `${lines.join('\n')}\n`);
      return ['unshare', '--mount', 'sh', join(folder, 'resolved.sh')];
    },
  },
];

type Ask = (name: string, type: string) => Promise<string>;

function askerOf(host: DnsHost, { address = '127.0.0.1' }: Forwarder): Ask {
  const words = ['kdig', `@${address}`, '+timeout=5', '+retry=0', '+edns'];
  return async (name, type) => (await host.run([...words, `${name}.${ZONE}`, type])).stdout;
}

/** What a program gets that asks with its C library. */
async function askAsLibrary(
  host: DnsHost,
  { address = '127.0.0.1' }: Forwarder,
  name: string,
): Promise<string> {
  const file = `/run/resolv.conf`;
  const steps = [
    'set -e; mount -t tmpfs none /run',
    `echo nameserver ${address} >${file}; mount --bind ${file} /etc/resolv.conf`,
    `exec getent hosts ${name}.${ZONE}`,
  ];
  return (await host.run(['unshare', '--mount', 'sh', '-c', steps.join('\n')])).stdout;
}

/**
 * Runs a forwarder beside what is done meanwhile. It works in a folder of its own choice, so it has
 * to be ended by who started it.
 */
async function behind(
  { stage, host, forwarder }: { stage: Stage; host: DnsHost; forwarder: Forwarder },
  meanwhile: (ask: Ask) => Promise<void>,
): Promise<void> {
  const folder = join(stage.folder, 'forwarder');
  await mkdir(folder);
  const ask = askerOf(host, forwarder);
  const running = host.spawn(await forwarder.words(folder));
  try {
    await eventually(
      () => `${forwarder.name} answers`,
      async () => ((await ask('web', 'A')).includes('NOERROR') ? true : undefined),
    );
    await meanwhile(ask);
  } finally {
    await running.end('SIGKILL');
  }
}

for (const forwarder of FORWARDERS) {
  const title = `${forwarder.name} passes on what is there, and what is none, at once`;
  test.skipIf(!canRun || !needs(forwarder.need))(
    title,
    async ({ stage }) => {
      const host = await startDnsHost(stage);
      const first = await host.offer('web', 8_000);
      await behind({ stage, host, forwarder }, async (ask) => {
        expect(await ask('nix', 'A')).toContain('NXDOMAIN');
        expect(await ask('_web._tcp', 'SRV')).toMatch(/SRV\s+0 1 8000 i-/);

        const second = await host.offer('web', 8_001);
        expect(await ask('_web._tcp', 'SRV')).toMatch(/ANSWER: 2/);
        await first.end('SIGKILL');
        expect(await ask('_web._tcp', 'SRV')).toMatch(/ANSWER: 1/);
        await second.end('SIGKILL');
        expect(await ask('web', 'A')).toContain('NXDOMAIN');

        await host.offer('web', 8_002);
        await host.a.end('SIGKILL');
        // Of its two servers the dead one may be dnsmasq's favourite for the next 50 questions; one that
        // is repeated, as every C library does after five seconds, goes to both.
        const find = () => askAsLibrary(host, forwarder, 'web');
        const answer = await (forwarder.keepsNone === true
          ? eventually(
              () => 'the none is forgotten',
              async () => (await find()) || undefined,
            )
          : find());
        expect(answer).toMatch(/^127\.0\.0\.1 /);
      });
    },
    180_000,
  );
}

const dnsmasq = FORWARDERS.find(({ name }) => name === 'dnsmasq');

test.skipIf(!canRun || dnsmasq === undefined || !needs(dnsmasq.need))(
  'through dnsmasq it is seen why an answer is as it is',
  async ({ stage }) => {
    const host = await startDnsHost(stage);
    const elsewhere = await startElsewhere(stage, host, [8_000]);
    await behind({ stage, host, forwarder: dnsmasq! }, async (ask) => {
      await elsewhere.cutOff();

      // Of two hosts that are cut off the one may be judged a moment before the other.
      const stale = await eventually(
        () => 'web is stale',
        async () => {
          const answer = await ask('web', 'A');
          return answer.includes('not complete') ? undefined : answer;
        },
      );
      expect(stale).toContain('NOERROR');
      expect(stale).toContain('127.0.0.1');
      expect(stale).toContain('stale: last known of h2, which is cut off');
      const none = await ask('nix', 'A');
      expect(none).toContain('SERVFAIL');
      expect(none).toContain('cannot tell: h2, h3 are cut off');
    });
  },
);
