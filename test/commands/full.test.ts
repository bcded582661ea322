// Servers that have no place left, or refuse for another reason: every command names the server, its
// reason and what to do, and goes on where time may mend it.

import { join } from 'node:path';
import { expect } from 'vitest';
import { connect } from '../../src/index.ts';
import { test, type Running, type Stage } from '../support/processes.ts';

const JSON_LOG = '--log-format=json';
const FULL =
  'the limit is 1 connections: try another server, or raise --max-connections of this one';

const FULL_OF_ONE =
  'the limit is 1 connections of one address: close some of them, or raise --max-connections-per-address of this server';

interface FullServer {
  readonly server: Running;
  /** Its port or its socket. */
  readonly place: string;
  /** Has its only place. */
  readonly holder: Running;
}

async function startFull(
  stage: Stage,
  { way = 'port', limit = 'connections' } = {},
): Promise<FullServer> {
  const address = stage.address();
  const path = join(stage.folder, 'server.sock');
  const where = [`--bind=${address}`, `--socket=${path}`];
  const server = stage.start(['serve', ...where, `--max-${limit}=1`, JSON_LOG]);
  await server.said({ event: 'server-started' });
  const place = way === 'port' ? `${address}:17340` : path;
  const holder = registering(stage, place, '--name=held');
  await holder.said({ event: 'registered' });
  return { server, place, holder };
}

function registering(stage: Stage, server: string, ...words: readonly string[]): Running {
  return stage.start(['register', JSON_LOG, `--server=${server}`, '--port=80', ...words]);
}

/** The command that shows who has the places. */
function lookCommand(server: string): string {
  return server.includes('/') ? `ss -xp src ${server}` : "ss -tnp 'sport = 17340'";
}

test.for([
  ['port', 'connections', FULL],
  ['socket', 'connections', FULL],
  ['socket', 'connections-per-address', FULL_OF_ONE],
] as const)(
  'a sidecar says which server has no room and what to do, and is registered once it has: %s, %s',
  async ([way, limit, reason], { stage }) => {
    const { place: server, holder } = await startFull(stage, { way, limit });
    const sidecar = registering(stage, server, '--name=web');

    await sidecar.said({ event: 'refused', server, reason });
    const { hint, message } = await sidecar.said({ event: 'denied', server, reason });
    await sidecar.said({ event: 'denied' });
    await holder.end();
    await sidecar.said({ event: 'registered' });

    const told = sidecar.allSaid({}).map(({ event }) => event);
    expect(hint).toBe(
      `try again later, or see on that host who is connected: ${lookCommand(server)}`,
    );
    expect(message).toContain(`${server}: ${reason}; ${String(hint)}`);
    expect(told.filter((event) => event === 'refused')).toHaveLength(1);
    expect(told.slice(told.indexOf('refused'))).not.toContain('no-server');
    expect(told).not.toContain('lost');
  },
);

test('a sidecar whose offer is refused is not told to start a server', async ({ stage }) => {
  const address = stage.address();
  const server = stage.start(['serve', `--bind=${address}`, '--max-registrations=1', JSON_LOG]);
  await server.said({ event: 'server-started' });
  const place = `${address}:17340`;
  await registering(stage, place, '--name=one').said({ event: 'registered' });

  const command = ['--', 'sleep', '600'];
  const sidecar = registering(stage, place, '--name=two', '--ready=none', ...command);

  const { reason } = await sidecar.said({ event: 'denied', server: place });
  expect(reason).toMatch(/^the limit is 1 registrations: .*--max-registrations/);
});

test('where a server was named and nobody is, a sidecar is told to look there', async ({
  stage,
}) => {
  const address = stage.address();

  const { hint } = await registering(stage, address, '--name=web').said({ event: 'no-server' });

  expect(hint).toBe(`see whether a server runs at ${address}`);
});

test('a wait goes on while a server has no room, and says so when it ends', async ({ stage }) => {
  const { server, place, holder } = await startFull(stage);

  const patient = [`--server=${place}`, '--timeout=20s'];
  const vain = await stage.run(['lookup', 'web', ...patient, '--wait=8s']);
  const status = await stage.run(['status', ...patient, '--wait=1s']);
  await server.said({ event: 'limit-reached' });
  const waiting = stage.start(['status', '--watch', '--json', `--server=${place}`]);
  await waiting.line(/"code":"RARANGI_REFUSED"/);
  await holder.end();
  await waiting.line(/"state":"healthy"/);

  expect([vain.code, status.code]).toEqual([6, 6]);
  expect(vain.stderr).toContain(`within 8s; ${place}: ${FULL}\nhint: try again later, or see on`);
  expect(status.stderr).toContain(`within 1s: ${place} refuses: ${FULL}\nhint: try again later`);
});

test('a program is told that a server has no room, and that time may mend it', async ({
  stage,
}) => {
  const { place } = await startFull(stage);
  await using client = connect({ servers: [place], timeoutMs: 20_000 });
  const refused = new Promise((resolve) => client.on('refused', resolve));
  client.register({ name: 'web', port: 80 });

  const told = await refused;
  const failure: unknown = await client.resolve('db').catch((error: unknown) => error);

  const hint = `try again later, or see on that host who is connected: ${lookCommand(place)}`;
  expect(told).toEqual({ server: place, reason: FULL });
  expect(client.denials).toEqual([{ server: place, reason: FULL, hint }]);
  expect(failure).toMatchObject({ code: 'RARANGI_REFUSED', retryable: true, hint });
});

test('a watch of which no server is heard says why, and goes on', async ({ stage }) => {
  const { place, holder } = await startFull(stage);
  const nowhere = stage.address();
  const watching = (name: string, server: string): Running =>
    stage.start(['lookup', name, '--watch', `--server=${server}`]);
  const [web, all, alone] = [
    watching('web', place),
    watching('w*', place),
    watching('web', nowhere),
  ];
  const warnings = [];

  for (const one of [web, all, alone]) warnings.push(await one.line(/^warning: /));
  await holder.end();
  await web.printed({ change: 'synced' });
  // There is one place.
  await web.end();
  await all.printed({ change: 'synced' });

  const begin = 'warning: the watch has no server now, and still tries: ';
  const hint = `try again later, or see on that host who is connected: ${lookCommand(place)}`;
  const full = `${begin}${place} refuses: ${FULL}; ${hint}`;
  const missing = `${begin}no catalogue server of environment development could be reached at ${nowhere}`;
  expect(warnings).toEqual([full, full, expect.stringContaining(missing)]);
});
