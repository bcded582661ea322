// A fleet of ten servers in which a thousand registrations change every second: how soon is a change
// seen at the farthest host, what does that cost each server, and does it grow?

import { setTimeout as delay } from 'node:timers/promises';

import { Services, startFleet } from '../fleet.ts';
import { cpuMs, residentBytes } from '../processes.ts';
import { median, type Row, spread } from '../row.ts';
import { openSession, registrationOf } from '../wire.ts';

export const churn: Row = {
  name: 'churn',
  title: 'Churn: changes every second in a fleet',
  method: '30 s after 30 s to warm up',
  measure: async (bench, isQuick) => {
    const [hostsCount, perSecond, seconds] = isQuick ? [2, 1_000, 1] : [5, 1_000, 30];
    const hosts = await startFleet(bench, hostsCount);
    const servers = hosts.flatMap((host) => host.servers);
    const services = await Promise.all(hosts.map((host) => Services.open(host)));
    const last = hosts.at(-1)!.servers[1]!;
    const sentMs = new Map<string, number>();
    const times: number[] = [];
    const watcher = await openSession(last.address, (message) => {
      if (message.kind !== 'change' || message.instance === undefined) return;
      const { instance, revision } = message.instance.registration;
      const atMs = sentMs.get(`${instance} ${String(revision)}`);
      if (atMs !== undefined) times.push(performance.now() - atMs);
    });
    // One in four hundred instances is of the service that is watched.
    const { service } = registrationOf(0);
    watcher.send({ kind: 'watch', request: 1, service, known: [] });
    const change = (turn: number): void => {
      const index = turn % INSTANCES;
      const revision = 1 + Math.floor(turn / INSTANCES);
      sentMs.set(`${registrationOf(index).instance} ${String(revision)}`, performance.now());
      services[turn % services.length]!.put(index, revision);
    };
    const changeFor = async (duration: number, from: number): Promise<number> => {
      const sinceMs = performance.now();
      let turn = 0;
      while (turn < duration * perSecond) {
        const due = ((performance.now() - sinceMs) / 1_000) * perSecond;
        for (; turn < Math.min(due, duration * perSecond); turn += 1) change(from + turn);
        await delay(1);
      }
      return from + turn;
    };
    const turns = await changeFor(seconds, 0);
    const before = servers.map(({ pid }) => ({ cpu: cpuMs(pid), bytes: residentBytes(pid) }));
    const sinceMs = performance.now();
    times.length = 0;
    await changeFor(seconds, turns);
    const shares = servers.map(
      ({ pid }, index) => (100 * (cpuMs(pid) - before[index]!.cpu)) / (performance.now() - sinceMs),
    );
    const growth = servers.map(({ pid }, index) => residentBytes(pid) - before[index]!.bytes);
    await delay(100);
    watcher.close();
    for (const each of services) each.close();
    const rate = `${perSecond.toLocaleString('en')} changes/s over ${String(servers.length)} servers`;
    return [
      { what: `${rate}: seen at the farthest`, unit: 'ms', ...spread(times) },
      { what: `${rate}: processor of a server`, unit: '%', value: median(shares) },
      {
        what: `${rate}: memory gained in ${String(seconds)} s`,
        unit: 'MB',
        value: median(growth) / 1e6,
      },
    ];
  },
};

const INSTANCES = 4_000;
