// HTTPS at real servers: a certificate instead of a token, and who holds a place.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { expect } from 'vitest';

import { eventually } from '../support/conditions.ts';
import { freePort } from '../support/free-port.ts';
import type { Authority } from '../support/locks.ts';
import { authorityOf, serving } from '../support/locks.ts';
import { needs } from '../support/needs.ts';
import { type Stage, test as staged } from '../support/processes.ts';

const test = staged.skipIf(!needs('openssl'));

/** A server whose HTTP other machines could reach, locked by certificates. */
async function startLocked(
  stage: Stage,
): Promise<{ readonly ca: Authority; readonly port: number }> {
  const ca = authorityOf(stage, 'ca');
  const { flags } = ca.issue('own');
  const port = await freePort();
  const at = [`--bind=${stage.address()}`, `--http=0.0.0.0:${String(port)}`];
  const server = await serving(stage, [...at, '--host=h1', ...flags]);
  await server.said({ event: 'view-complete' });
  await eventually(
    () => 'HTTP beyond loopback',
    async () => await asked(port, '/livez').catch(() => undefined),
  );
  return { ca, port };
}

/** The status of an answer. */
async function asked(port: number, path: string, given: RequestOptions = {}): Promise<number> {
  const to = { host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false };
  const sent = request({ ...to, ...given });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}

test('only a certificate that names the environment does instead of a token', async ({ stage }) => {
  const { ca, port } = await startLocked(stage);
  const shown = async (by: Authority, name: string, altName?: string): Promise<number> => {
    const { cert, key } = by.issue(name, altName === undefined ? {} : { altName });
    const files = { cert: readFileSync(cert), key: readFileSync(key) };
    return await asked(port, '/v1/status', files);
  };

  expect(await shown(ca, 'right')).toBe(200);
  expect(await shown(ca, 'other', 'URI:rarangi:staging')).toBe(401);
  expect(await shown(ca, 'none', 'DNS:rarangi.example')).toBe(401);
  expect(await shown(authorityOf(stage, 'strange'), 'stranger')).toBe(401);
  expect(await asked(port, '/v1/status')).toBe(401);
});

test('a session that is resumed without a certificate needs a token, too', async ({ stage }) => {
  const { port } = await startLocked(stage);
  const to = { host: '127.0.0.1', port, rejectUnauthorized: false };
  const ask = 'GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const first = connect(to);
  const ticket = once(first, 'session') as Promise<[Buffer]>;
  first.end(ask);
  first.resume();
  const [session] = await ticket;

  const again = connect({ ...to, session });
  await once(again, 'secureConnect');
  const isReused = again.isSessionReused();
  again.write(ask);
  const answer = await textOf(again);

  expect(isReused).toBe(true);
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
});

test('--http-insecure is in the clear, whatever certificates the protocol has', async ({
  stage,
}) => {
  const { flags } = authorityOf(stage, 'ca').issue('own');
  const port = await freePort();
  const at = [`--bind=${stage.address()}`, `--http=0.0.0.0:${String(port)}`, '--http-insecure'];
  const server = await serving(stage, [...at, '--host=h1', ...flags]);
  await server.said({ event: 'view-complete' });

  const status = await eventually(
    () => 'HTTP in the clear',
    async () =>
      (await fetch(`http://127.0.0.1:${String(port)}/v1/status`).catch(() => null))?.status,
  );

  expect(status).toBe(200);
});

async function textOf(socket: TLSSocket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}
