// A deploy: in ten seconds four thousand instances go and four thousand others come. How long after
// the last of them does every server say the same?

import { setTimeout as delay } from 'node:timers/promises';

import { doAllSay, Services, startFleet } from '../fleet.ts';
import { cpuMs, until } from '../processes.ts';
import { median, type Row } from '../row.ts';

export const storm: Row = {
  name: 'storm',
  title: 'A deploy: instances replaced within seconds',
  method: 'one deploy',
  measure: async (bench, isQuick) => {
    const [hostsCount, count, seconds] = isQuick ? [2, 100, 1] : [5, 4_000, 10];
    const hosts = await startFleet(bench, hostsCount);
    const servers = hosts.flatMap((host) => host.servers);
    const services = await Promise.all(hosts.map((host) => Services.open(host)));
    const ownerOf = (index: number): Services => services[index % services.length]!;
    const areAll = (): Promise<boolean> =>
      doAllSay(servers, ({ instances }) => instances.live === count);
    for (let index = 0; index < count; index += 1) ownerOf(index).put(index, 1);
    await until('all are registered everywhere', areAll);
    const before = servers.map(({ pid }) => cpuMs(pid));
    const stepMs = (1_000 * seconds) / (count / BATCH);
    for (let index = 0; index < count; index += 1) {
      ownerOf(index).drop(index);
      // Numbers that go on where the first ones end, so that each has the same owner.
      ownerOf(index).put(index + count, 1);
      if (index % BATCH === BATCH - 1) await delay(stepMs);
    }
    const sinceMs = performance.now();
    await until('all are replaced everywhere', areAll);
    const settledMs = performance.now() - sinceMs;
    const used = servers.map(({ pid }, index) => cpuMs(pid) - before[index]!);
    for (const each of services) each.close();
    const what = `${count.toLocaleString('en')} replaced on ${String(servers.length)} servers`;
    return [
      { what: `${what}: all agree after the last`, unit: 'ms', value: settledMs },
      { what: `${what}: processor of a server`, unit: 'ms', value: median(used) },
    ];
  },
};

const BATCH = 20;
