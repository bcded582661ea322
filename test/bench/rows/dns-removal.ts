// DNS: how soon is a service that was killed no name any more, or, where it was one of two, out of the
// set, at both servers of two hosts?

import { A, type Asker, NXDOMAIN, openAsker, PORT, SRV, ZONE } from '../dns.ts';
import { holdInstances } from '../lookups.ts';
import { type Bench, type Server, until } from '../processes.ts';
import { type Row, spread } from '../row.ts';

export const dnsRemoval: Row = {
  name: 'dns-removal',
  title: 'DNS: a service is killed (kill -9), at both servers of two hosts',
  method: '100 kills each; every server is asked all the time',
  measure: async (bench, isQuick) => {
    const [first, ...others] = await serversOf(bench);
    const servers = [first, ...others];
    const askers = await Promise.all(servers.map(({ dnsAddress }) => openAsker(dnsAddress)));
    const stand: Stand = { bench, address: first.address, askers };
    const kills = isQuick ? 3 : 100;
    await holdInstances(first, 1);
    const none = await killsMs(stand, { name: 'alone', isThere: isName }, kills);
    const fewer = await killsMs(stand, { name: 'bench', isThere: isOneOfTwo }, kills);
    for (const asker of askers) asker.close();
    return [
      { what: 'kill -9 → NXDOMAIN everywhere', unit: 'ms', ...spread(none), must: '≤ 10' },
      { what: 'kill -9 → out of the set everywhere', unit: 'ms', ...spread(fewer), must: '≤ 10' },
    ];
  },
};

interface Stand {
  readonly bench: Bench;
  /** Where services register. */
  readonly address: string;
  /** One for each server. */
  readonly askers: readonly Asker[];
}

/** A service, and how it is seen that the instance that is to be killed is there. */
interface Victim {
  readonly name: string;
  readonly isThere: (asker: Asker, name: string) => Promise<boolean>;
}

async function isName(asker: Asker, name: string): Promise<boolean> {
  return ((await asker.ask(`${name}.${ZONE}`, A))[3] ?? 0) % 16 !== NXDOMAIN;
}

async function isOneOfTwo(asker: Asker, name: string): Promise<boolean> {
  return (await asker.ask(`_${name}._tcp.${ZONE}`, SRV)).readUInt16BE(ANSWERS_AT) === 2;
}

async function killsMs(
  { bench, address, askers }: Stand,
  { name, isThere }: Victim,
  kills: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const { pid } = bench.floor('service.mjs', [address, name]);
    for (const asker of askers) await until('it is there', () => isThere(asker, name));
    const sinceMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await Promise.all(
      askers.map(async (asker) => {
        while (await isThere(asker, name));
      }),
    );
    times.push(performance.now() - sinceMs);
  }
  return times;
}

/** A server of a host, whose DNS has an address of its own. */
interface DnsServer extends Server {
  readonly dnsAddress: string;
}

/** Both servers of two hosts. */
async function serversOf(bench: Bench): Promise<[DnsServer, ...DnsServer[]]> {
  const [one, other] = [bench.address(), bench.address()];
  const first = await serveOf(bench, one, []);
  const others: DnsServer[] = [];
  for (const host of [one, other, other]) {
    others.push(await serveOf(bench, host, [`--peer=${first.address}`]));
  }
  return [first, ...others];
}

async function serveOf(bench: Bench, host: string, words: readonly string[]): Promise<DnsServer> {
  const dnsAddress = bench.address();
  const own = [`--dns=${dnsAddress}:${String(PORT)}`, '--http=none'];
  const server = await bench.serve({ address: host, host, words: ['--master', ...words, ...own] });
  return { ...server, dnsAddress };
}

/** Where the header counts the records that answer. */
const ANSWERS_AT = 6;
