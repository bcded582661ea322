// The HTTP door on real sockets: who holds a place.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Server } from 'node:net';
import { expect } from 'vitest';

import type { DoorContext, DoorPlace } from '../../../src/io/doors/door.ts';
import { openDoor } from '../../../src/io/doors/http-door.ts';
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
