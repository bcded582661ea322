// HAProxy with the file that is shipped.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import type { Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';
import type { DnsHost } from './dns-world.ts';
import { kdig, RECIPES, startDnsHost, startElsewhere, ZONE } from './dns-world.ts';

const canRun = canMakeNetworks() && needs('knot-dnsutils') && needs('haproxy') && needs('python3');

const GLOBAL = `
global
    stats socket unix@haproxy.sock mode 600 level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend front
    bind 127.0.0.1:8080
    default_backend web
`;

const ASK = `
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(sys.argv[2].encode() + b'\\n')
out = b''
while True:
    part = s.recv(65536)
    if not part: break
    out += part
print(out.decode())
`;

async function askHaproxy(stage: Stage, host: DnsHost, question: string): Promise<string> {
  const path = join(stage.folder, 'haproxy.sock');
  return (await host.run(['/usr/bin/python3', '-c', ASK, path, question])).stdout;
}

/** How often its name servers have answered in some way. */
async function resolverCount(stage: Stage, host: DnsHost, way: string): Promise<number> {
  const shown = await askHaproxy(stage, host, 'show resolvers rarangi');
  const counts = [...shown.matchAll(new RegExp(`\\b${way}: +(\\d+)`, 'g'))];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** The ports of the servers that HAProxy has, those in maintenance left out. */
async function portsOf(stage: Stage, host: DnsHost): Promise<string[]> {
  const shown = await askHaproxy(stage, host, 'show servers state web');
  return shown
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[1] === 'web' && fields[4] !== '-' && isInUse(fields))
    .map((fields) => fields[18] ?? '')
    .sort((one, other) => Number(one) - Number(other));
}

/** The seventh field has a bit for each reason of maintenance; 0x20 is "DNS says none". */
function isInUse(fields: readonly string[]): boolean {
  return (Number(fields[6]) & 0x20) === 0;
}

/** `places` for servers, where that are others than the file has. */
async function startHaproxy(stage: Stage, host: DnsHost, places = '1-50'): Promise<void> {
  const file = join(stage.folder, 'global.cfg');
  await writeFile(file, GLOBAL);
  const recipe = await readFile(join(RECIPES, 'haproxy.cfg'), 'utf8');
  expect(recipe).toContain('server-template web 1-50 ');
  const own = join(stage.folder, 'haproxy.cfg');
  await writeFile(own, recipe.replace('web 1-50 ', `web ${places} `));
  const files = ['-f', file, '-f', own];
  const checked = await host.run(['haproxy', '-c', '-C', stage.folder, ...files]);
  expect(checked.code).toBe(0);
  host.spawn(['haproxy', '-db', '-C', stage.folder, ...files]);
}

async function portsBecome(stage: Stage, host: DnsHost, ports: readonly string[]): Promise<void> {
  let seen: string[] = [];
  await eventually(
    () => `HAProxy has ${ports.join()}, not ${seen.join()}`,
    async () => {
      seen = await portsOf(stage, host).catch(() => []);
      return seen.join() === ports.join() ? true : undefined;
    },
  );
}

test.skipIf(!canRun)(
  'HAProxy has each instance, and loses the one that was killed',
  async ({ stage }) => {
    const host = await startDnsHost(stage);
    const services = await Promise.all(
      [9_001, 9_002, 9_003].map((port) => host.offer('web', port)),
    );
    await startHaproxy(stage, host);
    await portsBecome(stage, host, ['9001', '9002', '9003']);

    await services[1]?.end('SIGKILL');
    await portsBecome(stage, host, ['9001', '9003']);
    await services[0]?.end('SIGKILL');
    await services[2]?.end('SIGKILL');
    await portsBecome(stage, host, []);
  },
);

test.skipIf(!canRun)('HAProxy has 60 instances, if it has places for them', async ({ stage }) => {
  const host = await startDnsHost(stage);
  await host.offerMany('web', 9_100, 60);

  await startHaproxy(stage, host, '1-80');

  const all = Array.from({ length: 60 }, (_, index) => String(9_100 + index));
  await portsBecome(stage, host, all);
});

test.skipIf(!canRun)(
  'HAProxy keeps what a split takes, though nobody can tell of it any more',
  async ({ stage }) => {
    const host = await startDnsHost(stage);
    const elsewhere = await startElsewhere(stage, host, [9_001, 9_002]);
    await startHaproxy(stage, host);
    await portsBecome(stage, host, ['9001', '9002']);

    await elsewhere.cutOff();
    // Both servers end, and the one that starts again hears of nobody.
    await Promise.all([host.a.end('SIGKILL'), host.b.end('SIGKILL')]);
    await host.serveAlone(['--peer', '127.0.0.12']);
    const ask = kdig(17_314, '+edns', `_web._tcp.${ZONE}`, 'SRV');
    await eventually(
      () => 'that nobody can tell',
      async () => ((await host.run(ask)).stdout.includes('SERVFAIL') ? true : undefined),
    );
    // HAProxy asks every second; it has been told so by then.
    const asked = await resolverCount(stage, host, 'other');
    await eventually(
      () => 'HAProxy is told',
      async () => ((await resolverCount(stage, host, 'other')) > asked + 2 ? true : undefined),
    );

    expect(await portsOf(stage, host)).toEqual(['9001', '9002']);
  },
);
