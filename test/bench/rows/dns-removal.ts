// DNS: how soon is a service that was killed no name any more, or, where it was one of two, out of the
// set, at both servers of two hosts? What a server cannot make shorter is said beside: its own server
// learns of the end when the kernel has taken the process apart and closes its connection. That takes
// long for one of Node.js; so both are killed: one that embeds the library, and a curl that registered
// by HTTP. Before its own server knows, no other can; so the askers begin when that one has told a
// watch. They would else keep both processors of a small machine from ending the process. Then they
// ask each server once a millisecond, which is part of the time.

import { A, type Asker, NXDOMAIN, openAsker, PORT, SRV, ZONE } from '../dns.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import { placeOf, PORT as HTTP_PORT, untilOpen } from '../http.ts';
import { holdInstances } from '../lookups.ts';
import { type Bench, hasAll, type Program, type Server, until } from '../processes.ts';
import { type Figure, type Row, spread } from '../row.ts';
import { openSession } from '../wire.ts';

export const dnsRemoval: Row = {
  name: 'dns-removal',
  title: 'DNS: a service is killed (kill -9), at both servers of two hosts',
  method:
    '100 kills each, after 20 to warm up; once its own server knows, every server is asked every millisecond',
  measure: async (bench, isQuick) => {
    if (!hasAll('curl')) return [];
    const [first, ...others] = await serversOf(bench);
    const servers = [first, ...others];
    const askers = await Promise.all(servers.map(({ dnsAddress }) => openAsker(dnsAddress)));
    const stand: Stand = { address: first.address, askers };
    const kills = isQuick ? { measured: 3, before: 0 } : { measured: 100, before: 20 };
    await holdInstances(first, 1);
    await untilOpen(placeOf(first.address, HTTP_PORT));
    const figures: Figure[] = [];
    for (const holder of holdersAt(bench, first.address)) {
      const none = await killsMs(stand, { name: 'alone', isThere: isName, holder }, kills);
      const fewer = await killsMs(stand, { name: 'bench', isThere: isOneOfTwo, holder }, kills);
      figures.push(
        ...figuresOf(`${holder.noun}: kill -9 → NXDOMAIN everywhere`, none),
        ...figuresOf(`${holder.noun}: kill -9 → out of the set everywhere`, fewer),
      );
    }
    await Promise.all(askers.map((asker) => asker.close()));
    return figures;
  },
};

function figuresOf(what: string, { gone, known }: Kills): Figure[] {
  return [
    { what, unit: 'ms', ...spread(gone), must: '≤ 10' },
    { what: 'of it, until its own server knows', unit: 'ms', ...spread(known) },
  ];
}

/** A process that lives as long as its service. */
interface Holder {
  readonly noun: string;
  readonly hold: (service: string) => Program;
}

function holdersAt(bench: Bench, address: string): readonly Holder[] {
  const url = `http://${placeOf(address, HTTP_PORT)}/v1/register`;
  return [
    { noun: 'Node.js', hold: (service) => bench.floor('service.mjs', [address, service]) },
    {
      noun: 'curl',
      hold: (service) => {
        const body = JSON.stringify({ service, port: 80 });
        const words = ['-sN', '-H', 'Content-Type: application/json', '-d', body, url];
        return bench.program(['curl', ...words]);
      },
    },
  ];
}

interface Stand {
  /** Where services register. */
  readonly address: string;
  /** One for each server. */
  readonly askers: readonly Asker[];
}

/** A service, who holds it, and how it is seen that the instance that is to be killed is there. */
interface Victim {
  readonly name: string;
  readonly holder: Holder;
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
  { address, askers }: Stand,
  { name, isThere, holder }: Victim,
  kills: { readonly measured: number; readonly before: number },
): Promise<Kills> {
  const gone: number[] = [];
  const known: number[] = [];
  let tell = (): void => undefined;
  const session = await openSession(address, (message) => {
    if (message.kind === 'change' && message.change === 'removed') tell();
  });
  session.send({ kind: 'watch', request: 1, service: name as Name, known: [] });
  for (let kill = 0; kill < kills.before + kills.measured; kill += 1) {
    const { pid } = holder.hold(name);
    for (const asker of askers) await until('it is there', () => isThere(asker, name));
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const sinceMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await told;
    known.push(performance.now() - sinceMs);
    await Promise.all(askers.map((asker) => untilGone(() => isThere(asker, name))));
    gone.push(performance.now() - sinceMs);
  }
  session.close();
  return { gone: gone.slice(kills.before), known: known.slice(kills.before) };
}

/** Asks at once, then once a millisecond, whether it is answered or not. */
async function untilGone(isThere: () => Promise<boolean>): Promise<void> {
  await new Promise<void>((resolve) => {
    const ask = (): void => {
      void isThere().then((isStillThere) => {
        if (isStillThere) return;
        clearInterval(timer);
        resolve();
      });
    };
    const timer = setInterval(ask, 1);
    ask();
  });
}

/** A server of a host, whose DNS has an address of its own. */
interface DnsServer extends Server {
  readonly dnsAddress: string;
}

/** Both servers of two hosts. */
async function serversOf(bench: Bench): Promise<[DnsServer, ...DnsServer[]]> {
  const [one, other] = [bench.address(), bench.address()];
  const first = await serveOf(bench, one, [`--http=${one}`]);
  const others: DnsServer[] = [];
  for (const host of [one, other, other]) {
    others.push(await serveOf(bench, host, ['--http=none', `--peer=${first.address}`]));
  }
  return [first, ...others];
}

async function serveOf(bench: Bench, host: string, words: readonly string[]): Promise<DnsServer> {
  const dnsAddress = bench.address();
  const own = ['--master', `--dns=${dnsAddress}:${String(PORT)}`];
  const server = await bench.serve({ address: host, host, words: [...own, ...words] });
  return { ...server, dnsAddress };
}

/** Where the header counts the records that answer. */
const ANSWERS_AT = 6;
