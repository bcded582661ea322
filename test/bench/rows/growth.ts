// How cost grows with the number of registrations: memory of each, the time until an empty server
// has all of them, the time of one change, lookups a second. Each instance is held by both servers
// of its host, as in real life; the hosts are played by a hub (played.ts), and what is measured is a
// server that joins the one that is linked to the hub. plot.ts draws the figures.

import { setTimeout as delay } from 'node:timers/promises';

import { doAllSay } from '../fleet.ts';
import { PlayedFleet, PlayedHub } from '../played.ts';
import { type Bench, residentBytes, type Server, until } from '../processes.ts';
import { type Figure, type Row, spread } from '../row.ts';
import { openSession, registerOf, registrationOf } from '../wire.ts';

export const growth: Row = {
  name: 'growth',
  title: 'Growth with the number of registrations',
  method: 'one server for each size; 300 changes, 1.5 s of lookups',
  measure: async (bench, isQuick) => {
    const counts = isQuick ? [500, 1_000] : [10_000, 30_000, 100_000, 200_000, 300_000];
    const empty = await bench.serve();
    await delay(isQuick ? 0 : REST_MS);
    const emptyBytes = residentBytes(empty.pid);
    await empty.end();
    const figures: Figure[] = [];
    for (const count of counts) {
      figures.push(...(await measureAt(bench, count, { emptyBytes, isQuick })));
    }
    return figures;
  },
};

interface Circumstances {
  readonly emptyBytes: number;
  readonly isQuick: boolean;
}

async function measureAt(
  bench: Bench,
  count: number,
  { emptyBytes, isQuick }: Circumstances,
): Promise<Figure[]> {
  const fleet = new PlayedFleet({ hostsCount: HOSTS, instancesCount: count });
  const hub = await PlayedHub.open(fleet, bench.address());
  const near = await bench.serve({ words: ['--master', `--peer=${hub.address}`] });
  await hub.taken();
  const joining = await bench.serve({ words: [`--peer=${near.address}`] });
  const sinceMs = performance.now();
  await until('the joining server has all', () =>
    doAllSay([joining], ({ instances }) => instances.live === count),
  );
  const joinMs = performance.now() - sinceMs;
  await delay(isQuick ? 0 : REST_MS);
  const bytes = residentBytes(joining.pid) - emptyBytes;
  const changes = await timeChanges(near, joining, isQuick ? 5 : 300);
  const perSecond = await countLookups(joining, isQuick ? 100 : 1_500);
  hub.close();
  await Promise.all([near.end('SIGKILL'), joining.end('SIGKILL')]);
  const measured = [
    { of: 'memory of each', unit: 'B', value: bytes / count },
    { of: 'an empty server has all', unit: 'ms', value: joinMs },
    { of: 'one change, seen at the next server', unit: 'ms', ...spread(changes) },
    { of: 'lookups of ten instances', unit: '/s', value: perSecond },
  ];
  return measured.map(({ of, ...figure }) => {
    return {
      what: `${count.toLocaleString('en')} held: ${of}`,
      ...figure,
      growth: { of, at: count },
    };
  });
}

/** From a client of one server to a watch at the other. */
async function timeChanges(near: Server, far: Server, rounds: number): Promise<number[]> {
  let see = (): void => undefined;
  const watcher = await openSession(far.address, ({ kind }) => {
    if (kind === 'change') see();
  });
  const sees = (): Promise<void> =>
    new Promise((resolve) => {
      see = resolve;
    });
  const isSynced = sees();
  watcher.send({
    kind: 'watch',
    request: 1,
    service: registrationOf(0, 'bench').service,
    known: [],
  });
  await isSynced;
  const service = await openSession(near.address);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const registration = {
      ...registrationOf(CHANGED + (round % TEN), 'bench'),
      revision: round + 1,
    };
    const isSeen = sees();
    const sinceMs = performance.now();
    service.send(registerOf(round, registration));
    await isSeen;
    times.push(performance.now() - sinceMs);
  }
  // The service stays: its ten instances are what is looked up.
  watcher.close();
  return times;
}

/** Asked on four connections, four questions under way on each: no one of them is too fast. */
async function countLookups({ address }: Server, milliseconds: number): Promise<number> {
  const { service } = registrationOf(0, 'bench');
  let count = 0;
  const sessions = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const session = await openSession(address, (message) => {
        if (message.kind !== 'instances') return;
        count += 1;
        session.send({ kind: 'lookup', request: message.request, service });
      });
      return session;
    }),
  );
  for (const session of sessions) {
    for (let request = 1; request <= 4; request += 1) {
      session.send({ kind: 'lookup', request, service });
    }
  }
  const sinceMs = performance.now();
  await delay(milliseconds);
  const perSecond = (1e3 * count) / (performance.now() - sinceMs);
  for (const session of sessions) session.close();
  return perSecond;
}

const HOSTS = 100;
const TEN = 10;

/** Instances that no played host has. */
const CHANGED = 1_000_000;

/** What a server needed for a moment only is given back meanwhile. */
const REST_MS = 2_000;
