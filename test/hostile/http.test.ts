// Enemies of the HTTP door: each costs its own connection, and all others are served as before.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { type Stage, test } from '../support/processes.ts';

/** A connection with free control of its bytes. */
class Line {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];

  constructor(place: string) {
    this.socket = place.startsWith('/') ? connect(place) : connect(17342, place);
    this.socket.on('error', () => undefined);
  }

  say(text: string): this {
    this.socket.write(text);
    return this;
  }

  /** All that is answered until the other end closes. */
  async heard(): Promise<string> {
    this.socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    // An error is an end as well.
    await new Promise((resolve) => this.socket.once('close', resolve));
    return Buffer.concat(this.#chunks).toString('latin1');
  }
}

/** Its UNIX sockets, that of HTTP among them, are in the folder of the test if asked for. */
async function startServer(stage: Stage, hasSockets = false): Promise<string> {
  const host = stage.address();
  const words = ['serve', '--log-format=json', '--host=h1', `--bind=${host}`];
  const server = stage.start(hasSockets ? [...words, `--socket=${stage.folder}/own.sock`] : words);
  await server.said({ event: 'view-complete' });
  await eventually(
    () => 'no HTTP',
    () => fetch(`http://${host}:17342/livez`).catch(() => undefined),
  );
  return host;
}

async function reached(host: string, limit: string): Promise<number> {
  const text = await (await fetch(`http://${host}:17342/metrics`)).text();
  const name = `rarangi_limit_reached_total{limit="${limit}"} `;
  const line = text.split('\n').find((one) => one.startsWith(name));
  return Number(line?.slice(name.length));
}

/** How many answers of a route were begun. */
async function begun(host: string, route: string): Promise<number> {
  const text = await (await fetch(`http://${host}:17342/metrics`)).text();
  const line = new RegExp(`^rarangi_http_requests_total{route="${route}",code="200"} (\\d+)$`, 'm');
  return Number(line.exec(text)?.[1] ?? 0);
}

/** The status of each answer, one after the other. */
function statusesIn(text: string): string[] {
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status = '']) => status);
}

/** What is said of every answer, and the code of the failure in the only one. */
function failureIn(heard: string): unknown {
  const [head = '', body = ''] = heard.split('\r\n\r\n');
  const isOurs = head.includes('\r\nRarangi-Environment: development\r\nRarangi-Server: h1-a\r\n');
  const { error } = JSON.parse(body) as { error: { code: string; message: string } };
  return { isOurs, ...error };
}

const GET = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n';
const LARGE = GET.replace('/livez', '/v1/openapi.json');
const POST = 'POST /v1/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

test('a flood of headers is answered 431, and ends', async ({ stage }) => {
  const host = await startServer(stage);

  const heard = await new Line(host).say(`${GET}X: ${'x'.repeat(9_000)}\r\n\r\n`).heard();

  expect(statusesIn(heard)).toEqual(['431']);
  expect(failureIn(heard)).toMatchObject({
    isOurs: true,
    code: 'usage',
    message: 'the headers have more than 8192 bytes',
  });
  expect(await reached(host, 'http-header-bytes')).toBe(1);
});

test('a client that writes slowly is answered 408: headers, and the body after them', async ({
  stage,
}) => {
  const host = await startServer(stage);
  const header = new Line(host).say(GET);
  const body = new Line(host).say(`${POST}Content-Length: 100\r\n\r\n{`);

  const heard = await Promise.all([header.heard(), body.heard()]);

  expect(heard.map(statusesIn)).toEqual([['408'], ['408']]);
  expect(heard.map(failureIn)).toMatchObject([
    { isOurs: true, code: 'usage', message: 'the headers did not arrive within 2000 ms' },
    { isOurs: true, code: 'usage', message: 'the whole request did not arrive within 5000 ms' },
  ]);
  expect(await reached(host, 'http-header-ms')).toBe(1);
  expect(await reached(host, 'http-request-ms')).toBe(1);
});

test('garbage behind a request costs its own connection, after the answer', async ({ stage }) => {
  const host = await startServer(stage);
  const stream = `${GET.replace('/livez', '/v1/watch?service=web')}\r\n`;

  const after = await new Line(host).say(`${GET}\r\n\u0000\u0001garbage\r\n\r\n`).heard();
  const within = await new Line(host).say(`${stream}\u0000garbage\r\n\r\n`).heard();

  expect(statusesIn(after)[0]).toBe('200');
  expect(statusesIn(after).slice(1)).not.toContain('200');
  // Nothing is written into a stream that has begun.
  expect(statusesIn(within).slice(1)).toEqual([]);
  expect((await fetch(`http://${host}:17342/livez`)).status).toBe(200);
});

test.for([
  ['two lengths', 'Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}'],
  ['a length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks that are not the last coding', 'Transfer-Encoding: chunked, identity\r\n\r\n{}'],
  ['a length that is none', 'Content-Length: +2\r\n\r\n{}'],
  ['a name with a blank', 'Content-Length : 2\r\n\r\n{}'],
  ['a folded line', 'X: a\r\n b: c\r\nContent-Length: x\r\n\r\n{}'],
])('a request with %s is not guessed at', async ([, rest = ''], { stage }) => {
  const host = await startServer(stage);
  const hidden = 'GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n';

  const heard = await new Line(host).say(`${POST}${rest}${hidden}`).heard();

  expect(statusesIn(heard)).toEqual(['400']);
  expect(failureIn(heard)).toMatchObject({ isOurs: true, code: 'usage' });
});

