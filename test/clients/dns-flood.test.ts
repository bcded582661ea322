// A client that asks far more than any may: it costs the others nothing, and itself its answers.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

import { canMakeNetworks } from '../namespaces/network.ts';
import { needs } from '../support/needs.ts';
import type { Stage } from '../support/processes.ts';
import { test } from '../support/processes.ts';
import type { DnsHost } from './dns-world.ts';
import { startDnsHost, ZONE } from './dns-world.ts';

const canRun = canMakeNetworks() && needs('knot-dnsutils') && needs('dnsperf');

/** The results of asking for a while. */
interface Asked {
  readonly sent: number;
  readonly completed: number;
  readonly lost: number;
  readonly averageMs: number;
}

async function ask(stage: Stage, host: DnsHost, words: readonly string[]): Promise<Asked> {
  const file = join(stage.folder, 'questions');
  await writeFile(file, `_web._tcp.${ZONE} SRV\n`);
  const { stdout } = await host.run(['dnsperf', '-e', '-d', file, ...words]);
  const figure = (name: string): number =>
    Number(new RegExp(`${name}: +([0-9.]+)`).exec(stdout)?.[1]);
  return {
    sent: figure('Queries sent'),
    completed: figure('Queries completed'),
    lost: figure('Queries lost'),
    averageMs: figure('Average Latency \\(s\\)') * 1_000,
  };
}

test.skipIf(!canRun)(
  'a flood from one address costs it answers, and others elsewhere none',
  async ({ stage }) => {
    const flags = ['--dns', '127.0.0.1', '--dns', '10.99.0.1:53', '--dns-from', '10.99.0.0/24'];
    const addresses = ['10.99.0.1/24', '10.99.0.2/24', '10.99.0.3/24'];
    const host = await startDnsHost(stage, flags, addresses);
    await host.offerMany('web', 8_000, 10);
    const near = ['-s', '127.0.0.1', '-p', '17319'];
    const far = ['-a', '10.99.0.3', '-s', '10.99.0.1'];
    const others = (): Promise<Asked>[] =>
      [near, far].map((place) => ask(stage, host, [...place, ...CALM]));
    const before = await Promise.all(others());

    const [flood, ...meanwhile] = await Promise.all([
      ask(stage, host, ['-a', '10.99.0.2', '-s', '10.99.0.1', ...FLOOD]),
      ...others(),
    ]);

    // Of what is beyond a thousand in each of the five or six seconds, every other one is dropped.
    expect(flood.sent).toBeGreaterThan(6_100);
    expect(flood.lost).toBeGreaterThan((flood.sent - 6_000) / 4);
    expect(flood.completed).toBeGreaterThan(0);
    const [atOwnPort, atSamePort] = meanwhile;
    expect(atOwnPort?.lost).toBe(0);
    // What comes to the very port waits in one buffer of the kernel, which may be full: where the
    // server has no processor to itself a few are lost, and asked again.
    expect(atSamePort?.lost).toBeLessThan((atSamePort?.sent ?? 0) / 2);
    for (const [index, { completed, averageMs }] of meanwhile.entries()) {
      expect(completed).toBeGreaterThan(100);
      // A machine that is busy with others is slow without any flood.
      expect(averageMs).toBeLessThan(Math.max(500, 10 * (before[index]?.averageMs ?? 0)));
    }
    const told = [host.a, host.b].flatMap((server) => server.allSaid({ event: 'dns-flood' }));
    expect(told).toMatchObject([{ address: '10.99.0.2' }]);
    const down = [host.a, host.b].flatMap((server) => server.allSaid({ event: 'link-down' }));
    expect(down).toEqual([]);
  },
);

const CALM = ['-Q', '100', '-l', '4', '-c', '2'];
const FLOOD = ['-Q', '100000', '-q', '20000', '-l', '5', '-t', '1'];
