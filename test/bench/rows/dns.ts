// The DNS door under load. How many answers of ten instances, each with its address, does one server
// give in a second, beside a bare server that has the same bytes ready, and beside dnsmasq? What do
// lookups of the protocol take meanwhile, and does a link fall silent? What does one `kdig` take?

import { dnsmasqWords, kdigMs, type Load, load, openAsker, PORT, SRV, ZONE } from '../dns.ts';
import { holdInstances, startTiming } from '../lookups.ts';
import { type Bench, cpuMs, hasAll, type Program, type Server } from '../processes.ts';
import { type Figure, median, type Row, spread } from '../row.ts';

export const dns: Row = {
  name: 'dns',
  title: 'DNS: answers of ten instances by SRV, with their addresses, from one server',
  method: '15 times 1 s each, in turn, after 3 s to warm up; 100 pairs of kdig',
  measure: async (bench, isQuick) => {
    if (!hasAll('dnsperf', 'kdig', 'dnsmasq')) return [];
    const stand = await standOf(bench);
    return [
      ...(await rates(bench, stand, isQuick ? 1 : 15)),
      ...(await kdigs(stand, isQuick ? 5 : 100)),
    ];
  },
};

/** A server that answers DNS at an address. */
interface Answerer {
  readonly address: string;
  readonly program: Program;
}

/** Three servers that say the same; ours has a neighbour. */
interface Stand {
  readonly server: Server;
  readonly neighbour: Server;
  readonly own: Answerer;
  readonly bare: Answerer;
  readonly dnsmasq: Answerer;
}

async function standOf(bench: Bench): Promise<Stand> {
  const [own, bare, dnsmasq] = [bench.address(), bench.address(), bench.address()];
  const words = [`--dns=${own}:${String(PORT)}`, '--http=none'];
  const server = await bench.serve({ address: own, words });
  const neighbour = await bench.serve({ words: [`--peer=${server.address}`, '--doors=none'] });
  await neighbour.said('view-complete');
  await holdInstances(server, INSTANCES);
  const answer = (await firstAnswer(own)).toString('hex');
  const echo = bench.floor('datagrams.mjs', [bare, String(PORT), answer]);
  await echo.said('listening');
  const other = bench.program(dnsmasqWords(dnsmasq, INSTANCES));
  await firstAnswer(dnsmasq);
  return {
    server,
    neighbour,
    own: { address: own, program: server },
    bare: { address: bare, program: echo },
    dnsmasq: { address: dnsmasq, program: other },
  };
}

async function firstAnswer(address: string): Promise<Buffer> {
  const asker = await openAsker(address);
  const answer = await asker.ask(`_bench._tcp.${ZONE}`, SRV);
  await asker.close();
  return answer;
}

/** What a server did under load, and the processor time that an answer took it. */
interface Loaded extends Load {
  readonly answerUs: number;
}

async function rates(bench: Bench, stand: Stand, rounds: number): Promise<Figure[]> {
  const of = async ({ address, program }: Answerer, seconds = 1): Promise<Loaded> => {
    const beforeMs = cpuMs(program.pid);
    const loaded = await load(bench, address, seconds);
    return { ...loaded, answerUs: (1e3 * (cpuMs(program.pid) - beforeMs)) / loaded.answered };
  };
  const warmUpSeconds = rounds > 1 ? 3 : 1;
  await of(stand.own, warmUpSeconds);
  await of(stand.bare, warmUpSeconds);
  const lookups: number[] = [];
  const measured: { own: Loaded; bare: Loaded; other: Loaded }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const timing = await startTiming(stand.server);
    const own = await of(stand.own);
    lookups.push(...timing.end());
    measured.push({ own, bare: await of(stand.bare), other: await of(stand.dnsmasq) });
  }
  const middle = (figure: (each: (typeof measured)[number]) => number): number =>
    median(measured.map(figure));
  return [
    {
      what: 'by dnsperf',
      unit: '/s',
      value: middle(({ own }) => own.answersPerS),
      floor: middle(({ bare }) => bare.answersPerS),
    },
    {
      what: 'by dnsperf, by a bare server over UDP',
      unit: 'x',
      value: middle(({ own, bare }) => own.answersPerS / bare.answersPerS),
      must: '≥ 0.8',
    },
    {
      what: 'processor time of an answer',
      unit: 'µs',
      value: middle(({ own }) => own.answerUs),
      floor: middle(({ bare }) => bare.answerUs),
    },
    {
      what: 'by dnsperf, from dnsmasq',
      unit: '/s',
      value: middle(({ other }) => other.answersPerS),
    },
    { what: 'a lookup of the protocol meanwhile', unit: 'ms', ...spread(lookups), must: '≤ 5' },
    silentLinks([stand.server, stand.neighbour]),
  ];
}

/** How many links these servers lost. */
export function silentLinks(servers: readonly Program[]): Figure {
  const value = servers.reduce((sum, server) => sum + server.timesSaid('link-down'), 0);
  return { what: 'links that fell silent meanwhile', unit: 'links', value, must: '0' };
}

async function kdigs({ own, dnsmasq }: Stand, runs: number): Promise<Figure[]> {
  const times: { own: number; other: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    times.push({ own: await kdigMs(own.address), other: await kdigMs(dnsmasq.address) });
  }
  const ratio = median(times.map((each) => each.own)) / median(times.map((each) => each.other));
  return [
    { what: 'one kdig, whole process', unit: 'ms', ...spread(times.map((each) => each.own)) },
    { what: 'one kdig, by one to dnsmasq', unit: 'x', value: ratio, must: '≤ 1.1' },
  ];
}

const INSTANCES = 10;
