// Row C, what loopback can show of it: a service that embeds the library is killed; how soon does a
// watch on another host tell that it is gone? Of the floor, two bare relays, the most part is the
// kernel's: it takes that long to end a Node.js. Cut cables need networks: removal.bench.ts.

import { once } from 'node:events';

import type { Bench } from '../processes.ts';
import { type Row, spread } from '../row.ts';
import { dialRelay, openSession, registrationOf } from '../wire.ts';
import { portOf } from './propagation.ts';

export const removal: Row = {
  name: 'removal',
  title: 'C. A service is killed (kill -9), gone on another host',
  method: '100 kills',
  measure: async (bench, isQuick) => {
    const rounds = isQuick ? 3 : 100;
    const times = await timeKills(bench, rounds, watchBySession);
    const floors = await timeRelays(bench, rounds);
    const what = 'kill -9 → gone';
    return [
      { what, unit: 'ms', ...spread(times), floor: spread(floors).value, must: '≤ 5 / 10' },
      { what: 'the same, two bare relays', unit: 'ms', ...spread(floors) },
    ];
  },
};

/** Tells each change of the service `bench` at an address; what it resolves with ends that. */
type Watch = (address: string, tell: (change: string) => void) => Promise<() => void>;

/** Kills a service again and again; how long until a watch at another host tells, in milliseconds. */
export async function timeKills(bench: Bench, rounds: number, watch: Watch): Promise<number[]> {
  const one = await bench.serve({ words: ['--master'] });
  const other = await bench.serve({ words: ['--master', `--peer=${one.address}`] });
  await other.said('origin-reachable');
  let tell = (_: string): void => undefined;
  const end = await watch(other.address, (change) => {
    tell(change);
  });
  const told = (wanted: string): Promise<void> =>
    new Promise((resolve) => {
      tell = (change) => {
        if (change === wanted) resolve();
      };
    });
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const added = told('added');
    const { pid } = bench.floor('service.mjs', [one.address, 'bench']);
    await added;
    const removed = told('removed');
    const sinceMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await removed;
    times.push(performance.now() - sinceMs);
  }
  end();
  return times;
}

const watchBySession: Watch = async (address, tell) => {
  const session = await openSession(address, (message) => {
    if (message.kind === 'change') tell(message.change);
  });
  const { service } = registrationOf(0, 'bench');
  session.send({ kind: 'watch', request: 1, service, known: [] });
  return () => {
    session.close();
  };
};

async function timeRelays(bench: Bench, rounds: number): Promise<number[]> {
  const onePort = portOf(await bench.floor('relay.mjs').said('listening'));
  const other = bench.floor('relay.mjs', [onePort]);
  const watcher = await dialRelay(portOf(await other.said('listening')));
  watcher.resume();
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const service = bench.floor('caller.mjs', [onePort]);
    await service.said('connected');
    const gone = once(watcher, 'data');
    const sinceMs = performance.now();
    process.kill(service.pid, 'SIGKILL');
    await gone;
    times.push(performance.now() - sinceMs);
  }
  watcher.destroy();
  return times;
}
