// The HTTP door on real sockets: what follows an answer in its connection, and what is counted.

import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

import { serve } from '../../../src/io/server/serve.ts';
import { eventually } from '../../support/conditions.ts';
import { freePort } from '../../support/free-port.ts';
import { atEnd } from '../world.ts';

/** A server alone, whose HTTP is one port. */
async function startServer(): Promise<HttpPort> {
  const port = await freePort();
  const handle = await serve({
    environment: 'own',
    host: 'h1',
    bind: '127.0.0.1:0',
    socket: 'none',
    http: [`127.0.0.1:${String(port)}`],
    dns: ['none'],
  });
  atEnd(() => handle.stop());
  const http = new HttpPort(port);
  await eventually(
    () => 'HTTP',
    () => http.ask('/livez').catch(() => undefined),
  );
  return http;
}

type Asked = RequestOptions & { readonly body?: object };

class HttpPort {
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async ask(path: string, given: Asked = {}): Promise<{ status: number; body: string }> {
    const response = await this.begin(path, given);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
  }

  /** Begins a stream; the function returns its next line. */
  async stream(path: string, given: Asked = {}): Promise<() => Promise<string>> {
    const response = await this.begin(path, given);
    const lines = createInterface({ input: response })[Symbol.asyncIterator]();
    return async () => String((await lines.next()).value);
  }

  async begin(path: string, { body, ...more }: Asked = {}): Promise<IncomingMessage> {
    const headers = { 'Content-Type': 'application/json', ...(more.headers as object) };
    const asked = httpRequest({
      host: '127.0.0.1',
      port: this.#port,
      path,
      ...more,
      headers,
    } as RequestOptions);
    atEnd(() => void asked.destroy());
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    return response;
  }

