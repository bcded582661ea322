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
    const times = await timeKills(bench, rounds);
    const floors = await timeRelays(bench, rounds);
    const what = 'kill -9 → gone';
    return [
      { what, unit: 'ms', ...spread(times), floor: spread(floors).value, must: '≤ 5 / 10' },
      { what: 'the same, two bare relays', unit: 'ms', ...spread(floors) },
    ];
  },
};

async function timeKills(bench: Bench, rounds: number): Promise<number[]> {
  const one = await bench.serve({ words: ['--master'] });
  const other = await bench.serve({ words: ['--master', `--peer=${one.address}`] });
  await other.said('origin-reachable');
  let tell = (_: string): void => undefined;
  const watcher = await openSession(other.address, (message) => {
    if (message.kind === 'change') tell(message.change);
  });
  const told = (wanted: string): Promise<void> =>
    new Promise((resolve) => {
      tell = (change) => {
        if (change === wanted) resolve();
      };
    });
  watcher.send({
    kind: 'watch',
    request: 1,
    service: registrationOf(0, 'bench').service,
    known: [],
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
  watcher.close();
  return times;
}

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
