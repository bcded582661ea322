// DNS: how soon is a service that was killed no name any more, or, where it was one of two, out of the
// set, at both servers of two hosts? Every server is asked once a millisecond, which is part of the
// time; askers that never pause would keep both processors of a small machine from ending the
// process. What a server cannot make shorter is said beside: its own server learns of the end when
// the kernel has taken the process apart and closes its connection.

import { setTimeout as delay } from 'node:timers/promises';

import { A, type Asker, NXDOMAIN, openAsker, PORT, SRV, ZONE } from '../dns.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import { holdInstances } from '../lookups.ts';
import { type Bench, type Server, until } from '../processes.ts';
import { type Row, spread } from '../row.ts';
import { openSession } from '../wire.ts';

export const dnsRemoval: Row = {
  name: 'dns-removal',
  title: 'DNS: a service is killed (kill -9), at both servers of two hosts',
  method: '100 kills each; every server is asked every millisecond',
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
      { what: 'kill -9 → NXDOMAIN everywhere', unit: 'ms', ...spread(none.gone), must: '≤ 10' },
      { what: 'of it, until its own server knows', unit: 'ms', ...spread(none.known) },
      {
        what: 'kill -9 → out of the set everywhere',
        unit: 'ms',
        ...spread(fewer.gone),
        must: '≤ 10',
      },
      { what: 'of that, until its own server knows', unit: 'ms', ...spread(fewer.known) },
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

/** How long kills took, in milliseconds. */
interface Kills {
  /** Until no server answers with the instance any more. */
  readonly gone: readonly number[];
  /** Until a watch at its own server has told. */
  readonly known: readonly number[];
}

async function killsMs(
  { bench, address, askers }: Stand,
  { name, isThere }: Victim,
  kills: number,
): Promise<Kills> {
  const gone: number[] = [];
  const known: number[] = [];
  let tell = (): void => undefined;
  const session = await openSession(address, (message) => {
    if (message.kind === 'change' && message.change === 'removed') tell();
  });
  session.send({ kind: 'watch', request: 1, service: name as Name, known: [] });
  for (let kill = 0; kill < kills; kill += 1) {
    const { pid } = bench.floor('service.mjs', [address, name]);
    for (const asker of askers) await until('it is there', () => isThere(asker, name));
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const sinceMs = performance.now();
    const knowing = told.then(() => known.push(performance.now() - sinceMs));
    process.kill(pid, 'SIGKILL');
    await Promise.all(
      askers.map(async (asker) => {
        while (await isThere(asker, name)) await delay(1);
      }),
    );
    gone.push(performance.now() - sinceMs);
    await knowing;
  }
  session.close();
  return { gone, known };
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
