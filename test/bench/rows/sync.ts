// Row E. Many registrations, each at both servers of its host, as in real life. How much memory is
// one of them, and how soon has an empty server of another host all of them? The floor of that: the
// same records as a plain stream of batches, decoded.

import { doAllSay } from '../fleet.ts';
import { type Bench, residentBytes, type Server, until } from '../processes.ts';
import { type Row } from '../row.ts';
import { openSession, registrationOf } from '../wire.ts';

export const sync: Row = {
  name: 'sync',
  title: 'E. Many registrations: memory, and an empty server that joins',
  method: 'one run',
  measure: async (bench, isQuick) => {
    const count = isQuick ? 2_000 : 100_000;
    const address = bench.address();
    const sides = [await bench.serve({ address }), await bench.serve({ address })];
    await sides[1]?.said('origin-reachable');
    const [first] = sides;
    const before = residentBytes(first!.pid);
    const sessions = await Promise.all(sides.map((side) => register(side.address, count)));
    await until('all are registered', () => hasAll(first!, count));
    const bytes = (residentBytes(first!.pid) - before) / count;
    const joinMs = await timeJoin(bench, first!.address, count);
    for (const session of sessions) session.close();
    const took = await bench.floor('stream.mjs', [String(count)]).said('took');
    const many = count.toLocaleString('en');
    return [
      {
        what: `a registration of ${many}, held by two servers`,
        unit: 'B',
        value: bytes,
        must: '≤ 400',
      },
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

async function register(address: string, count: number) {
  const session = await openSession(address);
  for (let index = 0; index < count; index += 1) {
    session.send({ kind: 'register', request: index, registration: registrationOf(index) });
    if (index % 1_000 === 999) await new Promise(setImmediate);
  }
  return session;
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
