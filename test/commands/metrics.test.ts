// `/metrics` of real servers: complete from the first scrape, and each fault is seen in it.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { expect } from 'vitest';

import { openSession, registerOf, registrationOf, type Session } from '../bench/wire.ts';
import { eventually } from '../support/conditions.ts';
import { allComplete, startHosts } from '../support/hosts.ts';
import { type Stage, test } from '../support/processes.ts';

type Series = ReadonlyMap<string, number>;

async function scrape(host: string, { port = 17342, query = '' } = {}): Promise<Series> {
  const response = await fetch(`http://${host}:${String(port)}/metrics${query}`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await response.text()).split('\n');
  const samples = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const series = samples.map((line): [string, number] => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at), Number(line.slice(at + 1))];
  });
  expect(new Set(series.map(([name]) => name)).size).toBe(series.length);
  return new Map(series);
}

/** Scrapes until a server is there and something holds of it. */
async function scraped(host: string, isRight: (series: Series) => boolean, query = '') {
  let seen = 'no server';
  return await eventually(
    () => seen,
    async () => {
      const series = await scrape(host, { query }).catch((error: unknown) => {
        if (error instanceof TypeError) return undefined;
        throw error;
      });
      if (series === undefined || isRight(series)) return series;
      seen = [...series].join('\n');
      return undefined;
    },
  );
}

async function startLone(stage: Stage): Promise<string> {
  const host = stage.address();
  const words = ['serve', '--log-format=json', '--host=h1', `--bind=${host}`];
  const server = stage.start(words);
  await server.said({ event: 'view-complete' });
  await scraped(host, () => true);
  return host;
}

async function register(host: string, service: string): Promise<() => void> {
  const headers = { 'Content-Type': 'application/json' };
  const path = '/v1/register';
  const asked = request({ host, port: 17342, path, method: 'POST', headers, agent: false });
  asked.on('error', () => undefined);
  asked.end(JSON.stringify({ service, port: 8000 }));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  await once(response, 'data');
  return () => {
    asked.destroy();
  };
}

test('the first scrape has 300 series at most, and the second has the same', async ({ stage }) => {
  const host = await startLone(stage);

  const [first, second] = [await scrape(host), await scrape(host)];

  expect(first.size).toBeLessThanOrEqual(300);
  expect([...second.keys()]).toEqual([...first.keys()]);
  expect(first.get('rarangi_view_complete')).toBe(1);
  expect(first.get('rarangi_state{state="healthy"}')).toBe(1);
  expect(first.get('rarangi_limit_reached_total{limit="registrations"}')).toBe(0);
  expect(first.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect([...first.keys()].some((name) => name.startsWith('rarangi_certificate'))).toBe(false);
});

test('a service is counted where it comes, where it is asked for, and when it is gone', async ({
  stage,
}) => {
  const host = await startLone(stage);
  const end = await register(host, 'web');
  const web = `http://${host}:17342/v1/services/web`;
  await (await fetch(web)).text();

  const during = await scrape(host, { query: '?services=1' });
  end();
  const removed = 'rarangi_instances_removed_total{cause="closed"}';
  const after = await scraped(host, (series) => series.get(removed) === 1, '?services=1');

  expect(during.get('rarangi_instances{state="live"}')).toBe(1);
  expect(during.get('rarangi_sessions{transport="http"}')).toBe(1);
  expect(during.get('rarangi_http_streams{route="register"}')).toBe(1);
  expect(during.get('rarangi_registrations')).toBe(1);
  expect(during.get('rarangi_lookups_total{door="http",answer="live"}')).toBe(1);
  expect(during.get('rarangi_http_requests_total{route="service",code="200"}')).toBe(1);
  expect(during.get('rarangi_service_instances{service="web",state="live"}')).toBe(1);
  expect(after.get('rarangi_http_streams{route="register"}')).toBe(0);
  expect(after.get('rarangi_service_instances{service="web",state="live"}')).toBe(0);
  expect(after.get('rarangi_services_left_out')).toBe(0);
});

test('a refused request is counted by its reason, and a path that is none as none', async ({
  stage,
}) => {
  const host = await startLone(stage);
  const before = await scrape(host);
  const origin = { Origin: 'http://elsewhere.test' };
  await (await fetch(`http://${host}:17342/v1/services`, { headers: origin })).text();
  await (await fetch(`http://${host}:17342/v1/nothing`)).text();

  const series = await scrape(host);

  expect([...series.keys()]).toEqual([...before.keys()]);
  expect(series.get('rarangi_refused_total{reason="origin"}')).toBe(1);
  expect(series.get('rarangi_http_requests_total{route="services",code="403"}')).toBe(1);
  expect(series.get('rarangi_http_requests_total{route="none",code="404"}')).toBe(1);
});

test('a host that dies is seen in links, servers and state', async ({ stage }) => {
  const hosts = await startHosts(stage, 2);
  await allComplete(hosts);
  const [one, two] = hosts;
  const { address } = one!;
  const before = await scraped(address, () => true);
  await Promise.all([two!.a.end('SIGKILL'), two!.b.end('SIGKILL')]);

  const lost = (series: Series): number =>
    series.get('rarangi_servers_lost_total{verdict="crash"}')! +
    series.get('rarangi_servers_lost_total{verdict="split"}')!;
  const after = await scraped(address, (series) => lost(series) === 2);
  const ups = (series: Series): number[] =>
    [...series].filter(([name]) => name.startsWith('rarangi_link_up')).map(([, up]) => up);
  expect(before.get('rarangi_servers{state="reachable"}')).toBe(4);
  expect(before.get('rarangi_link_up{peer="h1-b"}')).toBe(1);
  expect(before.get('rarangi_link_round_trip_seconds{peer="h1-b"}')).toBeGreaterThan(0);
  expect(lost(before)).toBe(0);
  expect(after.get('rarangi_servers{state="reachable"}')).toBe(2);
  expect(ups(before)).not.toContain(0);
});

test(
  'a hundred thousand instances make no scrape longer',
  {
    timeout: 120_000,
  },
  async ({ stage }) => {
    const host = await startLone(stage);
    const before = await scrape(host);
    const sessions = [];
    for (let first = 0; first < INSTANCES; first += EACH) sessions.push(await hold(host, first));

    const texts = new Map<string, string>();
    for (const query of ['', '?services=1']) {
      const response = await fetch(`http://${host}:17342/metrics${query}`);
      texts.set(query, await response.text());
    }
    const after = await scrape(host);
    for (const session of sessions) session.close();

    expect(after.get('rarangi_instances{state="live"}')).toBe(INSTANCES);
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect(texts.get('')?.length).toBeLessThan(SCRAPE_BYTES_MAX);
    expect(texts.get('?services=1')?.length).toBeLessThan(SCRAPE_BYTES_MAX);
  },
);

/** Registers instances, a few at a time, so that the session is heard of all the while. */
async function hold(host: string, first: number): Promise<Session> {
  let done = 0;
  let wake = (): void => undefined;
  const session = await openSession(`${host}:17340`, ({ kind }) => {
    if (kind !== 'done') return;
    done += 1;
    if (done % AT_ONCE === 0) wake();
  });
  for (let index = first; index < first + EACH;) {
    const all = new Promise<void>((resolve) => (wake = resolve));
    for (const end = index + AT_ONCE; index < end; index += 1) {
      session.send(registerOf(index, registrationOf(index)));
    }
    await all;
  }
  return session;
}

const INSTANCES = 100_000;
const EACH = 10_000;
const AT_ONCE = 500;
const SCRAPE_BYTES_MAX = 100_000;
