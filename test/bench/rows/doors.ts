// What the doors cost a server of which nothing is asked: its memory with all of them open, and with
// none. Both servers run beside each other, in pairs, so that both meet the same weather.

import { HOST_PORT, placeOf, PORT, untilOpen } from '../http.ts';
import { type Bench, leastWithin, residentBytes } from '../processes.ts';
import { type Figure, median, type Row } from '../row.ts';

export const doors: Row = {
  name: 'doors',
  title: 'Doors that are open, and of which nothing is asked',
  method: '7 pairs of servers; memory: the least within 10 s',
  measure: async (bench, isQuick) => {
    const [pairs, restMs] = isQuick ? [1, 500] : [7, 10_000];
    const measured: { open: number; none: number }[] = [];
    for (let pair = 0; pair < pairs; pair += 1) measured.push(await pairOf(bench, restMs));
    const value = median(measured.map(({ open, none }) => open - none)) / 1e6;
    const figures: Figure[] = [
      {
        what: 'memory with HTTP and DNS',
        unit: 'MB',
        value: median(measured.map(({ open }) => open)) / 1e6,
        floor: median(measured.map(({ none }) => none)) / 1e6,
      },
      { what: 'memory with them, more than without', unit: 'MB', value, must: '≤ 4' },
    ];
    return figures;
  },
};

async function pairOf(bench: Bench, restMs: number): Promise<{ open: number; none: number }> {
  const [open, none] = await Promise.all([bench.serve(), bench.serve({ words: ['--doors=none'] })]);
  for (const port of [PORT, HOST_PORT, DNS_PORT]) await untilOpen(placeOf(open.address, port));
  const [openBytes, noneBytes] = await Promise.all(
    [open, none].map(({ pid }) => leastWithin(restMs, () => residentBytes(pid))),
  );
  await Promise.all([open.end(), none.end()]);
  return { open: openBytes ?? NaN, none: noneBytes ?? NaN };
}

/** DNS of the host, by TCP: it opens last. */
const DNS_PORT = 17_349;