  /** Sends text, and reads until what is expected has come, or the connection has ended. */
  async exchange(sent: string, expected: string): Promise<string> {
    const socket = connect(this.#port, '127.0.0.1');
    atEnd(() => void socket.destroy());
    socket.write(sent);
    let read = '';
    for await (const chunk of socket) {
      read += String(chunk);
      if (read.includes(expected)) break;
    }
    return read;
  }
}

function requestText(method: string, path: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

test.each(['/v1/watch?service=web&tag=a=b', '/v1/feed'])(
  'HEAD of %s has the headers of the stream, and ends',
  async (path) => {
    const http = await startServer();

    const read = await http.exchange(
      requestText('HEAD', path) + requestText('GET', '/metrics'),
      'rarangi_http_streams{route="watch"} 0\n',
    );

    expect(read).toContain('Content-Type: application/x-ndjson\r\n');
    expect(read).toContain('rarangi_http_streams{route="watch"} 0\n');
    expect(read).toContain('rarangi_http_streams{route="feed"} 0\n');
  },
);

test('whatever is refused or beyond a limit is counted in a series that was there before', async () => {
  const http = await startServer();
  const seriesNow = async (): Promise<ReadonlyMap<string, number>> => {
    const { body } = await http.ask('/metrics');
    const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      samples.map((line) => [line.replace(/ [^ ]*$/, ''), Number(line.replace(/.* /, ''))]),
    );
  };
  const services = Array.from({ length: 257 }, (_, index) => `service=s${String(index)}`);
  const before = await seriesNow();

  const { status } = await http.ask(`/v1/watch?${services.join('&')}`);
  await http.exchange('GET / HTTP/1.1\r\n\r\n', '"error"');
  await http.exchange(`GET / HTTP/1.1\r\nHost: ${'h'.repeat(9_000)}\r\n\r\n`, '"error"');
  const after = await seriesNow();

  expect(status).toBe(429);
  expect([...after.keys()]).toEqual([...before.keys()]);
  const counted = [...after].filter(
    ([name, value]) => /refused|limit_reached|code="4/.test(name) && value > 0,
  );
  expect(Object.fromEntries(counted)).toEqual({
    'rarangi_http_requests_total{route="watch",code="429"}': 1,
    'rarangi_http_requests_total{route="root",code="400"}': 1,
    'rarangi_http_requests_total{route="none",code="431"}': 1,
    'rarangi_refused_total{reason="usage"}': 1,
    'rarangi_limit_reached_total{limit="http-services-per-watch"}': 1,
    'rarangi_limit_reached_total{limit="http-header-bytes"}': 1,
  });
  expect(after.get('rarangi_refused_total{reason="duplicate"}')).toBe(0);
  expect(after.get('rarangi_http_requests_total{route="service",code="429"}')).toBe(0);
  expect(after.get('rarangi_http_requests_total{route="none",code="408"}')).toBe(0);
});

test('a place that is taken again is not listed as gone, and of those lost there only the last is', async () => {
  const http = await startServer();
  const registerAgain = async (ports: readonly number[]): Promise<IncomingMessage> => {
    const body = ports.map((port) => ({ service: 'web', port }));
    const response = await http.begin('/v1/register', { method: 'POST', body });
    await once(response, 'data');
    return response;
  };
  const listed = async (): Promise<string[]> => {
    const { body } = await http.ask('/v1/prometheus?gone=15m');
    const groups = JSON.parse(body) as { targets: string[]; labels: Record<string, string> }[];
    return groups
      .map(({ targets, labels }) => `${String(targets[0])} ${labels['__meta_rarangi_state'] ?? ''}`)
      .sort();
  };
  const gone = ['127.0.0.1:1 gone', '127.0.0.1:2 gone'];
  for (let times = 0; times < 2; times += 1) {
    (await registerAgain([1, 2])).destroy();
    await expect.poll(listed).toEqual(gone);
  }

  await registerAgain([1]);

  expect(await listed()).toEqual(['127.0.0.1:1 live', '127.0.0.1:2 gone']);
});

test('a stream of one instance does not name what was given up, and one of several does', async () => {
  const http = await startServer();
  const keys = ['1'.repeat(32), '2'.repeat(32), '3'.repeat(32)];
  const offers = keys.map((key) => ({ service: 'web', port: 1, key }));
  const [one, ...several] = offers;
  const post = { method: 'POST' };
  const alone = await http.stream('/v1/register', { ...post, body: one! });
  const list = await http.stream('/v1/register', { ...post, body: several });
  const lines = [await alone(), await list(), await list()];
  const ids = lines.map((line) => (JSON.parse(line) as { instance: string }).instance);

  for (const [index, id] of ids.entries()) {
    const headers = { 'Rarangi-Key': keys[index] };
    await http.ask(`/v1/register/${id}`, { method: 'DELETE', headers });
  }

  expect([await alone(), await alone()]).toEqual(['{"event":"deregistered"}', 'undefined']);
  expect([await list(), await list(), await list()]).toEqual([
    `{"event":"deregistered","instance":"${String(ids[1])}"}`,
    `{"event":"deregistered","instance":"${String(ids[2])}"}`,
    'undefined',
  ]);
});

test('the key of a change may be in its offer', async () => {
  const http = await startServer();
  const offer = { service: 'web', port: 1, key: '5be0'.repeat(8) };
  const stream = await http.stream('/v1/register', { method: 'POST', body: offer });
  const { instance } = JSON.parse(await stream()) as { instance: string };
  const change = async (body: object, headers = {}): Promise<number> => {
    return (await http.ask(`/v1/register/${instance}`, { method: 'PUT', body, headers })).status;
  };

  expect(await change({ ...offer, port: 2 })).toBe(200);
  expect(await change({ ...offer, key: '0'.repeat(32) })).toBe(403);
  expect(await change({ service: 'web', port: 3 })).toBe(403);
  expect(await change(offer, { 'Rarangi-Key': '0'.repeat(32) })).toBe(403);
  expect((await http.ask('/v1/services/web?format=port')).body).toBe('2\n');
});
