// A program that uses the library is stopped, starved and cut off from its servers. Whenever it is
// itself again its first answer is right, its watch agrees, and it is listed again. There is one
// wait of a little more than the 3 s of a session's silence, for all of them together.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

import { connect, lookup } from '../../src/index.ts';
import { startProxy } from '../io/proxy.ts';
import { startServer } from '../io/world.ts';
import { test, type Running, type Stage } from '../support/processes.ts';
import { ROOT } from './programs.ts';

const PORTS = { stopped: 101, starved: 102, severed: 103, halved: 104 };

/** Starts a program that lives with these servers; resolves when it knows where `db` is. */
async function startDweller(
  stage: Stage,
  port: number,
  servers: readonly string[],
): Promise<Running> {
  const path = join(ROOT, 'test/examples/dweller.js');
  const dweller = stage.spawn([process.execPath, path, 'testing', String(port), ...servers]);
  dweller.type('db\n');
  await dweller.line(/^db at 1$/);
  return dweller;
}

test('stopped, starved or cut off, a program ends with the right view, and listed', async ({
  stage,
}) => {
  const bind = stage.address();
  const first = await startServer({ bind: `${bind}:0` });
  const second = await startServer({ bind: `${bind}:0`, peers: [first.bound] });
  const servers = [first.bound, second.bound];
  const proxies = [await startProxy(first.bound), await startProxy(second.bound)];
  const network = proxies.map(({ address }) => address);
  const half = await startProxy(first.bound);
  const owner = connect({ environment: 'testing', servers });
  const before = owner.register({ name: 'db', port: 1 });
  await before.registered;
  const [stopped, starved, severed, halved] = await Promise.all([
    startDweller(stage, PORTS.stopped, servers),
    startDweller(stage, PORTS.starved, servers),
    startDweller(stage, PORTS.severed, network),
    startDweller(stage, PORTS.halved, [half.address, second.bound]),
  ]);

  stopped.signal('SIGSTOP');
  starved.type(`block ${SILENCE_MS + 1_000}\n`);
  await starved.line(/^blocking$/);
  for (const proxy of [...proxies, half]) proxy.cut();
  await owner.register({ name: 'db', port: 2 }).registered;
  await before.close();
  // They read this once they are awake, before they can know.
  for (const dweller of [stopped, starved]) dweller.type('db\n');
  await delay(SILENCE_MS);
  for (const dweller of [severed, halved]) dweller.type('db\n');
  expect(await halved.line(/^db/)).toBe('db at 2');
  stopped.signal('SIGCONT');
  for (const proxy of [...proxies, half]) proxy.heal();

  for (const dweller of [stopped, starved, severed]) {
    expect(await dweller.line(/^db/)).toBe('db at 2');
  }
  for (const dweller of [stopped, starved, severed, halved]) {
    await expect.poll(() => watchedBy(dweller), { timeout: 10_000 }).toBe('watched 2');
  }
  for (const server of servers) {
    const ask = () => lookup('dweller', { environment: 'testing', servers: [server] });
    await expect
      .poll(async () => (await ask()).instances.map(({ port }) => port).sort(byNumber), {
        timeout: 20_000,
      })
      .toEqual(Object.values(PORTS));
  }
  await owner.close();
});

function byNumber(one: number, other: number): number {
  return one - other;
}

async function watchedBy(dweller: Running): Promise<string> {
  dweller.type('watched\n');
  return await dweller.line(/^watched/);
}

/** A session that was silent for 3 s is over. */
const SILENCE_MS = 3_500;
