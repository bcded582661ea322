// The HTTP door on real sockets: who holds a place, and that the port of the host changes hands. How soon
// it is tried is in host-port.test.ts, under a clock of its own.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, get } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Server } from 'node:net';
import { expect } from 'vitest';

import type { Notice } from '../../../src/core/notices.ts';
import type { DoorContext, DoorPlace } from '../../../src/io/doors/door.ts';
import { openDoor } from '../../../src/io/doors/http-door.ts';
import { serve } from '../../../src/io/server/serve.ts';
import type { ServerHandle } from '../../../src/io/server/serve.ts';
import { eventually } from '../../support/conditions.ts';
import { freePort } from '../../support/free-port.ts';
import { startInside } from '../../support/inside.ts';
import { authorityOf } from '../../support/locks.ts';
import { needs } from '../../support/needs.ts';
import { test } from '../../support/processes.ts';
import { atEnd } from '../world.ts';

test.skipIf(!needs('openssl'))('who holds a place with TLS is asked by TLS', async ({ stage }) => {
  const inside = startInside();
  const { cert, key } = authorityOf(stage, 'ca').issue('own');
  const { server } = inside.context;
  const settings = { ...server.settings, httpTls: { cert, key } };
  const context: DoorContext = { ...inside.context, server: { ...server, settings } };
  const pair = { cert: readFileSync(cert), key: readFileSync(key) };
  const strange: RequestListener = (_, response) => response.end();
  const own = openDoor(context);
  const place = await placeAnywhere();

  await own.listen(place);
  const found = [
    await own.isStranger(place),
    await own.isStranger(await heldBy(createSecureServer(pair, strange))),
    await own.isStranger(await heldBy(createServer(strange))),
    await own.isStranger(await placeAnywhere()),
  ];
  await own.close();
  await inside.stop();

  expect(found).toEqual([false, true, true, false]);
});

/** A place that other machines can reach. */
async function placeAnywhere(): Promise<DoorPlace> {
  return { address: `0.0.0.0:${String(await freePort())}` } as DoorPlace;
}

async function heldBy(server: Server): Promise<DoorPlace> {
  const place = await placeAnywhere();
  server.listen(Number(place.address.split(':')[1]), '0.0.0.0');
  await once(server, 'listening');
  atEnd(() => server.close());
  return place;
}

test('each time a server stops, its sibling takes the port of the host, and nobody else answers', async ({
  stage,
}) => {
  const host = stage.address();
  const port = await freePort();
  const notices: Notice[] = [];
  const start = async (): Promise<ServerHandle> => {
    const onNotice = (notice: Notice): number => notices.push(notice);
    const doors = { http: [`${host}:${String(port)}`], dns: ['none'] };
    const one = await serve({ host: 'h1', bind: host, socket: 'none', ...doors, onNotice });
    atEnd(() => one.stop());
    return one;
  };
  let holder = await start();
  await answersUntil(host, port, 'h1-a');

  const turns: unknown[] = [];
  const others = ['h1-b', 'h1-a', 'h1-b', 'h1-a', 'h1-b'];
  for (const other of others) {
    notices.length = 0;
    const next = await start();
    await eventually(
      () => 'a view that is complete',
      () => notices.find(({ name }) => name === 'view-complete'),
    );
    const stopped = holder.stop();
    const before = other === 'h1-a' ? 'h1-b' : 'h1-a';
    const given = await answersUntil(host, port, other);
    turns.push(given.filter((name) => name !== null && name !== before));
    await stopped;
    holder = next;
  }

  expect(turns).toEqual(others.map((other) => [other]));
});

/** Asks until a server answers; the names that answered, null for none. */
async function answersUntil(host: string, port: number, wanted: string): Promise<unknown[]> {
  const names: unknown[] = [];
  return await eventually(
    () => `${wanted} at ${host}:${String(port)}`,
    async () => (
      names.push(await serverAt(host, port)),
      names.at(-1) === wanted ? names : undefined
    ),
  );
}

/** The name of the server that answers; null for none. */
async function serverAt(host: string, port: number): Promise<unknown> {
  const asked = get({ host, port, path: '/livez', agent: false });
  try {
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.headers['rarangi-server'];
  } catch {
    return null;
  }
}
