// The DNS door. How many answers of ten instances, each with its address, does one server give in a
// second, beside a bare server that has the same bytes ready, and beside dnsmasq? What do lookups of
// the protocol take meanwhile? How soon is a service that was killed no name any more, at every
// server of every host?

import { answersPerS, dnsmasqWords, kdigMs, NXDOMAIN, openAsker, ZONE } from '../dns.ts';
import { holdInstances, startTiming } from '../lookups.ts';
import { type Bench, hasAll, type Server, until } from '../processes.ts';
import { type Figure, median, type Row, spread } from '../row.ts';

export const dns: Row = {
  name: 'dns',
  title: 'DNS: answers of ten instances by SRV, with their addresses, from one server',
  method: '7 times 3 s each, in turn, after one to warm up',
  measure: async (bench, isQuick) => {
    if (!hasAll('dnsperf', 'kdig', 'dnsmasq')) return [];
    const stand = await standOf(bench);
    const counts = { rounds: isQuick ? 1 : 7, seconds: isQuick ? 1 : 3, runs: isQuick ? 5 : 100 };
    return [...(await rates(bench, stand, counts)), ...(await kdigs(stand, counts.runs))];
  },
};

export const dnsRemoval: Row = {
  name: 'dns-removal',
  title: 'DNS: a service is killed (kill -9), NXDOMAIN at both servers of two hosts',
  method: '100 kills; every server is asked all the time',
  measure: async (bench, isQuick) => {
    const times = await killsMs(bench, isQuick ? 3 : 100);
    return [{ what: 'kill -9 → NXDOMAIN everywhere', unit: 'ms', ...spread(times), must: '≤ 10' }];
  },
};

/** Three servers that say the same. */
interface Stand {
  readonly server: Server;
  readonly own: string;
  readonly bare: string;
  readonly dnsmasq: string;
}

async function standOf(bench: Bench): Promise<Stand> {
  const [own, bare, dnsmasq] = [bench.address(), bench.address(), bench.address()];
  const server = await serveDns(bench, own);
  await holdInstances(server, INSTANCES);
  const asker = await openAsker(own);
  const answer = await asker.ask(`_bench._tcp.${ZONE}`, SRV);
  asker.close();
  await bench.floor('datagrams.mjs', [bare, '5353', answer.toString('hex')]).said('listening');
  bench.program(dnsmasqWords(dnsmasq, INSTANCES));
  const other = await openAsker(dnsmasq);
  await other.ask(`_bench._tcp.${ZONE}`, SRV);
  other.close();
  return { server, own, bare, dnsmasq };
}

function serveDns(bench: Bench, address: string): Promise<Server> {
  return bench.serve({ address, words: [`--dns=${address}:5353`, '--http=none'] });
}

interface Counts {
  readonly rounds: number;
  readonly seconds: number;
  readonly runs: number;
}

async function rates(bench: Bench, stand: Stand, { rounds, seconds }: Counts): Promise<Figure[]> {
  const of = (address: string): Promise<number> => answersPerS(bench, address, seconds);
  await of(stand.own);
  await of(stand.bare);
  const measured: { own: number; bare: number; dnsmasq: number }[] = [];
  const lookups: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const timing = await startTiming(stand.server);
    const own = await of(stand.own);
    lookups.push(...timing.end());
    measured.push({ own, bare: await of(stand.bare), dnsmasq: await of(stand.dnsmasq) });
  }
  const ratio = median(measured.map(({ own, bare }) => own / bare));
  const [unit, floor] = ['/s', median(measured.map(({ bare }) => bare))];
  return [
    { what: 'by dnsperf', unit, value: median(measured.map(({ own }) => own)), floor },
    { what: 'by dnsperf, by a bare server over UDP', unit: 'x', value: ratio, must: '≥ 0.8' },
    { what: 'the same of dnsmasq', unit, value: median(measured.map((each) => each.dnsmasq)) },
    { what: 'a lookup of the protocol meanwhile', unit: 'ms', ...spread(lookups), must: '≤ 5' },
  ];
}

async function kdigs({ own, dnsmasq }: Stand, runs: number): Promise<Figure[]> {
  const times: { own: number; other: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    times.push({ own: await kdigMs(own), other: await kdigMs(dnsmasq) });
  }
  const [of, other] = [spread(times.map((each) => each.own)), times.map((each) => each.other)];
  const ratio = of.value / median(other);
  return [
    { what: 'one kdig, whole process', unit: 'ms', ...of },
    { what: 'one kdig, by one to dnsmasq', unit: 'x', value: ratio, must: '≤ 1.1' },
  ];
}

async function killsMs(bench: Bench, kills: number): Promise<number[]> {
  const [one, other] = [bench.address(), bench.address()];
  const first = await serveOf(bench, one, ['--master']);
  const servers = [first];
  for (const host of [one, other]) {
    while (servers.length < (host === one ? 2 : 4)) {
      servers.push(await serveOf(bench, host, ['--master', `--peer=${first.address}`]));
    }
  }
  const askers = await Promise.all(servers.map(({ dnsAddress }) => openAsker(dnsAddress)));
  const name = `bench.${ZONE}`;
  const isThere = async (asker: (typeof askers)[number]): Promise<boolean> =>
    ((await asker.ask(name, A))[3] ?? 0) % 16 !== NXDOMAIN;
  const times: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const { pid } = bench.floor('service.mjs', [first.address, 'bench']);
    for (const asker of askers) await until('it is there', () => isThere(asker));
    const sinceMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await Promise.all(
      askers.map(async (asker) => {
        while (await isThere(asker));
      }),
    );
    times.push(performance.now() - sinceMs);
  }
  for (const asker of askers) asker.close();
  return times;
}

/** A server of a host, whose DNS has an address of its own. */
async function serveOf(
  bench: Bench,
  host: string,
  words: readonly string[],
): Promise<Server & { readonly dnsAddress: string }> {
  const dnsAddress = bench.address();
  const own = [`--dns=${dnsAddress}:5353`, '--http=none'];
  const server = await bench.serve({ address: host, host, words: [...words, ...own] });
  return { ...server, dnsAddress };
}

const INSTANCES = 10;
const A = 1;
const SRV = 33;
