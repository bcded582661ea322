// Row B. A service is registered at one host; how soon is it seen at another? The servers are two
// processes, and this process is both ends, so one clock tells. The floor: two bare relays.

import { once } from 'node:events';

import type { Bench } from '../processes.ts';
import { type Figure, type Row, spread } from '../row.ts';
import { dialRelay, openSession, registerOf, registrationOf } from '../wire.ts';

export const propagation: Row = {
  name: 'propagation',
  title: 'B. Registered on one host, seen on another',
  method: '1,000 registrations, one after the other, after 50 to warm up',
  measure: async (bench, isQuick) => {
    const rounds = isQuick ? 20 : 1_000;
    const [must, what] = ['0.8 / 4', 'register → seen, idle'];
    const times = await timeRegistrations(bench, rounds);
    const floors = await timeRelays(bench, rounds);
    const figures: Figure[] = [
      { what, unit: 'ms', ...spread(times), floor: spread(floors).value, must: `≤ ${must}` },
      { what: 'the same, two bare relays', unit: 'ms', ...spread(floors) },
    ];
    return figures;
  },
};

async function timeRegistrations(bench: Bench, rounds: number): Promise<number[]> {
  const one = await bench.serve({ words: ['--master'] });
  const other = await bench.serve({ words: ['--master', `--peer=${one.address}`] });
  let isSeen = (): void => undefined;
  const watcher = await openSession(other.address, (message) => {
    if (message.kind === 'change' && message.change === 'added') isSeen();
  });
  watcher.send({
    kind: 'watch',
    request: 1,
    service: registrationOf(0, 'bench').service,
    known: [],
  });
  await other.said('origin-reachable');
  const service = await openSession(one.address);
  const times: number[] = [];
  for (let round = 0; round < rounds + WARMUP; round += 1) {
    const registration = registrationOf(round, 'bench');
    const seen = new Promise<void>((resolve) => {
      isSeen = resolve;
    });
    const sinceMs = performance.now();
    service.send(registerOf(round, registration));
    await seen;
    times.push(performance.now() - sinceMs);
  }
  for (const session of [watcher, service]) session.close();
  return times.slice(WARMUP);
}

async function timeRelays(bench: Bench, rounds: number): Promise<number[]> {
  const one = bench.floor('relay.mjs');
  const onePort = portOf(await one.said('listening'));
  const other = bench.floor('relay.mjs', [onePort]);
  const from = await dialRelay(onePort);
  const to = await dialRelay(portOf(await other.said('listening')));
  const times: number[] = [];
  for (let round = 0; round < rounds + WARMUP; round += 1) {
    const seen = once(to, 'data');
    const sinceMs = performance.now();
    from.write(MESSAGE);
    await seen;
    times.push(performance.now() - sinceMs);
  }
  return times.slice(WARMUP);
}

/** The port in `listening PORT`. */
export function portOf(line: string): string {
  return line.split(' ')[1] ?? '';
}

const MESSAGE = Buffer.alloc(100, 1);
const WARMUP = 50;
