// HAProxy with the file that is shipped.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { eventually } from '../support/conditions.ts';
import { needs } from '../support/needs.ts';
import type { Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';
import type { DnsHost } from './dns-world.ts';
import { RECIPES, startDnsHost } from './dns-world.ts';

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
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(b'show servers state web\\n')
out = b''
while True:
    part = s.recv(65536)
    if not part: break
    out += part
print(out.decode())
`;

/** The ports of the servers that HAProxy has, those in maintenance left out. */
async function portsOf(stage: Stage, host: DnsHost): Promise<string[]> {
  const path = join(stage.folder, 'haproxy.sock');
  const { stdout } = await host.run(['/usr/bin/python3', '-c', ASK, path]);
  return stdout
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

async function startHaproxy(stage: Stage, host: DnsHost): Promise<void> {
  const file = join(stage.folder, 'global.cfg');
  await writeFile(file, GLOBAL);
  const files = ['-f', file, '-f', join(RECIPES, 'haproxy.cfg')];
  const checked = await host.run(['haproxy', '-c', '-C', stage.folder, ...files]);
  expect(checked.code).toBe(0);
  host.spawn(['haproxy', '-db', '-C', stage.folder, ...files]);
}

async function portsBecome(stage: Stage, host: DnsHost, ports: readonly string[]): Promise<number> {
  const sinceMs = performance.now();
  let seen: string[] = [];
  await eventually(
    () => `HAProxy has ${ports.join()}, not ${seen.join()}`,
    async () => {
      seen = await portsOf(stage, host).catch(() => []);
      return seen.join() === ports.join() ? true : undefined;
    },
  );
  return performance.now() - sinceMs;
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
    expect(await portsBecome(stage, host, ['9001', '9003'])).toBeLessThan(15_000);
    await services[0]?.end('SIGKILL');
    await services[2]?.end('SIGKILL');
    await portsBecome(stage, host, []);

    await host.offerMany('web', 9_100, 50);
    await portsBecome(
      stage,
      host,
      Array.from({ length: 50 }, (_, index) => String(9_100 + index)),
    );
  },
);
