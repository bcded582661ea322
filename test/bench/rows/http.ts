// The HTTP door. How many answers of ten instances does one server give in a second, beside a bare
// node:http that has the same bytes ready? What does one curl take, beside one to that? What do
// lookups of the protocol take while ten thousand requests a second are answered, and does a link
// fall silent?

import { answersPerS, curlMs, HOST_PORT, placeOf, PORT, steadyPerS, untilOpen } from '../http.ts';
import { holdInstances, startTiming } from '../lookups.ts';
import { type Bench, hasAll, type Server } from '../processes.ts';
import { type Figure, median, type Row, spread } from '../row.ts';

export const http: Row = {
  name: 'http',
  title: 'HTTP: answers of ten instances, from one server',
  method: '7 times 3 s each, in turn, after one to warm up; 100 runs of curl in turn',
  measure: async (bench, isQuick) => {
    if (!hasAll('wrk', 'curl')) return [];
    const stand = await standOf(bench);
    const counts = { rounds: isQuick ? 1 : 7, seconds: isQuick ? 1 : 3, runs: isQuick ? 5 : 100 };
    return [
      ...(await rates(stand, counts)),
      ...(await meanwhile(stand, counts)),
      ...(await curls(stand, counts)),
    ];
  },
};

interface Stand {
  /** The server that is asked, and one that is linked to it. */
  readonly server: Server;
  readonly other: Server;
  /** The same question at the port of the side, at that of the host, and at a bare node:http. */
  readonly side: string;
  readonly host: string;
  readonly bare: string;
}

interface Counts {
  readonly rounds: number;
  readonly seconds: number;
  readonly runs: number;
}

async function standOf(bench: Bench): Promise<Stand> {
  const [own, far, bareAddress] = [bench.address(), bench.address(), bench.address()];
  const server = await bench.serve({ address: own, words: ['--master'] });
  const peer = `--peer=${server.address}`;
  const other = await bench.serve({ address: far, words: ['--master', peer] });
  await other.said('link-up');
  await holdInstances(server, INSTANCES);
  const urlAt = (place: string): string => `http://${place}/v1/services/bench`;
  const [ofSide, ofHost] = [placeOf(server.address, PORT), placeOf(server.address, HOST_PORT)];
  for (const place of [ofSide, ofHost, placeOf(other.address, PORT)]) await untilOpen(place);
  const side = urlAt(ofSide);
  await bench.floor('http.mjs', [bareAddress, String(PORT), side]).said('listening');
  return {
    server,
    other,
    side,
    host: urlAt(ofHost),
    bare: urlAt(`${bareAddress}:${String(PORT)}`),
  };
}

async function rates(stand: Stand, { rounds, seconds }: Counts): Promise<Figure[]> {
  const of = (url: string): Promise<number> => answersPerS(url, { connections: 50, seconds });
  await of(stand.side);
  await of(stand.bare);
  const measured: { own: number; bare: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push({ own: await of(stand.side), bare: await of(stand.bare) });
  }
  const value = median(measured.map(({ own }) => own));
  const floor = median(measured.map(({ bare }) => bare));
  const ratio = median(measured.map(({ own, bare }) => own / bare));
  return [
    { what: 'by wrk, 50 connections', unit: '/s', value, floor, must: '≥ 12,000' },
    { what: 'by wrk, by a bare node:http', unit: 'x', value: ratio, must: '≥ 0.75' },
  ];
}

/** A steady load, not as much as can be. */
async function meanwhile(stand: Stand, { rounds, seconds }: Counts) {
  const load = { connections: 100, seconds };
  const before = await linksLost(stand);
  const timing = await startTiming(stand.server);
  const perS: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    perS.push(await steadyPerS(stand.side, STEADY_PER_S, load));
  }
  const lookups = spread(timing.end());
  const lost = (await linksLost(stand)) - before;
  const figures: Figure[] = [
    { what: 'a steady load, asked for 10,000', unit: '/s', value: median(perS), must: '≥ 9,900' },
    { what: 'a lookup of the protocol meanwhile', unit: 'ms', ...lookups, must: '≤ 5' },
    { what: 'links lost meanwhile', unit: '', value: lost, must: '0' },
  ];
  return figures;
}

/** How often either end has lost the link. */
async function linksLost({ server, other }: Stand): Promise<number> {
  const counts = await Promise.all(
    [server, other].map(async ({ address }) => {
      const answer = await fetch(`http://${placeOf(address, PORT)}/metrics`);
      const text = await answer.text();
      const downs = [...text.matchAll(/^rarangi_link_down_total\{.*\} (\d+)$/gm)];
      return downs.reduce((sum, [, digits]) => sum + Number(digits), 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function curls({ host, bare }: Stand, { runs }: Counts): Promise<Figure[]> {
  const times: { own: number; other: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    times.push({ own: await curlMs(host), other: await curlMs(bare) });
  }
  const of = spread(times.map(({ own }) => own));
  const floor = median(times.map(({ other }) => other));
  const ratio = of.value / floor;
  return [
    { what: 'one curl, whole process', unit: 'ms', ...of, floor },
    { what: 'one curl, by one to a bare node:http', unit: 'x', value: ratio, must: '≤ 1.2' },
  ];
}

const INSTANCES = 10;
const STEADY_PER_S = 10_000;
