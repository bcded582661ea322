// The weight of a leaf in a fleet of 2,000 servers, at rest and while the fleet changes. It, its
// sibling and its two masters are processes; all others are played by a hub to which the masters
// are linked. So all traffic on the leaf's links is that of real servers. The floor: a bare server
// with three connections and signs of life.

import { setTimeout as delay } from 'node:timers/promises';

import { doAllSay } from '../fleet.ts';
import { PlayedFleet, PlayedHub } from '../played.ts';
import { type Bench, residentBytes, type Server, until, type Usage, usage } from '../processes.ts';
import type { Figure, Row } from '../row.ts';
import { dial, PING } from '../wire.ts';
import { portOf } from './propagation.ts';

export const leaf: Row = {
  name: 'leaf',
  title: 'F. A leaf in a fleet of 2,000 servers',
  method: '10 s for each line, after the first 10',
  measure: async (bench, isQuick) => {
    const hostsCount = isQuick ? 20 : 998;
    const watchedMs = isQuick ? 500 : CHECKED_MS;
    const fleet = new PlayedFleet({ hostsCount, instancesCount: 10 * hostsCount });
    const hub = await PlayedHub.open(fleet, bench.address());
    const server = await startLeaf(bench, fleet, hub);
    if (!isQuick) await delay(CHECKED_MS);
    const rest = await usage(server.pid, watchedMs);
    const [changed] = await Promise.all([
      usage(server.pid, watchedMs),
      changeFor(watchedMs, { fleet, hub, turn: 0 }),
    ]);
    const bytes = residentBytes(server.pid);
    hub.close();
    await server.end();
    const bare = await measureBare(bench, watchedMs);
    const items = fleet.instancesCount.toLocaleString('en');
    return [
      {
        what: `memory, with ${items} instances`,
        unit: 'MB',
        value: bytes / 1e6,
        floor: bare.bytes / 1e6,
      },
      ...figuresOf('at rest', rest, bare),
      ...figuresOf(`${String(CHANGES_PER_S)} changes/s in the fleet`, changed),
    ];
  },
};

/** Starts the leaf with its sibling and its masters; resolves when it has the fleet. */
async function startLeaf(bench: Bench, fleet: PlayedFleet, hub: PlayedHub): Promise<Server> {
  const [one, other, own] = [bench.address(), bench.address(), bench.address()];
  const peer = `--peer=${hub.address}`;
  const peers = [`--peer=${one}`, `--peer=${other}`];
  const [, , server] = await Promise.all([
    bench.serve({ address: one, words: ['--master', peer, `--peer=${other}`] }),
    bench.serve({ address: other, words: ['--master', peer, `--peer=${one}`] }),
    bench.serve({ address: own, words: peers }),
    bench.serve({ address: own, words: peers }),
  ]);
  await until('the leaf has the fleet', () =>
    doAllSay([server], ({ server: { links }, servers, instances, complete }) => {
      const hasAll = servers.reachable === fleet.logs.size + 4;
      return complete && links === 3 && hasAll && instances.live === fleet.instancesCount;
    }),
  );
  return server;
}

/** A fleet, who tells of it, and how many changes have been told. */
export interface Changing {
  readonly fleet: PlayedFleet;
  readonly hub: PlayedHub;
  turn: number;
}

/** Tells of one change more. */
export function changeOne(changing: Changing): void {
  const { fleet, hub, turn } = changing;
  changing.turn += 1;
  const revision = 2 + Math.floor(turn / fleet.instancesCount);
  hub.tell(fleet.put(turn % fleet.instancesCount, revision));
}

/** Changes registrations of the fleet, a hundred a second, evenly over the time. */
export async function changeFor(milliseconds: number, changing: Changing): Promise<void> {
  const sinceMs = performance.now();
  for (let done = 1; performance.now() - sinceMs < milliseconds; done += 1) {
    changeOne(changing);
    await delay(sinceMs + (done * 1_000) / CHANGES_PER_S - performance.now());
  }
}

async function measureBare(bench: Bench, milliseconds: number) {
  const bare = bench.floor('beat.mjs');
  const address = `127.0.0.1:${portOf(await bare.said('listening'))}`;
  const sockets = await Promise.all([1, 2, 3].map(() => dial(address)));
  const beats = sockets.map((socket) => setInterval(() => socket.write(PING), 400));
  const used = await usage(bare.pid, milliseconds);
  for (const beat of beats) clearInterval(beat);
  for (const socket of sockets) socket.destroy();
  return { ...used, bytes: residentBytes(bare.pid) };
}

function figuresOf(when: string, used: Usage, bare?: Usage): Figure[] {
  const [share, rate] = [bare?.cpuShare, bare && bare.bytesPerS / 1e3].map((floor) =>
    floor === undefined ? {} : { floor },
  );
  return [
    { what: `${when}: processor`, unit: '%', value: used.cpuShare, ...share },
    { what: `${when}: read and written`, unit: 'kB/s', value: used.bytesPerS / 1e3, ...rate },
  ];
}

const CHANGES_PER_S = 100;

/** All is compared once, and from then on what has changed: as often as servers do that. */
const CHECKED_MS = 10_000;
