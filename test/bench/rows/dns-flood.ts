// DNS: one address beyond loopback asks a hundred thousand times a second. What do the others get
// meanwhile? It comes from a network of its own, by a cable, as it would from another machine.

import { setTimeout as delay } from 'node:timers/promises';

import { layCable } from '../cable.ts';
import { dnsperfWords, openAsker, PORT, runLoad, SRV, ZONE } from '../dns.ts';
import { holdInstances, startTiming } from '../lookups.ts';
import { hasAll, type Server } from '../processes.ts';
import { type Figure, quantile, type Row, spread } from '../row.ts';
import { silentLinks } from './dns.ts';

export const dnsFlood: Row = {
  name: 'dns-flood',
  title: 'DNS: 100,000 queries a second from one address beyond loopback',
  method: '10 s; floor: the same in 10 s of peace. One asks by DNS and one by the protocol',
  measure: async (bench, isQuick) => {
    if (!hasAll('dnsperf', 'unshare', 'nsenter', 'ip')) return [];
    const cable = await layCable(bench);
    if (cable === null) return [];
    const own = bench.address();
    const doors = [own, cable.near].map((address) => `--dns=${address}:${String(PORT)}`);
    const words = [...doors, `--dns-from=${cable.far}/32`, '--http=none'];
    const server = await bench.serve({ address: own, words });
    const neighbour = await bench.serve({ words: [`--peer=${server.address}`, '--doors=none'] });
    await neighbour.said('view-complete');
    await holdInstances(server, INSTANCES);
    const seconds = isQuick ? 1 : 10;
    const calm = await othersDuring(server, own, () => delay(1e3 * seconds));
    const flooding = dnsperfWords(bench, cable.near, floodWords(seconds));
    const flooded = await othersDuring(server, own, () => runLoad([...cable.within, ...flooding]));
    const { sent, answered } = flooded.result;
    return [
      { what: 'the flood: sent', unit: '/s', value: sent / seconds, must: '≥ 100,000' },
      { what: 'the flood: answered', unit: '/s', value: answered / seconds },
      besideCalm('an answer of DNS to another, meanwhile', flooded.answers, calm.answers),
      besideCalm('a lookup of the protocol meanwhile', flooded.lookups, calm.lookups),
      silentLinks([server, neighbour]),
    ];
  },
};

function besideCalm(what: string, times: readonly number[], calm: readonly number[]): Figure {
  return { what, unit: 'ms', ...spread(times), floor: quantile(calm, 0.99), must: '≤ 5' };
}

/** How long others wait for their answers while something happens, in milliseconds. */
async function othersDuring<T>(
  server: Server,
  dnsAddress: string,
  happen: () => Promise<T>,
): Promise<{ result: T; answers: number[]; lookups: number[] }> {
  const lookups = await startTiming(server);
  const answers: number[] = [];
  let isOver = false;
  const asking = async (): Promise<void> => {
    const asker = await openAsker(dnsAddress);
    while (!isOver) {
      const sinceMs = performance.now();
      await asker.ask(`_bench._tcp.${ZONE}`, SRV);
      answers.push(performance.now() - sinceMs);
      await delay(PAUSE_MS);
    }
    asker.close();
  };
  const asked = asking();
  const result = await happen();
  isOver = true;
  await asked;
  return { result, answers, lookups: lookups.end() };
}

function floodWords(seconds: number): string[] {
  return ['-Q', '100000', '-q', '200000', '-c', '4', '-t', '1', '-l', String(seconds)];
}

const INSTANCES = 10;
const PAUSE_MS = 2;
