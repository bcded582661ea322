// What the doors cost a server of which nothing is asked: its memory with all of them open, and with
// none. Both servers run beside each other, in pairs, so that both meet the same weather.

import { HOST_PORT, placeOf, PORT, untilOpen } from '../http.ts';
import { type Bench, leastWithin, ownBytes, residentBytes } from '../processes.ts';
import { type Figure, median, type Row } from '../row.ts';

export const doors: Row = {
  name: 'doors',
  title: 'Doors that are open, and of which nothing is asked',
  method: '7 pairs of servers; memory: the least within 10 s',
  measure: async (bench, isQuick) => {
    const [pairs, restMs] = isQuick ? [1, 500] : [7, 10_000];
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
        what: 'of that, beside pages of Node.js that its processes share',
        unit: 'MB',
        value: megabytes(({ open, none }) => open.own - none.own),
      },
    ];
    return figures;
  },
};

/** Bytes of memory: all, and what belongs to the process alone. */
interface Memory {
  readonly resident: number;
  readonly own: number;
}

interface Pair {
  readonly open: Memory;
  readonly none: Memory;
}

async function pairOf(bench: Bench, restMs: number): Promise<Pair> {
  const [open, none] = await Promise.all([bench.serve(), bench.serve({ words: ['--doors=none'] })]);
  for (const port of [PORT, HOST_PORT, DNS_PORT]) await untilOpen(placeOf(open.address, port));
  const [openMemory, noneMemory] = await Promise.all([
    memoryOf(open.pid, restMs),
    memoryOf(none.pid, restMs),
  ]);
  await Promise.all([open.end(), none.end()]);
  return { open: openMemory, none: noneMemory };
}

async function memoryOf(pid: number, restMs: number): Promise<Memory> {
  const [resident, own] = await Promise.all([
    leastWithin(restMs, () => residentBytes(pid)),
    leastWithin(restMs, () => ownBytes(pid)),
  ]);
  return { resident, own };
}

/** DNS of the host, by TCP: it opens last. */
const DNS_PORT = 17_349;
