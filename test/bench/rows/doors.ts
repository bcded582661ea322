// What the doors cost a server of which nothing is asked: its memory with all of them open, and with
// none. Both servers run beside each other, in pairs, so that both meet the same weather.

import { HOST_PORT, placeOf, PORT, untilOpen } from '../http.ts';
import { type Bench, leastWithin, type Memory, memoryOf } from '../processes.ts';
import { type Figure, median, type Row } from '../row.ts';

export const doors: Row = {
  name: 'doors',
  title: 'Doors that are open, and of which nothing is asked',
  method: '5 pairs of servers; memory: the least within 20 s',
  measure: async (bench, isQuick) => {
    // V8 gives back what a start took some nine seconds after it, on a slow machine later.
    const [pairs, restMs] = isQuick ? [1, 500] : [5, 20_000];
    const measured: Pair[] = [];
    for (let pair = 0; pair < pairs; pair += 1) measured.push(await pairOf(bench, restMs));
    const megabytes = (of: (pair: Pair) => number): number => median(measured.map(of)) / 1e6;
    const figures: Figure[] = [
      {
        what: 'memory with HTTP and DNS',
        unit: 'MB',
        value: megabytes(({ open }) => open.resident),
        floor: megabytes(({ none }) => none.resident),
      },
      {
        what: 'memory with them, more than without',
        unit: 'MB',
        value: megabytes(({ open, none }) => open.resident - none.resident),
        must: '≤ 4',
      },
      {
        what: 'of that, where the pages of Node.js are shared with another server',
        unit: 'MB',
        value: megabytes(({ open, none }) => open.proportional - none.proportional),
      },
      {
        what: 'of that, their own',
        unit: 'MB',
        value: megabytes(({ open, none }) => open.own - none.own),
      },
    ];
    return figures;
  },
};

interface Pair {
  readonly open: Memory;
  readonly none: Memory;
}

async function pairOf(bench: Bench, restMs: number): Promise<Pair> {
  const [open, none] = await Promise.all([bench.serve(), bench.serve({ words: ['--doors=none'] })]);
  for (const port of [PORT, HOST_PORT, DNS_PORT]) await untilOpen(placeOf(open.address, port));
  const [openMemory, noneMemory] = await Promise.all([
    leastMemory(open.pid, restMs),
    leastMemory(none.pid, restMs),
  ]);
  await Promise.all([open.end(), none.end()]);
  return { open: openMemory, none: noneMemory };
}

async function leastMemory(pid: number, restMs: number): Promise<Memory> {
  const least = (of: keyof Memory): Promise<number> => leastWithin(restMs, () => memoryOf(pid)[of]);
  const [resident, proportional, own] = await Promise.all([
    least('resident'),
    least('proportional'),
    least('own'),
  ]);
  return { resident, proportional, own };
}

/** DNS of the host, by TCP: it opens last. */
const DNS_PORT = 17_349;
