// DNS: one address beyond loopback asks a hundred thousand times a second, whether it is answered or
// not. What do the others get meanwhile: on the server's own host, and at another address of the
// network that the flood comes from? That is a network of its own, behind a cable, as it would be
// another machine's.

import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import { type Cable, layCable } from '../cable.ts';
import { dnsperfWords, openAsker, PORT, queryOf, runLoad, SRV, ZONE } from '../dns.ts';
import { holdInstances, startTiming } from '../lookups.ts';
import { type Bench, floorFile, hasAll, type Server } from '../processes.ts';
import { type Figure, quantile, type Row, spread } from '../row.ts';
import { silentLinks } from './dns.ts';

export const dnsFlood: Row = {
  name: 'dns-flood',
  title: 'DNS: 100,000 queries a second from one address beyond loopback',
  method:
    '10 s; floor: the same in 10 s of peace. One asks by DNS and one by the protocol; ' +
    'and one from beside the flood, 200 times a second',
  measure: async (bench, isQuick) => {
    if (!hasAll('dnsperf', 'python3', 'unshare', 'nsenter', 'ip')) return [];
    const cable = await layCable(bench);
    if (cable === null) return [];
    const own = bench.address();
    const doors = [own, cable.near].map((address) => `--dns=${address}:${String(PORT)}`);
    const words = [...doors, `--dns-from=${cable.far}/29`, '--http=none'];
    const server = await bench.serve({ address: own, words });
    const neighbour = await bench.serve({ words: [`--peer=${server.address}`, '--doors=none'] });
    await neighbour.said('view-complete');
    await holdInstances(server, INSTANCES);
    const seconds = isQuick ? 1 : 10;
    const calm = await othersDuring(server, own, () => delay(1e3 * seconds));
    const flooded = await othersDuring(server, own, () =>
      Promise.all([flood(cable, seconds), askBeside(bench, cable, seconds)]),
    );
    const [{ sent, answered }, beside] = flooded.result;
    return [
      { what: 'the flood: sent', unit: '/s', value: sent / seconds, must: '≥ 100,000' },
      { what: 'the flood: answered', unit: '/s', value: answered / seconds },
      {
        what: 'from beside the flood: answered the first time',
        unit: '%',
        value: (100 * beside.answered) / beside.sent,
        must: '100',
      },
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
    await asker.close();
  };
  const asked = asking();
  const result = await happen();
  isOver = true;
  await asked;
  return { result, answers, lookups: lookups.end() };
}

/** Floods the server from the other end of a cable; tells what was sent, and what was answered. */
async function flood(
  { near, far, within }: Cable,
  seconds: number,
): Promise<{ readonly sent: number; readonly answered: number }> {
  const query = queryOf(0, `_bench._tcp.${ZONE}`, SRV).toString('hex');
  const words = [near, String(PORT), query, String(FLOOD_PER_S), String(seconds)];
  const [file = '', ...others] = [...within, 'python3', floorFile('flood.py'), far, ...words];
  const { stdout } = await promisify(execFile)(file, others);
  return JSON.parse(stdout) as { sent: number; answered: number };
}

/** Asks now and then from another address of the network that the flood comes from. */
async function askBeside(bench: Bench, { near, beside, within }: Cable, seconds: number) {
  const pace = ['-Q', '200', '-q', '10', '-t', '1', '-l', String(seconds)];
  return await runLoad([...within, ...dnsperfWords(bench, near, ['-a', beside, ...pace])]);
}

const FLOOD_PER_S = 100_000;
const INSTANCES = 10;
const PAUSE_MS = 2;