test('a request that names two servers is refused, whichever they are', async ({ stage }) => {
  const host = await startServer(stage);
  const end = 'Connection: close\r\n\r\n';
  const others = ['Host: localhost', 'hOsT: rebind.test', 'HOST: '];

  const heard = await Promise.all(
    others.map((other) => new Line(host).say(`${GET}${other}\r\n${end}`).heard()),
  );

  expect(heard.map(statusesIn)).toEqual([['400'], ['400'], ['400']]);
  for (const one of heard) {
    expect(failureIn(one)).toMatchObject({
      isOurs: true,
      code: 'usage',
      message: 'the header Host is there more than once',
    });
  }
});

test('a client that does not read gets one answer at a time, and is not waited for', async ({
  stage,
}) => {
  const host = await startServer(stage);
  const offers = Array.from({ length: 256 }, (_, index) => ({ service: 'web', port: index + 1 }));
  const body = JSON.stringify(offers);
  const service = new Line(host).say(
    `${POST}Content-Length: ${String(body.length)}\r\n\r\n${body}`,
  );
  await once(service.socket, 'data');
  const mute = new Line(host);
  mute.socket.pause();

  // Of some 50 kB each, far more than the kernel takes in.
  mute.say(`${GET.replace('/livez', '/v1/services/web')}\r\n`.repeat(256));
  await eventually(
    () => 'the end of what is not read',
    async () => ((await reached(host, 'http-unread-ms')) === 1 ? true : undefined),
  );

  expect(await begun(host, 'service')).toBeLessThan(256);
  service.socket.destroy();
  mute.socket.destroy();
});

test('of many that do not read large answers those go for which most waits, and others are served', async ({
  stage,
}) => {
  // A UNIX socket takes little in: nearly all of an answer waits in the server.
  const path = `${stage.folder}/development-a.http.sock`;
  const host = await startServer(stage, true);
  const services = Array.from({ length: 60 }, () => new Line(path));
  // Long texts are soon written down.
  const keys = Array.from({ length: 15 }, (_, at) => [`t${String(at)}`, 'x'.repeat(1_000)]);
  const tags = Object.fromEntries(keys) as Record<string, string>;
  for (const [line, service] of services.entries()) {
    const offers = [1, 2, 3].map((index) => ({ service: 'web', port: 10 * line + index, tags }));
    const body = JSON.stringify(offers);
    service.say(`${POST}Content-Length: ${String(body.length)}\r\n\r\n${body}`);
    await once(service.socket, 'data');
  }
  const asked = GET.replace('/livez', '/v1/services/web');

  const mutes = Array.from({ length: 150 }, () => new Line(path));
  for (const mute of mutes) {
    mute.socket.pause();
    mute.say(`${asked}\r\n`);
  }
  await eventually(
    () => 'the end of some that do not read',
    async () => ((await reached(host, 'http-unread-bytes-in-all')) > 0 ? true : undefined),
  );

  const heard = await new Line(path).say(`${asked}Connection: close\r\n\r\n`).heard();
  expect(statusesIn(heard)).toEqual(['200']);
  expect(heard.length).toBeGreaterThan(1_000_000);
  expect(await reached(host, 'http-unread-bytes-in-all')).toBeLessThan(150);
  for (const { socket } of [...mutes, ...services]) socket.destroy();
});

test('a client that asks much at once is answered in order; one that asks too much is cut off', async ({
  stage,
}) => {
  const host = await startServer(stage);
  const last = `${GET}Connection: close\r\n\r\n`;

  const heard = await new Line(host).say(`${LARGE}\r\n`.repeat(255) + last).heard();
  await new Line(host).say(`${GET}\r\n`.repeat(2_000)).heard();

  expect(statusesIn(heard)).toEqual(Array.from({ length: 256 }, () => '200'));
  expect(heard.endsWith('\r\n\r\nok\n')).toBe(true);
  expect(await reached(host, 'http-requests-ahead')).toBe(1);
});

test('requests that wait behind streams are bounded in all', async ({ stage }) => {
  const host = await startServer(stage);
  const watch = `${GET.replace('/livez', '/v1/watch?service=web')}\r\n`;

  const lines = Array.from({ length: 80 }, () => new Line(host).say(watch));
  await Promise.all(lines.map(({ socket }) => once(socket, 'data')));
  for (const line of lines) line.say(`${GET}X: ${'x'.repeat(8_000)}\r\n\r\n`.repeat(250));
  await eventually(
    () => 'the end of some that ask ahead',
    async () => ((await reached(host, 'http-requests-ahead-in-all')) > 0 ? true : undefined),
  );

  expect((await fetch(`http://${host}:17342/livez`)).status).toBe(200);
  expect(await reached(host, 'http-requests-ahead')).toBe(0);
  for (const { socket } of lines) socket.destroy();
});

test('six hundred connections that idle leave room for those who ask', async ({ stage }) => {
  const host = await startServer(stage);
  const idle = Array.from({ length: 600 }, () => new Line(host));
  await Promise.all(idle.map(({ socket }) => once(socket, 'connect')));

  expect((await fetch(`http://${host}:17342/livez`)).status).toBe(200);

  for (const { socket } of idle) socket.destroy();
});
