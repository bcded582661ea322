// Resolvers that forward our zone, with the files that are shipped.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import type { Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';
import type { DnsHost } from './dns-world.ts';
import { kdig, RECIPES, startDnsHost, ZONE } from './dns-world.ts';

const canRun = canMakeNetworks() && needs('knot-dnsutils');

interface Forwarder {
  readonly name: string;
  readonly need: Parameters<typeof needs>[0];
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
];

async function ask(host: DnsHost, name: string, type: string): Promise<string> {
  const { stdout } = await host.run(kdig(53, '+timeout=5', '+edns', `${name}.${ZONE}`, type));
  return stdout;
}

/**
 * Runs a forwarder beside what is done meanwhile. It works in a folder of its own choice, so it has
 * to be ended by who started it.
 */
async function behind(
  { stage, host, forwarder }: { stage: Stage; host: DnsHost; forwarder: Forwarder },
  meanwhile: () => Promise<void>,
): Promise<void> {
  const folder = join(stage.folder, 'forwarder');
  await mkdir(folder);
  const running = host.spawn(await forwarder.words(folder));
  try {
    await eventually(
      () => `${forwarder.name} answers`,
      async () => ((await ask(host, 'web', 'A')).includes('NOERROR') ? true : undefined),
    );
    await meanwhile();
  } finally {
    await running.end('SIGKILL');
  }
}

for (const forwarder of FORWARDERS) {
  const title = `${forwarder.name} passes on what is there, and what is none, at once`;
  test.skipIf(!canRun || !needs(forwarder.need))(title, async ({ stage }) => {
    const host = await startDnsHost(stage);
    const first = await host.offer('web', 8_000);
    await behind({ stage, host, forwarder }, async () => {
      expect(await ask(host, 'nix', 'A')).toContain('NXDOMAIN');
      expect(await ask(host, '_web._tcp', 'SRV')).toMatch(/SRV\s+0 1 8000 i-/);

      const second = await host.offer('web', 8_001);
      expect(await ask(host, '_web._tcp', 'SRV')).toMatch(/ANSWER: 2/);
      await first.end('SIGKILL');
      expect(await ask(host, '_web._tcp', 'SRV')).toMatch(/ANSWER: 1/);
      await second.end('SIGKILL');
      expect(await ask(host, 'web', 'A')).toContain('NXDOMAIN');

      await host.offer('web', 8_002);
      await host.a.end('SIGKILL');
      expect(await ask(host, 'web', 'A')).toContain('127.0.0.1');
    });
  });
}
