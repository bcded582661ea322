// Row E. Many registrations, each at both servers of its host, as in real life. How much memory is
// one of them, and how soon has an empty server of another host all of them? The floor of that: the
// same records, of both servers, as a plain stream of batches, decoded.

import { doAllSay } from '../fleet.ts';
import { type Bench, leastWithin, residentBytes, type Server, until } from '../processes.ts';
import { type Row } from '../row.ts';
import { openSession, registerOf, registrationOf, type Session } from '../wire.ts';

export const sync: Row = {
  name: 'sync',
  title: 'E. Many registrations: memory, and an empty server that joins',
  method: 'one run',
  measure: async (bench, isQuick) => {
    const count = isQuick ? 2_000 : 100_000;
    const restMs = isQuick ? 1_000 : REST_MS;
    const address = bench.address();
    const sides = [await bench.serve({ address }), await bench.serve({ address })];
    await sides[1]?.said('origin-reachable');
    const [first] = sides;
    const before = residentBytes(first!.pid);
    const bytesEach = (): number => (residentBytes(first!.pid) - before) / count;
    const sessions = await Promise.all(sides.map((side) => register(side.address, count)));
    await until('all are registered', () => hasAll(first!, count));
    const atOnce = bytesEach();
    const atRest = await leastWithin(restMs, bytesEach);
    const joinMs = await timeJoin(bench, first!.address, count);
    for (const session of sessions.flat()) session.close();
    const took = await bench.floor('stream.mjs', [String(SIDES * count)]).said('took');
    const many = count.toLocaleString('en');
    const what = `a registration of ${many}, held by two servers`;
    const rest = `the least within ${String(restMs / 1_000)} s of rest`;
    return [
      { what: `${what}, ${rest}`, unit: 'B', value: atRest, must: '≤ 400' },
      { what: `${what}, at once`, unit: 'B', value: atOnce },
      {
        what: `an empty server has ${many}`,
        unit: 'ms',
        value: joinMs,
        floor: Number(took.split(' ')[1]),
        must: '≤ 500',
      },
    ];
  },
};

/** As many sessions as the limit for each of them asks for. */
async function register(address: string, count: number): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let index = 0; index < count; index += 1) {
    if (index % SESSION_REGISTRATIONS === 0) sessions.push(await openSession(address));
    const registration = registrationOf(index);
    sessions.at(-1)?.send(registerOf(index, registration));
    if (index % 1_000 === 999) await new Promise(setImmediate);
  }
  return sessions;
}

/** From when its sockets listen: what comes before is the start of a Node.js. */
async function timeJoin(bench: Bench, peer: string, count: number): Promise<number> {
  const joining = await bench.serve({ words: [`--peer=${peer}`] });
  const sinceMs = performance.now();
  await until('the joining server has all', () => hasAll(joining, count));
  return performance.now() - sinceMs;
}

function hasAll(server: Server, count: number): Promise<boolean> {
  return doAllSay([server], ({ instances }) => instances.live === count);
}

/** After a burst a server gives memory back step by step, when it rests. */
const REST_MS = 60_000;
const SESSION_REGISTRATIONS = 10_000;
/** A joining server takes in the logs of both servers of a host. */
const SIDES = 2;
